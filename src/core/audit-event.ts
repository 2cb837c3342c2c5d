/** Audit events: facts that are kept (contract section 10). Never a secret, code, password or cookie. */

import type { AuditEventId, RequestId, SessionKey, TenantId, UserId } from './ids.ts';
import type { EpochMs } from './time.ts';

/** How much an event should worry whoever reads it. */
export const severities = ['info', 'notice', 'warning', 'high'] as const;
export type Severity = (typeof severities)[number];

/** Every event that exists so far, as `noun.verb`. */
export const auditEventTypes = [
  'session.password-accepted',
  'session.signed-in',
  'session.sign-in-failed',
  'session.stepped-up',
  'session.signed-out',
  'session.revoked',
  'session.unusual',
  'authenticator.enrolled',
  'authenticator.renamed',
  'authenticator.removed',
  'second-factor.failed',
  'second-factor.locked',
  'second-factor.unlocked',
  'recovery-codes.generated',
  'recovery-codes.confirmed',
  'recovery-code.used',
  'mfa.disabled',
  'device.trusted',
  'device.distrusted',
  'reset.requested',
  'reset.approved',
  'reset.rejected',
  'reset.cancelled',
  'reset.expired',
  'reset.executed',
  'enrollment-link.created',
  'enrollment-link.used',
  'enrollment.supervised',
  'token.issued',
  'token.refused',
  'api-key.created',
  'api-key.revoked',
  'request.denied',
  'request.allowed',
  'tenant.created',
  'settings.changed',
  'user.created',
  'user.imported',
  'user.changed',
  'user.removed',
  'user.enabled',
  'user.disabled',
  'user.password-changed',
  'user.groups-changed',
  'user.networks-changed',
  'reminder.sent',
  'evidence.collected',
  'audit.pruned',
  'audit.signed',
  'audit.exported',
  'audit.sink-failed',
  'access.withdrawn',
  'keys.rotated',
  'keys.dropped',
  'keys.replaced',
  'backup.made',
  'backup.restored',
] as const;
export type AuditEventType = (typeof auditEventTypes)[number];

/** What the caller knows of an event; the store adds place in the chain. */
export interface NewAuditEvent {
  readonly at: EpochMs;
  readonly type: AuditEventType;
  readonly severity: Severity;
  /** Who did it: a username, `cli`, or `system`. */
  readonly actor: string;
  /** Whom or what it was done to. */
  readonly subject: UserId | null;
  readonly tenant: TenantId;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly session: SessionKey | null;
  readonly requestId: RequestId | null;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** An event in the chain: `hash` covers every other member, `previousHash` included. */
export interface AuditEvent extends NewAuditEvent {
  readonly id: AuditEventId;
  readonly previousHash: string;
  readonly hash: string;
}
