/** How far somebody is with enrolling, for lists and numbers. Decisions do not ask this. */

import type { MethodId } from '../proofs.ts';
import { isMethodEnabled, methodsRequiredOf, type AccessPolicy, type Tier } from './mfa-policy.ts';

/**
 * - `enrolled`: has a second factor that is enabled, and everything that is required of the tier.
 * - `in-grace`: has not, and must from a later instant on.
 * - `missing`: has not, and must already.
 * - `not-asked`: has none and need not have one.
 */
export const enrollmentStatuses = ['enrolled', 'in-grace', 'missing', 'not-asked'] as const;

/** How far somebody is. */
export type EnrollmentStatus = (typeof enrollmentStatuses)[number];

/** What of the policy a status depends on, in a form that a database can be asked with. */
export interface StatusPolicy {
  readonly groupsOf: Readonly<Record<Tier, readonly string[]>>;
  /** What each tier must have enrolled; recovery codes count when any are left. */
  readonly requiredOf: Readonly<Record<Tier, readonly MethodId[]>>;
  /** Second factors that may be used. */
  readonly enabled: readonly Extract<MethodId, 'totp' | 'webauthn'>[];
  /** False: nobody is obliged to anything, and no deadline counts. */
  readonly isMfaEnabled: boolean;
}

/** The policy as lists and numbers ask for it. */
export function statusPolicyOf(policy: Pick<AccessPolicy, 'mfa' | 'tiers'>): StatusPolicy {
  const of = <Value>(value: (tier: Tier) => Value): Readonly<Record<Tier, Value>> => ({
    TIER0: value('TIER0'),
    TIER1: value('TIER1'),
    TIER2: value('TIER2'),
    TIER3: value('TIER3'),
  });
  const groupsOf = (tier: Tier): readonly string[] =>
    [...policy.tiers].filter(([, other]) => other === tier).map(([group]) => group);
  return {
    groupsOf: of(groupsOf),
    requiredOf: of((tier) => methodsRequiredOf(tier, policy.mfa)),
    enabled: (['totp', 'webauthn'] as const).filter((method) =>
      isMethodEnabled(method, policy.mfa),
    ),
    isMfaEnabled: policy.mfa.isEnabled,
  };
}
