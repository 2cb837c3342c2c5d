/**
 * Tier, deadline and enrollment status as expressions over a row of `users` joined to its tenant:
 * what core/policy/mfa-policy.ts and core/tenant-rules.ts say, in a form that a database can count
 * and sort by. The tests hold one against the other.
 */

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import type { EnrollmentStatus, StatusPolicy } from '../../core/policy/enrollment-status.ts';
import { tiers, type Tier } from '../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../core/proofs.ts';
import type { EpochMs } from '../../core/time.ts';

const never = sql<SqlBool>`1 = 0`;

/** What a status depends on beside the rows. */
export interface StatusAt {
  readonly policy: StatusPolicy;
  readonly now: EpochMs;
}

/** The tier of the user. */
export function tierExpression({ groupsOf }: StatusPolicy): RawBuilder<Tier> {
  const cases = tiers
    .slice(0, -1)
    .filter((tier) => groupsOf[tier].length > 0)
    .map((tier) => sql`when ${isInGroups(groupsOf[tier])} then ${sql.lit(tier)}`);
  const rest = sql.lit('TIER3');
  return cases.length === 0
    ? sql<Tier>`${rest}`
    : sql<Tier>`case ${sql.join(cases, sql` `)} else ${rest} end`;
}

/** When a second factor is due; null: nothing says so, or it is a service. */
export function deadlineExpression({ isMfaEnabled }: StatusPolicy): RawBuilder<EpochMs | null> {
  if (!isMfaEnabled) return sql<EpochMs | null>`cast(null as bigint)`;
  // Whoever came after the demand has no grace; a demand without an end of the grace gives none.
  const byTenant = sql`case when tenants.is_mfa_required = 0 then null
    when users.created_at < tenants.required_since
      then coalesce(tenants.grace_ends_at, tenants.required_since)
    else users.created_at end`;
  return sql<EpochMs | null>`case when users.kind = 'service' then null
    when ${byTenant} < users.must_enroll_at then ${byTenant}
    else coalesce(users.must_enroll_at, ${byTenant}) end`;
}

/** How far the user is; null for services. */
export function statusExpression({ policy, now }: StatusAt): RawBuilder<EnrollmentStatus | null> {
  const deadline = deadlineExpression(policy);
  return sql<EnrollmentStatus | null>`case
    when users.kind = 'service' then null
    when ${owesByTier(policy)} then 'missing'
    when ${hasEnrolled(policy.enabled)} then 'enrolled'
    when ${deadline} is null then 'not-asked'
    when ${deadline} <= cast(${now} as bigint) then 'missing'
    else 'in-grace' end`;
}

/** Something that is required of the user's tier is not there. */
function owesByTier(policy: StatusPolicy): RawBuilder<SqlBool> {
  const owed = tiers
    .filter((tier) => policy.requiredOf[tier].length > 0)
    .map((tier) => {
      const has = policy.requiredOf[tier].map((method) => hasMethod(method));
      return sql<SqlBool>`(${tierExpression(policy)} = ${sql.lit(tier)}
        and not (${sql.join(has, sql` and `)}))`;
    });
  return owed.length === 0 ? never : sql<SqlBool>`(${sql.join(owed, sql` or `)})`;
}

/** The user is in one of the groups. */
export function isInGroups(groups: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from user_groups
    where user_groups.user_id = users.id and group_name in (${sql.join(groups)}))`;
}

function hasMethod(method: MethodId): RawBuilder<SqlBool> {
  return method === 'recovery-code'
    ? sql<SqlBool>`exists (select 1 from recovery_codes where recovery_codes.user_id = users.id
        and is_confirmed = 1 and used_at is null)`
    : hasEnrolled([method]);
}

/** The user has enrolled one of the methods. */
export function hasEnrolled(methods: readonly MethodId[]): RawBuilder<SqlBool> {
  if (methods.length === 0) return never;
  return sql<SqlBool>`exists (select 1 from authenticators
    where authenticators.user_id = users.id and method in (${sql.join(methods)}))`;
}

/** The user has recovery codes left. */
export const hasRecoveryCodes = hasMethod('recovery-code');
