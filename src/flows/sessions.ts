/**
 * Ending sessions. What ends one is durable before the session store hears of it, so that a store
 * that is away, or forgets, brings nothing back; every end holds on the next request everywhere.
 */

import type { SessionFacts } from '../core/facts.ts';
import type { SessionKey, UserId } from '../core/ids.ts';
import { addSeconds, type EpochMs } from '../core/time.ts';
import { StoreUnavailable, type Session, type Stores } from '../stores/types.ts';
import { eventInSession } from './audit-events.ts';
import type { FlowContext, Visit } from './flow-context.ts';

/** Ends this session, and any that it was about to become. */
export async function signOut(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.stores.transaction(async (stores) => {
    await stores.users.lock(session.principal.id);
    await revoke(ctx, stores, [session], now);
    await stores.accessChanges.note(session.principal.id, now);
    await stores.audit.append(
      eventInSession(visit, session, { at: now, type: 'session.signed-out', severity: 'info' }),
    );
  });
  await forgetting(ctx, () => ctx.sessions.remove(session.key));
}

/** Ends all sessions of this person, this one included. */
export async function signOutEverywhere(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.stores.transaction(async (stores) => {
    await endAllSessions(stores, session.principal.id, now);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.revoked',
        severity: 'notice',
        details: { scope: 'all' },
      }),
    );
  });
  await forgetSessions(ctx, session.principal.id);
}

/** Ends all sessions of this person but this one. */
export async function endOtherSessions(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<void> {
  const now = ctx.clock.now();
  const all = await ctx.sessions.listOfUser(session.principal.id, now);
  const others = all.filter((other) => other.lineage !== session.lineage);
  await endListed(ctx, visit, session, { ended: others, scope: 'others', now });
  await forgetting(ctx, () => ctx.sessions.removeOfUser(session.principal.id, session.key));
}

/** Ends one of this person's sessions. Keys of other people's sessions, or of none, do nothing. */
export async function endSession(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  key: SessionKey,
): Promise<void> {
  if (key === session.key) {
    await signOut(ctx, visit, session);
    return;
  }
  const now = ctx.clock.now();
  const all = await ctx.sessions.listOfUser(session.principal.id, now);
  const ended = all.filter((other) => other.key === key);
  if (ended.length === 0) return;
  await endListed(ctx, visit, session, { ended, scope: 'one', now });
  await forgetting(ctx, () => ctx.sessions.remove(key));
}

/** Inside a transaction: no session of the user counts any more, on any instance. */
export async function endAllSessions(stores: Stores, user: UserId, now: EpochMs): Promise<void> {
  await stores.users.lock(user);
  await stores.users.raiseSessionEpoch(user);
  await stores.accessChanges.note(user, now);
}

/** After it: removes the sessions that no longer count. */
export async function forgetSessions(ctx: FlowContext, user: UserId): Promise<void> {
  await forgetting(ctx, () => ctx.sessions.removeOfUser(user));
}

async function endListed(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  {
    ended,
    scope,
    now,
  }: { readonly ended: readonly Session[]; readonly scope: string; readonly now: EpochMs },
): Promise<void> {
  await ctx.stores.transaction(async (stores) => {
    await stores.users.lock(session.principal.id);
    await revoke(ctx, stores, ended, now);
    await stores.accessChanges.note(session.principal.id, now);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.revoked',
        severity: 'notice',
        details: { scope, sessions: ended.length },
      }),
    );
  });
}

// Kept as long as any session of the lineage could live, whatever it is rotated to meanwhile.
async function revoke(
  ctx: FlowContext,
  stores: Stores,
  sessions: readonly Pick<Session, 'lineage' | 'createdAt'>[],
  now: EpochMs,
): Promise<void> {
  const { absoluteSeconds } = ctx.config.current().sessions;
  for (const { lineage, createdAt } of sessions) {
    const expiresAt = addSeconds(Math.max(now, createdAt), absoluteSeconds);
    await stores.revokedSessions.add(lineage, expiresAt);
  }
}

// The sessions are dead already; that their store is away must not look as if they were not.
async function forgetting(ctx: FlowContext, remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable)) throw cause;
    ctx.log.warn({ err: cause }, 'ended sessions could not be removed from their store');
  }
}
