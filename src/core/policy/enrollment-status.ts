/** How far somebody is with enrolling, for lists and numbers. Decisions do not ask this. */

import type { MethodId } from '../proofs.ts';
import type { EpochMs } from '../time.ts';
import {
  isMethodEnabled,
  methodsRequiredOf,
  tiers,
  type AccessPolicy,
  type HardwareKeys,
  type Tier,
} from './mfa-policy.ts';

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
  /** Whose passkeys count only when they are of known models. */
  readonly hardwareKeys: HardwareKeys;
  /** False: nobody is obliged to anything, and no deadline counts. */
  readonly isMfaEnabled: boolean;
}

/** The policy as lists and numbers ask for it. */
export function statusPolicyOf(
  policy: Pick<AccessPolicy, 'mfa' | 'tiers' | 'hardwareKeys'>,
): StatusPolicy {
  const groupsOf = (tier: Tier): readonly string[] =>
    [...policy.tiers].filter(([, other]) => other === tier).map(([group]) => group);
  return {
    groupsOf: forEachTier(groupsOf),
    requiredOf: forEachTier((tier) => methodsRequiredOf(tier, policy.mfa)),
    enabled: (['totp', 'webauthn'] as const).filter((method) =>
      isMethodEnabled(method, policy.mfa),
    ),
    hardwareKeys: policy.hardwareKeys,
    isMfaEnabled: policy.mfa.isEnabled,
  };
}

function forEachTier<Value>(value: (tier: Tier) => Value): Readonly<Record<Tier, Value>> {
  return {
    TIER0: value('TIER0'),
    TIER1: value('TIER1'),
    TIER2: value('TIER2'),
    TIER3: value('TIER3'),
  };
}

/** The tier of whoever is in these groups. */
export function tierIn(
  groups: readonly string[],
  { groupsOf }: Pick<StatusPolicy, 'groupsOf'>,
): Tier {
  return tiers.find((tier) => groupsOf[tier].some((group) => groups.includes(group))) ?? 'TIER3';
}

/** What of somebody their status depends on. */
export interface Standing {
  readonly tier: Tier;
  /** What they have that counts: `recovery-code` when any are left. */
  readonly has: readonly MethodId[];
  /** When a second factor is due; null: nothing says so. */
  readonly enrollBy: EpochMs | null;
}

/** What of what somebody enrolled counts for a person of their tier. */
export function methodsThatCount(
  person: {
    readonly tier: Tier;
    readonly enrolled: readonly MethodId[];
    readonly attestedModels: readonly string[];
    readonly recoveryCodesLeft: number;
  },
  { hardwareKeys }: Pick<StatusPolicy, 'hardwareKeys'>,
): readonly MethodId[] {
  const { tier, enrolled, attestedModels, recoveryCodesLeft } = person;
  const doPasskeysCount =
    !hardwareKeys.tiers.includes(tier) ||
    attestedModels.some((model) => hardwareKeys.models.includes(model));
  const counting = enrolled.filter((method) => method !== 'webauthn' || doPasskeysCount);
  return recoveryCodesLeft > 0 ? [...counting, 'recovery-code'] : counting;
}

/** How far a person is. */
export function enrollmentStatusOf(
  { tier, has, enrollBy }: Standing,
  policy: StatusPolicy,
  now: EpochMs,
): EnrollmentStatus {
  if (!policy.requiredOf[tier].every((method) => has.includes(method))) return 'missing';
  if (policy.enabled.some((method) => has.includes(method))) return 'enrolled';
  if (enrollBy === null || !policy.isMfaEnabled) return 'not-asked';
  return enrollBy <= now ? 'missing' : 'in-grace';
}
