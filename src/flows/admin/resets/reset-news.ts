/**
 * What becomes known of a reset's steps: an audit event of the policy's severity, and mail to the
 * person, to whoever asked and to the approvers.
 */

import type { NewAuditEvent } from '../../../core/audit-event.ts';
import { mayAdminister } from '../../../core/policy/administration.ts';
import { rolesWantedFor, type ResetState } from '../../../core/reset-request.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import { eventBySystem, eventOnCommandLine } from '../../audit-events.ts';
import type { FlowContext } from '../../flow-context.ts';
import { tell } from '../../tell.ts';
import { type Administrator, eventByAdministrator } from '../administrator.ts';

/** Who brought a step about: somebody on the web, an operator, or time. */
export type ResetActor = Administrator | 'cli' | 'system';

/** A step of a request. */
export interface ResetStep {
  readonly step: Exclude<ResetState, 'pending'> | 'requested';
  readonly by: ResetActor;
  readonly at: EpochMs;
  /** Beside what is said of every step. */
  readonly details?: NewAuditEvent['details'];
}

/** So many of those who could approve or execute are told at most. */
const toldMax = 20;

/**
 * Writes mails and event, in the transaction of the step; `request` is what it is after the step.
 * The event comes last, because everybody waits for the end of the chain.
 */
export async function recordResetStep(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  request: ResetRequest,
  step: ResetStep,
): Promise<void> {
  await tellStep(ctx, stores, request, step);
  const { reset, audit } = ctx.config.current().policy.mfa;
  if (!audit.logsReset) return;
  const happening = {
    at: step.at,
    type: `reset.${step.step}`,
    severity: reset.severity,
    details: {
      username: request.username,
      request: request.id,
      tier: request.tier,
      ticket: request.ticket,
      ...step.details,
    },
  } as const;
  const subject = { id: request.userId, tenant: request.tenant, username: request.username };
  await stores.audit.append(
    typeof step.by === 'string'
      ? (step.by === 'cli' ? eventOnCommandLine : eventBySystem)(subject, happening)
      : eventByAdministrator(step.by, subject, happening),
  );
}

/** The checks of who is asking, for an audit event. */
export function proofingInWords({ proofing }: ResetRequest): readonly string[] {
  return proofing.map(({ kind, reference }) => `${kind}: ${reference}`);
}

/** The approvals, for an audit event. */
export function approvalsInWords({ approvals }: ResetRequest): readonly string[] {
  return approvals.map(({ role, approverName }) => `${role}: ${approverName}`);
}

async function tellStep(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  request: ResetRequest,
  { step, by, at }: ResetStep,
): Promise<void> {
  if (ctx.config.current().mail === null) return;
  const actor = typeof by === 'string' ? null : by.session.principal;
  const details = {
    username: request.username,
    ticket: request.ticket,
    ...(actor !== null && { by: actor.username }),
    ...(by === 'system' && { by: '' }),
    ...(step === 'approved' && { progress: progressOf(request) }),
    ...(step === 'requested' && { expires: request.expiresAt }),
  };
  const person = await stores.users.findById(request.userId);
  if (person !== null) {
    await tell(ctx, stores, person, { kind: `reset-${step}`, at, details });
  }
  const colleagues = await colleaguesFor(ctx, stores, request, step);
  const told = colleagues.filter(({ id }) => id !== request.userId && id !== actor?.id);
  const kind = step === 'requested' ? 'reset-approval-wanted' : (`reset-${step}` as const);
  for (const colleague of told.slice(0, toldMax)) {
    await tell(ctx, stores, colleague, { kind, at, details: { ...details, reset: request.id } });
  }
}

function progressOf({ approvals, approvalsNeeded }: ResetRequest): string {
  return `${String(approvals.length)}/${String(approvalsNeeded)}`;
}

/** Who has to do with a step beside the person: those who are asked, or those who had a part in it. */
async function colleaguesFor(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  request: ResetRequest,
  step: ResetStep['step'],
): Promise<readonly User[]> {
  const { roleGroups } = ctx.config.current().policy;
  // Two more than are told: the person and whoever asks may be among them.
  const inGroups = (groups: readonly string[]): Promise<readonly User[]> =>
    stores.users.listOfGroups(request.tenant, groups, toldMax + 2);
  if (step === 'requested') {
    const groups = rolesWantedFor(request).flatMap((role) => roleGroups[role]);
    return groups.length === 0 ? [] : inGroups([...new Set(groups)]);
  }
  const ids = [request.requestedBy, ...request.approvals.map(({ approver }) => approver)];
  const found = await Promise.all([...new Set(ids)].map((id) => stores.users.findById(id)));
  const involved = found.filter((user) => user !== null && !user.isDisabled) as readonly User[];
  const requester = involved.find(({ id }) => id === request.requestedBy);
  const isExecutorNeeded =
    step === 'approved' &&
    request.state === 'approved' &&
    (requester === undefined || !mayAdminister(requester, 'execute-reset', roleGroups));
  if (!isExecutorNeeded) return involved;
  const executors = await inGroups(roleGroups['reset-executor']);
  const others = executors.filter(({ id }) => !involved.some((known) => known.id === id));
  return [...involved, ...others];
}
