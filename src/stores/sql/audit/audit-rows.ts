/** Audit events as rows. */

import type { AuditEvent } from '../../../core/audit-event.ts';
import type { AuditEventId, RequestId, SessionKey, TenantId, UserId } from '../../../core/ids.ts';
import type { AuditEventTable } from '../tables.ts';

/** The row of an event. */
export function rowOf(event: AuditEvent, seq: number): AuditEventTable {
  return {
    seq,
    id: event.id,
    at: event.at,
    type: event.type,
    severity: event.severity,
    actor: event.actor,
    subject: event.subject,
    tenant_id: event.tenant,
    ip: event.ip,
    user_agent: event.userAgent,
    session_key: event.session,
    request_id: event.requestId,
    details: JSON.stringify(event.details),
    previous_hash: event.previousHash,
    hash: event.hash,
  };
}

/** The event that a row stands for. */
export function eventOf(row: AuditEventTable): AuditEvent {
  return {
    id: row.id as AuditEventId,
    at: row.at,
    type: row.type as AuditEvent['type'],
    severity: row.severity as AuditEvent['severity'],
    actor: row.actor,
    subject: row.subject as UserId | null,
    tenant: row.tenant_id as TenantId,
    ip: row.ip,
    userAgent: row.user_agent,
    session: row.session_key as SessionKey | null,
    requestId: row.request_id as RequestId | null,
    details: JSON.parse(row.details) as AuditEvent['details'],
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
