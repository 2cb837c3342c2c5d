/**
 * What a tenant asks of its people, and until when one of them may do without it.
 *
 * A deadline is an instant that was settled once. Tightening brings it forward; nothing opens one
 * again that has passed: not another period, not switching the demand off and on, not a reset.
 */

import { addSeconds, type EpochMs } from './time.ts';

/** A tenant's demand as it is kept. */
export interface TenantRules {
  readonly isMfaRequired: boolean;
  /** When a second factor was first demanded; stays when the demand is lifted. */
  readonly requiredSince: EpochMs | null;
  /** Until when whoever was there before `requiredSince` may do without one. */
  readonly graceEndsAt: EpochMs | null;
}

/** The demand of a tenant that demands nothing. */
export const noTenantRules: TenantRules = {
  isMfaRequired: false,
  requiredSince: null,
  graceEndsAt: null,
};

const daySeconds = 24 * 3600;

/** The rules after an admin has set them anew. */
export function changedTenantRules(
  rules: TenantRules,
  wanted: { readonly isMfaRequired: boolean; readonly gracePeriodDays: number },
  now: EpochMs,
): TenantRules {
  if (!wanted.isMfaRequired) return { ...rules, isMfaRequired: false };
  const requiredSince = rules.requiredSince ?? now;
  const graceEndsAt = addSeconds(requiredSince, wanted.gracePeriodDays * daySeconds);
  const hasEnded = rules.graceEndsAt !== null && rules.graceEndsAt <= now;
  return {
    isMfaRequired: true,
    requiredSince,
    graceEndsAt: hasEnded ? rules.graceEndsAt : graceEndsAt,
  };
}

/**
 * From when on a person must have a second factor; null: nothing but their tier and the rules
 * asks for one. Whoever came after the demand has no grace.
 */
export function enrollmentDeadline(
  user: { readonly createdAt: EpochMs; readonly mustEnrollAt: EpochMs | null },
  { isMfaRequired, requiredSince, graceEndsAt }: TenantRules,
): EpochMs | null {
  const hasGrace = requiredSince !== null && user.createdAt < requiredSince;
  // A demand without an end of the grace gives none: what is unclear opens nothing.
  const byTenant = hasGrace ? (graceEndsAt ?? requiredSince) : user.createdAt;
  const instants = [isMfaRequired ? byTenant : null, user.mustEnrollAt].filter((at) => at !== null);
  return instants.length === 0 ? null : Math.min(...instants);
}
