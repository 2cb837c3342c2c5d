/** Reset requests: the states they pass through, who must approve, and when they are over. */

import { isFromTheFuture } from './assurance.ts';
import type { AdminRole } from './policy/administration.ts';
import type { Tier } from './policy/mfa-policy.ts';
import { addSeconds, type EpochMs } from './time.ts';

/**
 * `pending` until enough have approved, then `approved` until somebody executes it. The other four
 * are ends; a request reaches exactly one of them.
 */
export const resetStates = [
  'pending',
  'approved',
  'executed',
  'rejected',
  'cancelled',
  'expired',
] as const;

/** Where a reset request stands. */
export type ResetState = (typeof resetStates)[number];

/** States in which something can still happen. */
export const openResetStates = ['pending', 'approved'] as const satisfies readonly ResetState[];

/** How long a request waits to be approved and executed, in all. */
const resetSeconds = 24 * 3600;

/** When a request that is made now is over. */
export function resetExpiry(now: EpochMs): EpochMs {
  return addSeconds(now, resetSeconds);
}

/** The roles in which somebody approves. */
export const approvalRoles = ['manager', 'security-owner'] as const satisfies readonly AdminRole[];

/** A role in which somebody approves. */
export type ApprovalRole = (typeof approvalRoles)[number];

/** How many must approve the reset of somebody of a tier; two: one in each role. */
export function approvalsNeededFor(
  tier: Tier,
  { requiresApproval }: { readonly requiresApproval: boolean },
): 0 | 1 | 2 {
  if (!requiresApproval) return 0;
  return tier === 'TIER0' || tier === 'TIER1' ? 2 : 1;
}

/** What of a request says in which roles it can still be approved. */
export interface ApprovalsSoFar {
  readonly approvalsNeeded: 0 | 1 | 2;
  readonly approvals: readonly { readonly role: ApprovalRole }[];
}

/** The roles in which a request still waits for somebody's approval. */
export function rolesWantedFor({
  approvalsNeeded,
  approvals,
}: ApprovalsSoFar): readonly ApprovalRole[] {
  if (approvals.length >= approvalsNeeded) return [];
  const taken = approvals.map(({ role }) => role);
  return approvalRoles.filter((role) => !taken.includes(role));
}

/**
 * Says whether nothing can come of a request any more, because its time is up.
 *
 * Security: one that was made in the future outlived a clock that has gone back; its time is up too.
 */
export function isResetOverdue(
  { createdAt, expiresAt }: { readonly createdAt: EpochMs; readonly expiresAt: EpochMs },
  now: EpochMs,
): boolean {
  return now >= expiresAt || isFromTheFuture(createdAt, now);
}

/** Where a request stands for whoever looks now, whether or not its expiry was written down yet. */
export function resetStateAt(
  request: {
    readonly state: ResetState;
    readonly createdAt: EpochMs;
    readonly expiresAt: EpochMs;
  },
  now: EpochMs,
): ResetState {
  const isOpen = request.state === 'pending' || request.state === 'approved';
  return isOpen && isResetOverdue(request, now) ? 'expired' : request.state;
}
