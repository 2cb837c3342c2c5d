/** A request whose record is held, and what stands against the next step of it. */

import type { ResetRequestId } from '../../../core/ids.ts';
import { type AdminRole, adminRolesOf } from '../../../core/policy/administration.ts';
import type { AccessPolicy } from '../../../core/policy/mfa-policy.ts';
import { Problem } from '../../../core/problem.ts';
import {
  approvalRoles,
  approvalsNeededFor,
  type ApprovalRole,
  resetStateAt,
  type ResetState,
  rolesWantedFor,
} from '../../../core/reset-request.ts';
import type { EpochMs } from '../../../core/time.ts';
import { unreachable } from '../../../core/unreachable.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { HeldAdministrator } from '../administrator.ts';
import { isProofingEnough } from './reset-input.ts';
import { tierForReset } from './tier-for-reset.ts';

/** The roles as sentences name them. */
export const roleNames: Readonly<Record<ApprovalRole, string>> = {
  manager: 'manager',
  'security-owner': 'security owner',
};

/** Throws the problem `policy-forbids` where the policy switches resets off. */
export function assertResetsAreOn(ctx: Pick<FlowContext, 'config'>): void {
  if (ctx.config.current().policy.mfa.reset.isEnabled) return;
  throw new Problem('policy-forbids', {
    detail: 'The MFA policy switches resets off (reset_policy.enabled).',
  });
}

/**
 * Holds a request of the administrator's tenant until the transaction ends. Throws the problem
 * `not-found` for one of another tenant as for none, and `conflict` for whoever is reset by it: they
 * have no say in it.
 */
export async function holdRequest(
  stores: Stores,
  actor: HeldAdministrator,
  id: ResetRequestId,
): Promise<ResetRequest> {
  const { principal } = actor.session;
  const request = await stores.resets.lock(id);
  if (request === null || request.tenant !== principal.tenant) throw new Problem('not-found');
  if (request.userId === principal.id) {
    throw conflict(request, 'This is about your own account. Leave it to your colleagues.');
  }
  return request;
}

/** Throws the problem `conflict` unless the request is in one of the states and its time is not up. */
export function assertState(
  request: ResetRequest,
  states: readonly ResetState[],
  now: EpochMs,
): void {
  const state = resetStateAt(request, now);
  if (states.includes(state)) return;
  throw conflict({ state }, sentenceOf(request, state));
}

/** The problem that a request, as it stands, gives. */
export function conflict({ state }: Pick<ResetRequest, 'state'>, detail: string): Problem {
  return new Problem('conflict', { detail, members: { state } });
}

function sentenceOf(request: ResetRequest, state: ResetState): string {
  switch (state) {
    case 'pending':
      return `This request still has to be approved by ${missingInWords(request)}.`;
    case 'approved':
      return 'This request has all the approvals that it needs.';
    case 'executed':
      return 'This reset was carried out already.';
    case 'rejected':
      return 'This request was rejected.';
    case 'cancelled':
      return 'This request was cancelled.';
    case 'expired':
      return 'The time of this request is up. Ask for the reset anew.';
    default:
      return unreachable(state);
  }
}

/** `a manager and a security owner`, or whichever of them is missing. */
function missingInWords(request: ResetRequest): string {
  const roles = rolesWantedFor(request).map((role) => `a ${roleNames[role]}`);
  return roles.join(request.approvalsNeeded === 2 ? ' and ' : ' or ');
}

/**
 * The role in which somebody approves: the wanted one, or the first of theirs that is still free.
 * Throws the problem `not-permitted` for a role that they have not, and `conflict` for one that is
 * taken.
 */
export function roleToApproveIn(
  request: ResetRequest,
  held: readonly AdminRole[],
  wanted: ApprovalRole | null,
): ApprovalRole {
  if (wanted !== null && !held.includes(wanted)) {
    throw new Problem('not-permitted', { detail: `You are no ${roleNames[wanted]}.` });
  }
  const theirs = approvalRoles.filter((role) => held.includes(role));
  const free = rolesWantedFor(request).filter((role) => theirs.includes(role));
  const role = wanted ?? free[0];
  if (role !== undefined && free.includes(role)) return role;
  const missing = missingInWords(request);
  throw conflict(request, `In your role it was approved already. It still waits for ${missing}.`);
}

/**
 * Why an approved request cannot be carried out as things stand, in a sentence; null when it can.
 *
 * Security: approvals are judged when they take effect. One of somebody who has lost the role or
 * the account since does not count any more: that may have been why they lost it. Nor is a request
 * enough that was approved for less than is asked for now.
 */
export async function obstacleTo(
  ctx: Pick<FlowContext, 'config' | 'clock'>,
  stores: Pick<Stores, 'users' | 'auditBrowser'>,
  request: ResetRequest,
  person: Pick<User, 'id' | 'tenant' | 'groups'>,
): Promise<string | null> {
  const { policy } = ctx.config.current();
  for (const { approver, approverName, role } of request.approvals) {
    const user = await stores.users.findById(approver);
    if (!mayStillApprove(user, request, role, policy)) {
      return `${approverName} approved this and is no ${roleNames[role]} any more. Cancel it and ask for the reset anew.`;
    }
  }
  const tier = await tierForReset(stores, person, policy.tiers, ctx.clock.now());
  const needed = approvalsNeededFor(tier, policy.mfa.reset);
  if (needed > request.approvals.length) {
    return 'More approvals are needed by now than this request had to have. Cancel it and ask for the reset anew.';
  }
  if (isProofingEnough(request.proofing, policy)) return null;
  return 'Proof of identity is asked for by now, and this request has not enough of it. Cancel it and ask for the reset anew.';
}

function mayStillApprove(
  user: User | null,
  { tenant }: ResetRequest,
  role: ApprovalRole,
  { roleGroups }: AccessPolicy,
): boolean {
  if (user === null || user.isDisabled || user.tenant !== tenant) return false;
  return adminRolesOf(user, roleGroups).includes(role);
}
