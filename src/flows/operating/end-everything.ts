/**
 * Ends whatever was given out to anybody: sessions, tokens, one-time links, trust in browsers, and
 * requests that wait. For the days on which nobody can say any more what of it is rightly held.
 */

import { defaultTenant } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import type { Withdrawn } from '../../stores/types/restoring.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';

/** What was ended beside sessions and tokens, which are not counted. */
export interface Ended extends Withdrawn {
  readonly resets: number;
}

const pageSize = 500;

/** Ends it, with an audit event that says why. Open WebSockets and streams end with it. */
export async function endEverything(
  ctx: Pick<FlowContext, 'clock' | 'stores'>,
  { reason }: { readonly reason: string },
): Promise<Ended> {
  const now = ctx.clock.now();
  return await ctx.stores.transaction(async (stores) => {
    const ended = await endAllInTransaction(stores, now, reason);
    await stores.audit.append(
      eventOnCommandLine(
        { id: null, tenant: defaultTenant },
        {
          at: now,
          type: 'access.withdrawn',
          severity: 'high',
          details: { reason, ...ended },
        },
      ),
    );
    return ended;
  });
}

/** The same inside a transaction, without the event; `why` is for the requests that are cancelled. */
export async function endAllInTransaction(
  stores: Stores,
  now: EpochMs,
  why: string,
): Promise<Ended> {
  // Later than any epoch that was ever given out: those were counted up from an earlier instant.
  await stores.users.liftAllSessionEpochs(now);
  const withdrawn = await stores.restoring.withdrawAll();
  const resets = await cancelResets(stores, now, why);
  for (const { id } of await stores.tenants.list()) await stores.accessChanges.note(id, now);
  return { ...withdrawn, resets };
}

/** Whoever still wants a reset asks for it again. */
async function cancelResets(stores: Stores, now: EpochMs, reason: string): Promise<number> {
  let cancelled = 0;
  for (;;) {
    const open = await stores.resets.listOverdue(Number.MAX_SAFE_INTEGER, pageSize);
    for (const request of open) {
      await stores.resets.move(request.id, {
        from: ['pending', 'approved'],
        to: 'cancelled',
        end: { at: now, by: null, byName: 'cli', reason },
      });
      await stores.audit.append(
        eventOnCommandLine(
          { id: request.userId, tenant: request.tenant },
          {
            at: now,
            type: 'reset.cancelled',
            severity: 'high',
            details: { username: request.username, request: request.id, reason },
          },
        ),
      );
    }
    cancelled += open.length;
    if (open.length < pageSize) return cancelled;
  }
}
