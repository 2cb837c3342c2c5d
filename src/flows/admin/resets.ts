/**
 * Resetting somebody's second factors: asked for, approved, carried out.
 *
 * Each step is one transaction, with its audit event, in which who may do it is judged on held
 * records. People are held before requests. A request is moved on by one conditional statement, so
 * that whoever comes together, and however often, there is one outcome (security G5, F29).
 */

import type { ResetRequestId, UserId } from '../../core/ids.ts';
import { adminRolesOf, mayAdminister } from '../../core/policy/administration.ts';
import { Problem } from '../../core/problem.ts';
import { type ApprovalRole, openResetStates, rolesWantedFor } from '../../core/reset-request.ts';
import type { Stores, User } from '../../stores/types.ts';
import type { ResetRequest } from '../../stores/types/administration.ts';
import type { FlowContext } from '../flow-context.ts';
import { forgetSessions } from '../sessions.ts';
import {
  type Administrator,
  type HeldAdministrator,
  holdAdministrator,
  holdBoth,
} from './administrator.ts';
import { carryOut, type ResetExecution } from './resets/carry-out.ts';
import { createRequest } from './resets/create-request.ts';
import { endRequest, openRequestOf } from './resets/end-request.ts';
import type { EnrollmentWay } from './resets/enroll-again.ts';
import {
  assertResetsAreOn,
  assertState,
  conflict,
  holdRequest,
  obstacleTo,
  roleToApproveIn,
} from './resets/held-request.ts';
import { checkedEndReason, checkedResetInput, type ResetInput } from './resets/reset-input.ts';
import { recordResetStep } from './resets/reset-news.ts';

/** What came of asking for a reset. */
export interface RequestedReset {
  readonly request: ResetRequest;
  /** `pending`: it waits for approvals, or (with none needed) for somebody who may execute it. */
  readonly outcome: 'pending' | 'executed';
  readonly execution: ResetExecution | null;
}

/**
 * Asks for somebody's reset. Where nobody needs to approve and whoever asks may execute it too, it
 * is carried out at once, with enrollment by `enrollment`.
 *
 * Throws as `holdBoth` does, `validation-failed` as `checkedResetInput` does, `policy-forbids` where
 * resets are switched off, and `conflict` for oneself, a service account, and somebody about whom a
 * request is open; that names it in the member `reset_request`.
 */
export async function requestReset(
  ctx: FlowContext,
  admin: Administrator,
  asked: ResetInput & { readonly userId: UserId; readonly enrollment?: EnrollmentWay },
): Promise<RequestedReset> {
  assertResetsAreOn(ctx);
  const { policy } = ctx.config.current();
  const input = checkedResetInput(asked, policy);
  const { userId, enrollment: way = 'supervised' } = asked;
  const requested = await ctx.stores.transaction(async (stores): Promise<RequestedReset> => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'request-reset', userId);
    assertMayBeReset(actor, target);
    const open = await openRequestOf(ctx, stores, target, actor.now);
    if (open !== null) throw openAlready(open);
    const request = await createRequest(ctx, stores, { actor, target, input });
    const mayExecute = mayAdminister(actor.session.principal, 'execute-reset', policy.roleGroups);
    if (request.state !== 'approved' || !mayExecute) {
      return { request, outcome: 'pending', execution: null };
    }
    const carriedOut = await carryOut(ctx, stores, { actor, target, request, way });
    return { ...carriedOut, outcome: 'executed' };
  });
  if (requested.outcome === 'executed') await forgetSessions(ctx, userId);
  return requested;
}

/**
 * Approves a pending request in a role: the given one, or the first of the approver's that is still
 * free. Throws as `holdAdministrator` does, `policy-forbids` where resets are switched off,
 * `not-found`, `not-permitted` for a role that they have not, and `conflict` for a request that is
 * not pending, for whoever asked for it, is reset by it or has approved it, and for a role in which
 * somebody has. A security owner of a lower tier may approve what they may not carry out.
 */
export async function approveReset(
  ctx: FlowContext,
  admin: Administrator,
  { id, role }: { readonly id: ResetRequestId; readonly role?: ApprovalRole },
): Promise<ResetRequest> {
  assertResetsAreOn(ctx);
  return ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'approve-reset');
    const request = await holdRequest(stores, actor, id);
    assertState(request, ['pending'], actor.now);
    const { principal } = actor.session;
    if (request.requestedBy === principal.id) {
      throw conflict(
        request,
        'Whoever asks for a reset does not approve it. Leave that to others.',
      );
    }
    if (request.approvals.some(({ approver }) => approver === principal.id)) throw twice(request);
    const roles = adminRolesOf(principal, ctx.config.current().policy.roleGroups);
    const approval = {
      approver: principal.id,
      approverName: principal.username,
      role: roleToApproveIn(request, roles, role ?? null),
      at: actor.now,
    };
    if (!(await stores.resets.addApproval(id, approval))) throw twice(request);
    const approved = { ...request, approvals: [...request.approvals, approval] };
    const isEnough = rolesWantedFor(approved).length === 0;
    if (isEnough) await stores.resets.move(id, { from: ['pending'], to: 'approved', end: null });
    const after = isEnough ? ({ ...approved, state: 'approved' } as const) : approved;
    const details = {
      role: approval.role,
      approvals: after.approvals.length,
      approvalsNeeded: after.approvalsNeeded,
    };
    await recordResetStep(ctx, stores, after, {
      step: 'approved',
      by: actor,
      at: actor.now,
      details,
    });
    return after;
  });
}

/**
 * Says no to an open request, whether or not it was approved before. Throws as `approveReset` does
 * for whoever may not, `conflict` when it is open no more, and `validation-failed` without a reason.
 */
export async function rejectReset(
  ctx: FlowContext,
  admin: Administrator,
  { id, reason }: { readonly id: ResetRequestId; readonly reason: string },
): Promise<ResetRequest> {
  const why = checkedEndReason(reason);
  return ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'approve-reset');
    const request = await holdRequest(stores, actor, id);
    return end(ctx, stores, { actor, request, to: 'rejected', reason: why });
  });
}

/**
 * Takes an open request back: by whoever asked for it, or an `admin`. Throws as `rejectReset` does,
 * and `not-permitted` for others.
 */
export async function cancelReset(
  ctx: FlowContext,
  admin: Administrator,
  { id, reason }: { readonly id: ResetRequestId; readonly reason: string },
): Promise<ResetRequest> {
  const why = checkedEndReason(reason);
  return ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'request-reset');
    const request = await holdRequest(stores, actor, id);
    const { principal } = actor.session;
    const { roleGroups } = ctx.config.current().policy;
    if (request.requestedBy !== principal.id && !mayAdminister(principal, 'manage', roleGroups)) {
      throw new Problem('not-permitted', {
        detail: 'Only whoever asked for this, or an administrator, takes it back.',
      });
    }
    return end(ctx, stores, { actor, request, to: 'cancelled', reason: why });
  });
}

/**
 * Carries out an approved request: everything that the person has enrolled, and every session,
 * token and stream of theirs, is gone at once, and one way to enroll again is open.
 *
 * Throws as `holdBoth` does, `policy-forbids` where resets are switched off, `not-found`, and
 * `conflict` for a request that is not approved, whose time is up, that `obstacleTo` speaks against
 * or that is about oneself.
 */
export async function executeReset(
  ctx: FlowContext,
  admin: Administrator,
  { id, enrollment: way }: { readonly id: ResetRequestId; readonly enrollment: EnrollmentWay },
): Promise<{ readonly request: ResetRequest; readonly execution: ResetExecution }> {
  assertResetsAreOn(ctx);
  const executed = await ctx.stores.transaction(async (stores) => {
    const found = await stores.resets.find(id);
    if (found === null || found.tenant !== admin.session.principal.tenant) {
      throw new Problem('not-found');
    }
    const both = await holdBoth(ctx, stores, admin, 'execute-reset', found.userId);
    const request = await holdRequest(stores, both.actor, id);
    assertState(request, ['approved'], both.actor.now);
    const obstacle = await obstacleTo(ctx, stores, request, both.target);
    if (obstacle !== null) throw conflict(request, obstacle);
    return carryOut(ctx, stores, { ...both, request, way });
  });
  await forgetSessions(ctx, executed.request.userId);
  return executed;
}

function assertMayBeReset(actor: HeldAdministrator, target: User): void {
  if (target.id === actor.session.principal.id) {
    throw new Problem('conflict', {
      detail: 'Nobody resets themselves. Ask a colleague, or use a recovery code.',
    });
  }
  if (target.kind === 'service') {
    throw new Problem('conflict', {
      detail: 'A service account has no second factor that could be reset.',
    });
  }
}

function openAlready({ id, state, requestedByName }: ResetRequest): Problem {
  return new Problem('conflict', {
    detail: `${requestedByName} has asked for this person's reset already (${id}).`,
    members: { state, reset_request: id },
  });
}

function twice(request: ResetRequest): Problem {
  return conflict(request, 'You have approved this already. It needs somebody else as well.');
}

async function end(
  ctx: FlowContext,
  stores: Stores,
  {
    actor,
    request,
    to,
    reason,
  }: {
    readonly actor: HeldAdministrator;
    readonly request: ResetRequest;
    readonly to: 'rejected' | 'cancelled';
    readonly reason: string;
  },
): Promise<ResetRequest> {
  assertState(request, openResetStates, actor.now);
  const ended = await endRequest(ctx, stores, request, { to, by: actor, at: actor.now, reason });
  if (ended === null) throw conflict(request, 'Somebody else was faster.');
  return ended;
}
