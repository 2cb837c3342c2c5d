/** Requests that end without having been executed: rejected, cancelled, overtaken, out of time. */

import { openResetStates, isResetOverdue } from '../../../core/reset-request.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import { recordResetStep, type ResetActor } from './reset-news.ts';

/** How a request ends. */
export interface ResetEnd {
  readonly to: 'rejected' | 'cancelled' | 'expired';
  readonly by: ResetActor;
  readonly at: EpochMs;
  readonly reason: string | null;
}

/**
 * Ends an open request, in the transaction at hand, and returns what it is then; null when it was
 * not open any more.
 */
export async function endRequest(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  request: ResetRequest,
  { to, by, at, reason }: ResetEnd,
): Promise<ResetRequest | null> {
  const actor = typeof by === 'string' ? null : by.session.principal;
  const byName = actor?.username ?? (by === 'cli' ? by : null);
  const end = { at, by: actor?.id ?? null, byName, reason };
  if (!(await stores.resets.move(request.id, { from: openResetStates, to, end }))) return null;
  const ended = {
    ...request,
    state: to,
    endedAt: at,
    endedBy: end.by,
    endedByName: byName,
    endReason: reason,
  };
  const details = reason === null ? {} : { reason };
  await recordResetStep(ctx, stores, ended, { step: to, by, at, details });
  return ended;
}

/** A reset on the command line was faster: there is nothing left to approve or execute. */
export async function endOvertakenRequest(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  { id }: Pick<User, 'id'>,
  now: EpochMs,
): Promise<void> {
  const open = await stores.resets.findOpenOf(id);
  if (open === null) return;
  const reason = 'reset on the command line (break-glass)';
  await endRequest(ctx, stores, open, { to: 'cancelled', by: 'cli', at: now, reason });
}

/**
 * The request about a person that something can still come of, in the transaction at hand. One
 * whose time is up ends here, so that it keeps nobody from asking anew.
 */
export async function openRequestOf(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  { id }: Pick<User, 'id'>,
  now: EpochMs,
): Promise<ResetRequest | null> {
  const open = await stores.resets.findOpenOf(id);
  if (open === null || !isResetOverdue(open, now)) return open;
  await endRequest(ctx, stores, open, { to: 'expired', by: 'system', at: now, reason: null });
  return null;
}

/** So many are ended in one go; there are more the next time. */
const atOnceMax = 100;

/** Ends the requests whose time is up, each by itself. To be called once a minute. */
export async function expireResets(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'mailWritten' | 'stores'>,
): Promise<void> {
  const now = ctx.clock.now();
  for (const request of await ctx.stores.resets.listOverdue(now, atOnceMax)) {
    const end = { to: 'expired', by: 'system', at: now, reason: null } as const;
    await ctx.stores.transaction((stores) => endRequest(ctx, stores, request, end));
  }
}
