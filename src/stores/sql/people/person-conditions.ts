/**
 * Tier, deadline and enrollment status as conditions on rows of `users`: what
 * core/policy/enrollment-status.ts says, in a form that a database can be asked with. The tests
 * hold one against the other.
 */

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import type { EnrollmentStatus, StatusPolicy } from '../../../core/policy/enrollment-status.ts';
import { tiers, type Tier } from '../../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../../core/proofs.ts';
import type { TenantRules } from '../../../core/tenant-rules.ts';
import type { EpochMs } from '../../../core/time.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { factorsOf } from './factors.ts';
import { isInGroup, type FindText } from './group-list.ts';

type Condition = RawBuilder<SqlBool>;

/** What a status depends on beside the rows. */
export interface StatusAt {
  readonly policy: StatusPolicy;
  readonly rules: TenantRules;
  readonly now: EpochMs;
  readonly find: FindText;
}

const never: Condition = sql`1 = 0`;
const always: Condition = sql`1 = 1`;

/** The user is in one of the groups. */
export function isInGroups(groups: readonly string[], find: FindText): Condition {
  return or(...groups.map((group) => isInGroup(group, find)));
}

/** The user's tier is this one: it is the strongest that one of their groups has. */
export function isOfTier(
  tier: Tier,
  { policy, find }: Pick<StatusAt, 'policy' | 'find'>,
): Condition {
  const { groupsOf } = policy;
  const stronger = tiers.slice(0, tiers.indexOf(tier)).flatMap((other) => groupsOf[other]);
  return and(
    tier === 'TIER3' ? always : isInGroups(groupsOf[tier], find),
    not(isInGroups(stronger, find)),
  );
}

/** The user has enrolled one of the methods, whether or not it counts for them. */
export function hasOneOf(methods: readonly MethodId[]): Condition {
  const mask = factorsOf(methods);
  return mask === 0 ? never : sql`(users.factors & ${sql.lit(mask)}) <> 0`;
}

/** One of the user's passkeys is of a known model. */
export function hasKnownModel({ models }: StatusPolicy['hardwareKeys']): Condition {
  if (models.length === 0) return never;
  return sql`exists (select 1 from authenticators
    where authenticators.user_id = users.id and attested_model in (${sql.join(models)}))`;
}

/** The user is a person who is so far. */
export function hasStatus(status: EnrollmentStatus, at: StatusAt): Condition {
  const isPerson: Condition = sql`users.kind = 'user'`;
  const owes = owesByTier(at);
  const hasSecondFactor = hasUsable(at);
  const hasNothing = and(isPerson, not(hasSecondFactor), not(owes));
  switch (status) {
    case 'enrolled':
      return and(isPerson, hasSecondFactor, not(owes));
    case 'missing':
      return and(isPerson, or(owes, and(not(hasSecondFactor), isDue(at))));
    case 'in-grace':
      return and(hasNothing, isDemanded(at), not(isDue(at)));
    case 'not-asked':
      return and(hasNothing, not(isDemanded(at)));
    default:
      return unreachable(status);
  }
}

/** When a second factor is due, as 0: never, 1: later, 2: by now. */
export function dueExpression(at: StatusAt): RawBuilder<0 | 1 | 2> {
  return sql<0 | 1 | 2>`case when ${isDue(at)} then 2 when ${isDemanded(at)} then 1 else 0 end`;
}

/** Something is required of the user's tier and is not there. */
function owesByTier(at: StatusAt): Condition {
  const { policy } = at;
  return or(
    ...tiers
      .filter((tier) => policy.requiredOf[tier].length > 0)
      .map((tier) => {
        const required = policy.requiredOf[tier];
        const mask = sql.lit(factorsOf(required));
        const mustHaveModel =
          required.includes('webauthn') && policy.hardwareKeys.tiers.includes(tier);
        // The number first: it is at hand, and few lack anything.
        const lacks = or(
          sql`(users.factors & ${mask}) <> ${mask}`,
          mustHaveModel ? not(hasKnownModel(policy.hardwareKeys)) : never,
        );
        return and(lacks, isOfTier(tier, at));
      }),
  );
}

/** The user has a second factor that is enabled and counts for them. */
function hasUsable(at: StatusAt): Condition {
  const { enabled, hardwareKeys } = at.policy;
  if (!enabled.includes('webauthn') || hardwareKeys.tiers.length === 0) return hasOneOf(enabled);
  const mustHaveModel = or(...hardwareKeys.tiers.map((tier) => isOfTier(tier, at)));
  return or(
    hasOneOf(enabled.filter((method) => method !== 'webauthn')),
    and(hasOneOf(['webauthn']), or(not(mustHaveModel), hasKnownModel(hardwareKeys))),
  );
}

/** There is a deadline, by the tenant or of the user's own (core/tenant-rules.ts). */
function isDemanded({ policy, rules }: StatusAt): Condition {
  if (!policy.isMfaEnabled) return never;
  return rules.isMfaRequired ? always : sql`users.must_enroll_at is not null`;
}

/** The earlier of the deadlines has come. */
function isDue({ policy, rules, now }: StatusAt): Condition {
  if (!policy.isMfaEnabled) return never;
  const instant = sql`cast(${now} as bigint)`;
  const isOwnDue: Condition = sql`coalesce(users.must_enroll_at <= ${instant}, 1 = 0)`;
  if (!rules.isMfaRequired) return isOwnDue;
  const { requiredSince, graceEndsAt } = rules;
  const isNewDue: Condition = sql`users.created_at <= ${instant}`;
  if (requiredSince === null) return or(isOwnDue, isNewDue);
  // Whoever came after the demand has no grace; a demand without an end of the grace gives none.
  const isGraceOver = (graceEndsAt ?? requiredSince) <= now;
  const hasGrace: Condition = sql`users.created_at < cast(${requiredSince} as bigint)`;
  const isDueByTenant = isGraceOver ? or(hasGrace, isNewDue) : and(not(hasGrace), isNewDue);
  return or(isOwnDue, isDueByTenant);
}

function and(...conditions: readonly Condition[]): Condition {
  const rest = conditions.filter((condition) => condition !== always);
  if (rest.includes(never)) return never;
  return rest.length === 0 ? always : sql`(${sql.join(rest, sql` and `)})`;
}

function or(...conditions: readonly Condition[]): Condition {
  const rest = conditions.filter((condition) => condition !== never);
  if (rest.includes(always)) return always;
  return rest.length === 0 ? never : sql`(${sql.join(rest, sql` or `)})`;
}

function not(condition: Condition): Condition {
  if (condition === always) return never;
  return condition === never ? always : sql`not (${condition})`;
}
