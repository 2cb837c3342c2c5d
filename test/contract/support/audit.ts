/** Audit events to append, and those that are there. */

import type { AuditEvent, NewAuditEvent } from '../../../src/core/audit-event.ts';
import {
  defaultTenant,
  type RequestId,
  type SessionKey,
  type UserId,
} from '../../../src/core/ids.ts';
import type { SqlDatabase } from '../../../src/stores/sql/database.ts';
import { NOON } from '../../support/fixed-clock.ts';

/** An event; a test says only what matters to it. */
export function anAuditEvent(of: Partial<NewAuditEvent> = {}): NewAuditEvent {
  return {
    at: NOON,
    type: 'session.signed-in',
    severity: 'info',
    actor: 'anna',
    subject: 'usr_anna' as UserId,
    tenant: defaultTenant,
    ip: '192.0.2.1',
    userAgent: 'Firefox',
    session: 'k'.repeat(64) as SessionKey,
    requestId: 'req_1' as RequestId,
    details: { route: 'console', proofs: ['password', 'totp'], level: 2, fresh: true },
    ...of,
  };
}

/** All events of a chain, or those from an instant on. */
export async function auditEventsIn(
  database: SqlDatabase,
  since: number | null = null,
): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const event of database.stores.audit.read({ since })) events.push(event);
  return events;
}
