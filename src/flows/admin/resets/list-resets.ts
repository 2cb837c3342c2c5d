/** Looking at reset requests: lists, one of them, and what may come next. */

import type { ResetRequestId, UserId } from '../../../core/ids.ts';
import { adminRolesOf, isAbove, mayAdminister } from '../../../core/policy/administration.ts';
import type { Tier } from '../../../core/policy/mfa-policy.ts';
import { Problem } from '../../../core/problem.ts';
import {
  approvalRoles,
  approvalsNeededFor,
  type ApprovalRole,
  resetStateAt,
  type ResetState,
  rolesWantedFor,
} from '../../../core/reset-request.ts';
import type { User } from '../../../stores/types.ts';
import type { KeysetPage, ResetRequest } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { Administrator } from '../administrator.ts';
import { obstacleTo } from './held-request.ts';
import { tierForReset } from './tier-for-reset.ts';

/** Which requests; null: it does not matter. */
export interface ResetFilter {
  readonly states: readonly ResetState[] | null;
  readonly user: UserId | null;
}

/** Requests of the administrator's tenant, newest first. */
export async function listResets(
  ctx: Pick<FlowContext, 'stores'>,
  { session }: Administrator,
  filter: ResetFilter,
  page: KeysetPage,
): Promise<readonly ResetRequest[]> {
  return ctx.stores.resets.list({ ...filter, tenant: session.principal.tenant }, page);
}

/** A request of the administrator's tenant. Throws the problem `not-found` for any other. */
export async function findReset(
  ctx: Pick<FlowContext, 'stores'>,
  { session }: Administrator,
  id: ResetRequestId,
): Promise<ResetRequest> {
  const request = await ctx.stores.resets.find(id);
  if (request?.tenant === session.principal.tenant) return request;
  throw new Problem('not-found');
}

/** What may come next, and what of it whoever looks may do. */
export interface NextSteps {
  /** Where the request stands now, even if its expiry was not written down yet. */
  readonly state: ResetState;
  /** The roles that have yet to approve. */
  readonly rolesWanted: readonly ApprovalRole[];
  /** The roles in which whoever looks may approve; empty: they may not. */
  readonly approveAs: readonly ApprovalRole[];
  readonly mayReject: boolean;
  readonly mayCancel: boolean;
  readonly mayExecute: boolean;
  /** Why an approved request cannot be executed as things stand, in a sentence. */
  readonly obstacle: string | null;
  /** Why whoever looks may do nothing about it, or not what they might expect to. */
  readonly because: 'own-account' | 'asked-for-it' | 'approved-it' | 'higher-tier' | null;
}

/** For pages and the API, to say beforehand what the flows would answer. Decides nothing. */
export async function nextSteps(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  { session }: Administrator,
  request: ResetRequest,
): Promise<NextSteps> {
  const { policy } = ctx.config.current();
  const { principal } = session;
  const state = resetStateAt(request, ctx.clock.now());
  const person = await ctx.stores.users.findById(request.userId);
  const isOwn = request.userId === principal.id;
  const isRequester = request.requestedBy === principal.id;
  const hasApproved = request.approvals.some(({ approver }) => approver === principal.id);
  const isHigher = person !== null && isAbove(person, principal, policy.tiers);
  const isOpen = state === 'pending' || state === 'approved';
  const isOn = policy.mfa.reset.isEnabled;
  const roles = adminRolesOf(principal, policy.roleGroups);
  const may = (permission: Parameters<typeof mayAdminister>[1]): boolean =>
    isOpen && !isOwn && mayAdminister(principal, permission, policy.roleGroups);

  const rolesWanted = state === 'pending' ? rolesWantedFor(request) : [];
  const mayApprove = isOn && may('approve-reset') && !isRequester && !hasApproved;
  const obstacle =
    state === 'approved' && person !== null
      ? await obstacleTo(ctx, ctx.stores, request, person)
      : null;
  return {
    state,
    rolesWanted,
    approveAs: mayApprove ? rolesWanted.filter((role) => roles.includes(role)) : [],
    mayReject: may('approve-reset'),
    mayCancel: may('request-reset') && (isRequester || may('manage')),
    mayExecute:
      isOn && state === 'approved' && may('execute-reset') && !isHigher && obstacle === null,
    obstacle,
    because: isOpen ? reasonFor({ state, isOwn, isRequester, hasApproved, isHigher, roles }) : null,
  };
}

function reasonFor(at: {
  readonly state: ResetState;
  readonly isOwn: boolean;
  readonly isRequester: boolean;
  readonly hasApproved: boolean;
  readonly isHigher: boolean;
  readonly roles: readonly string[];
}): NextSteps['because'] {
  if (at.isOwn) return 'own-account';
  const isApprover = approvalRoles.some((role) => at.roles.includes(role));
  if (at.state === 'pending') {
    if (at.isRequester && isApprover) return 'asked-for-it';
    return at.hasApproved ? 'approved-it' : null;
  }
  return at.isHigher && at.roles.includes('reset-executor') ? 'higher-tier' : null;
}

/** Somebody whose reset might be asked for, and what that would take. */
export interface ResetOutlook {
  readonly user: User;
  readonly tier: Tier;
  readonly approvalsNeeded: 0 | 1 | 2;
  readonly isProofingNeeded: boolean;
  /** Whoever asks carries it out in the same step. */
  readonly isImmediate: boolean;
  /** One that is open already. */
  readonly open: ResetRequest | null;
  readonly obstacle: 'switched-off' | 'own-account' | 'service' | 'higher-tier' | null;
}

/**
 * What asking for somebody's reset would come to, for the page with the form. Throws the problem
 * `not-found` for somebody of another tenant as for nobody at all.
 */
export async function resetOutlook(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  { session }: Administrator,
  userId: UserId,
): Promise<ResetOutlook> {
  const { policy } = ctx.config.current();
  const { principal } = session;
  const user = await ctx.stores.users.findById(userId);
  if (user === null || user.tenant !== principal.tenant) throw new Problem('not-found');
  const { reset } = policy.mfa;
  const tier = await tierForReset(ctx.stores, user, policy.tiers, ctx.clock.now());
  const approvalsNeeded = approvalsNeededFor(tier, reset);
  const found = await ctx.stores.resets.findOpenOf(user.id);
  const isOver = found !== null && resetStateAt(found, ctx.clock.now()) === 'expired';
  return {
    user,
    tier,
    approvalsNeeded,
    isProofingNeeded: reset.requiresIdentityProofing,
    isImmediate:
      approvalsNeeded === 0 && mayAdminister(principal, 'execute-reset', policy.roleGroups),
    open: isOver ? null : found,
    obstacle: obstacleFor(user, principal, policy),
  };
}

function obstacleFor(
  user: User,
  principal: Administrator['session']['principal'],
  policy: ReturnType<FlowContext['config']['current']>['policy'],
): ResetOutlook['obstacle'] {
  if (!policy.mfa.reset.isEnabled) return 'switched-off';
  if (user.id === principal.id) return 'own-account';
  if (user.kind === 'service') return 'service';
  return isAbove(user, principal, policy.tiers) ? 'higher-tier' : null;
}
