/** Reads back an export of the audit trail, for what it says that a backup does not know. */

import { auditEventTypes, type AuditEvent } from '../../core/audit-event.ts';
import type { AuditEventId, SessionKey, TenantId, UserId } from '../../core/ids.ts';
import type { Replaced } from '../../flows/operating/after-restore.ts';

/** The events of an export in JSON lines, or null when it is none. */
export function exportedEvents(text: string): readonly AuditEvent[] | null {
  const events: AuditEvent[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const event = eventIn(line);
    if (event === null) return null;
    events.push(event);
  }
  return events;
}

/** What came after the event of this hash; nothing is known where the export does not lead on from it. */
export function eventsAfter(events: readonly AuditEvent[], hash: string): Replaced {
  const at = events.findIndex(({ previousHash }) => previousHash === hash);
  const isLast = events.at(-1)?.hash === hash;
  if (at === -1 && !isLast) return { head: null, events: null };
  return { head: null, events: at === -1 ? [] : events.slice(at) };
}

/** The members that are looked at; what else an event has is not told here. */
function eventIn(line: string): AuditEvent | null {
  let written: Readonly<Record<string, unknown>>;
  try {
    written = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
  const text = (name: string): string | null => {
    const value = written[name];
    return typeof value === 'string' ? value : null;
  };
  const at = Date.parse(text('at') ?? '');
  const type = auditEventTypes.find((known) => known === written['type']);
  const [hash, previousHash] = [text('hash'), text('previous_hash')];
  if (Number.isNaN(at) || hash === null || previousHash === null) return null;
  return {
    id: (text('id') ?? '') as AuditEventId,
    at,
    // A type that a later version has means nothing to this one.
    type: type ?? 'request.allowed',
    severity: 'info',
    actor: text('actor') ?? '',
    subject: text('subject') as UserId | null,
    tenant: (text('tenant') ?? '') as TenantId,
    ip: null,
    userAgent: null,
    session: text('session') as SessionKey | null,
    requestId: null,
    details: (written['details'] ?? {}) as AuditEvent['details'],
    previousHash,
    hash,
  };
}
