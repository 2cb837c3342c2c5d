/** How flows put what happened into audit events. Never a secret, code, password or cookie. */

import type { AuditEventType, NewAuditEvent, Severity } from '../core/audit-event.ts';
import type { SessionFacts } from '../core/facts.ts';
import { defaultTenant, type TenantId, type UserId } from '../core/ids.ts';
import type { Proof } from '../core/proofs.ts';
import type { EpochMs } from '../core/time.ts';
import type { User } from '../stores/types.ts';
import type { Visit } from './flow-context.ts';

/** What happened, without who and where. */
export interface Happening {
  readonly at: EpochMs;
  readonly type: AuditEventType;
  readonly severity: Severity;
  readonly details?: NewAuditEvent['details'];
}

/** Somebody who is signed in did something to their own account. */
export function eventInSession(
  visit: Visit,
  session: SessionFacts,
  happening: Happening,
): NewAuditEvent {
  return {
    ...happening,
    details: happening.details ?? {},
    actor: session.principal.username,
    subject: session.principal.id,
    tenant: session.principal.tenant,
    ip: visit.ip,
    userAgent: visit.userAgent,
    session: session.key,
    requestId: visit.requestId,
  };
}

/**
 * Somebody tries to sign in. Null stands for a name that nobody has. What was typed is not kept:
 * people type their password into the wrong field.
 */
export function eventAtSignIn(
  visit: Visit,
  user: User | null,
  happening: Happening,
): NewAuditEvent {
  return {
    ...happening,
    details: happening.details ?? {},
    actor: user?.username ?? 'unknown',
    subject: user?.id ?? null,
    tenant: user?.tenant ?? defaultTenant,
    ip: visit.ip,
    userAgent: visit.userAgent,
    session: null,
    requestId: visit.requestId,
  };
}

/** An operator did something on the command line: to an account, or to a whole tenant. */
export function eventOnCommandLine(
  user: { readonly id: UserId | null; readonly tenant: TenantId },
  happening: Happening,
): NewAuditEvent {
  return {
    ...happening,
    details: happening.details ?? {},
    actor: 'cli',
    subject: user.id,
    tenant: user.tenant,
    ip: null,
    userAgent: null,
    session: null,
    requestId: null,
  };
}

/** Time passed, and something came to its end by itself. */
export function eventBySystem(
  user: { readonly id: UserId | null; readonly tenant: TenantId },
  happening: Happening,
): NewAuditEvent {
  return { ...eventOnCommandLine(user, happening), actor: 'system' };
}

/** The methods of proofs, for `details.methods`. */
export function methodsOf(proofs: readonly Proof[]): readonly string[] {
  return [...new Set(proofs.map((proof) => proof.method))].sort();
}
