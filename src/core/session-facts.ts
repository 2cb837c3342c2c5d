/** When a session ends, and what a live one amounts to. */

import type { Principal, SessionFacts } from './facts.ts';
import type { SessionKey } from './ids.ts';
import type { MethodId, Proof } from './proofs.ts';
import { enrollmentDeadline, type TenantRules } from './tenant-rules.ts';
import { addSeconds, type EpochMs } from './time.ts';

/** How long sessions last. */
export interface Lifetimes {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

/** What is kept of a session. */
export interface KeptSession {
  readonly key: SessionKey;
  readonly lineage: SessionKey;
  readonly sessionEpoch: number;
  readonly proofs: readonly Proof[];
  readonly createdAt: EpochMs;
  readonly lastSeenAt: EpochMs;
}

/** What is kept of the person. */
export interface KeptPerson {
  readonly user: Principal & {
    readonly createdAt: EpochMs;
    readonly mustEnrollAt: EpochMs | null;
    readonly remindedAt: EpochMs | null;
  };
  readonly tenantRules: TenantRules;
  readonly enrolled: readonly MethodId[];
  readonly attestedModels: readonly string[];
  readonly recoveryCodesLeft: number;
}

/** The end of a session: of its idle time or of its whole time, whichever comes first. */
export function sessionEndsAt(
  session: Pick<KeptSession, 'createdAt' | 'lastSeenAt'>,
  lifetimes: Lifetimes,
): EpochMs {
  return Math.min(
    addSeconds(session.lastSeenAt, lifetimes.idleSeconds),
    addSeconds(session.createdAt, lifetimes.absoluteSeconds),
  );
}

/** The facts of a session. Whether it still counts is for the caller to have checked. */
export function sessionFactsOf(
  session: KeptSession,
  person: KeptPerson,
  lifetimes: Lifetimes,
): SessionFacts {
  const { key, lineage, sessionEpoch, proofs, createdAt } = session;
  return {
    key,
    lineage,
    sessionEpoch,
    proofs,
    createdAt,
    expiresAt: sessionEndsAt(session, lifetimes),
    ...personFactsOf(person),
  };
}

/** The part of the facts that is the person's, whatever session of theirs it is. */
export function personFactsOf(
  person: KeptPerson,
): Omit<SessionFacts, Exclude<keyof KeptSession, 'lastSeenAt'> | 'expiresAt' | 'tokenEndsAt'> {
  const { user, tenantRules, enrolled, attestedModels, recoveryCodesLeft } = person;
  return {
    principal: user,
    enrolled,
    attestedModels,
    recoveryCodesLeft,
    enrollBy: enrollmentDeadline(user, tenantRules),
    remindedAt: user.remindedAt,
  };
}
