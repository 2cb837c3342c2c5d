/** The last step of a reset, in the transaction at hand: what it takes away, and what it opens. */

import type { UserId } from '../../../core/ids.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { HeldAdministrator } from '../administrator.ts';
import { type EnrollmentWay, guardEnrollment, type OpenedEnrollment } from './enroll-again.ts';
import { type Erased, eraseSecondFactors } from './erase.ts';
import { conflict } from './held-request.ts';
import { approvalsInWords, proofingInWords, recordResetStep } from './reset-news.ts';

/** What came of carrying a reset out. */
export interface ResetExecution extends OpenedEnrollment {
  readonly removed: Erased;
}

/**
 * Carries out an approved request whose record, and whose person's, are held. Throws the problem
 * `conflict` when somebody else was faster.
 */
export async function carryOut(
  ctx: FlowContext,
  stores: Stores,
  {
    actor,
    target,
    request,
    way,
  }: {
    readonly actor: HeldAdministrator;
    readonly target: User;
    readonly request: ResetRequest;
    readonly way: EnrollmentWay;
  },
): Promise<{ readonly request: ResetRequest; readonly execution: ResetExecution }> {
  const { now } = actor;
  const { id, username } = actor.session.principal;
  const ending = { at: now, by: id, byName: username, reason: null };
  // First of all, so that nothing is removed by whoever comes second.
  const move = { from: ['approved'], to: 'executed', end: ending } as const;
  if (!(await stores.resets.move(request.id, move))) {
    throw conflict({ state: 'executed' }, 'This reset was carried out already.');
  }
  const removed = await eraseSecondFactors(ctx, stores, target, now);
  const opened = await guardEnrollment(ctx, stores, actor, target, { way, now });
  const executed = { ...request, ...endedAs(now, id, username) };
  const details = {
    reason: request.reason,
    requestedBy: request.requestedByName,
    approvedBy: approvalsInWords(request),
    proofing: proofingInWords(request),
    enrollment: way,
    ...removed,
  };
  await recordResetStep(ctx, stores, executed, { step: 'executed', by: actor, at: now, details });
  return { request: executed, execution: { ...opened, removed } };
}

function endedAs(endedAt: EpochMs, endedBy: UserId, endedByName: string) {
  return { state: 'executed', endedAt, endedBy, endedByName, endReason: null } as const;
}
