/** Audit events as rows of a list. */

import type { AuditEvent } from '../../../core/audit-event.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import type { UserId } from '../../../core/ids.ts';
import { isExplicable } from '../../../flows/admin/explain-access.ts';
import type { Exchange } from '../../exchange.ts';
import { zonedTime } from '../../zoned-time.ts';
import type { AuditRow } from './audit-views.ts';
import { detailText, eventOrigin, eventSentence, personIn, severityBadge } from './audit-words.ts';
import type { Fact } from '../blocks.ts';
import { momentsOf } from '../moment.ts';

/** Who an event is about, by name; null: nobody, or somebody who is gone. */
export type NameOf = (event: AuditEvent) => string | null;

/** Looks up the names that the events themselves do not say. */
export async function namesIn(
  { parts, session }: Exchange<SessionFacts>,
  events: readonly AuditEvent[],
): Promise<NameOf> {
  const unnamed = events.flatMap((event) =>
    event.subject !== null && personIn(event) === null ? [event.subject] : [],
  );
  const names = new Map<UserId, string>();
  for (const id of new Set(unnamed)) {
    const user = await parts.flows.stores.users.findById(id);
    if (user?.tenant === session.principal.tenant) names.set(id, user.username);
  }
  return (event) =>
    personIn(event) ?? (event.subject === null ? null : (names.get(event.subject) ?? null));
}

/** Events as rows. */
export async function auditRows(
  exchange: Exchange<SessionFacts>,
  events: readonly AuditEvent[],
): Promise<readonly AuditRow[]> {
  const { words } = exchange.parts.renderer;
  const time = zonedTime(exchange.config.portal.timeZone);
  const momentOf = momentsOf(exchange);
  const nameOf = await namesIn(exchange, events);
  return events.map((event) => ({
    path: `/admin/audit/${event.id}`,
    sentence: eventSentence(event, words, time, nameOf),
    severity: severityBadge(event.severity, words),
    moment: momentOf(event.at),
    from: eventOrigin(event),
    type: event.type,
    details: detailFacts(exchange, event),
    explainPath: explainPathOf(event),
  }));
}

/** Where an event is explained; null: it is about no request. */
export function explainPathOf(event: AuditEvent): string | null {
  return isExplicable(event) ? `/admin/explain?event=${event.id}` : null;
}

/** What an event says besides, under the names that exports give it. */
export function detailFacts(
  { config, parts }: Pick<Exchange, 'config' | 'parts'>,
  { details }: AuditEvent,
): readonly Fact[] {
  const time = zonedTime(config.portal.timeZone);
  return Object.entries(details)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({
      term: name,
      text: detailText(name, value, parts.renderer.words, time),
      path: pageOf(value),
    }));
}

/** The page of what an id names. */
function pageOf(value: AuditEvent['details'][string]): string | null {
  if (typeof value !== 'string') return null;
  if (/^rst_[\w-]+$/.test(value)) return `/admin/resets/${value}`;
  return /^usr_[\w-]+$/.test(value) ? `/admin/users/${value}` : null;
}
