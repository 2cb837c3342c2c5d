/**
 * Ending sessions. What ends one is durable before the session store hears of it, so that a store
 * that is away, or forgets, brings nothing back; every end holds on the next request everywhere.
 */

import assert from 'node:assert/strict';

import type { SessionFacts } from '../core/facts.ts';
import type { SessionKey, UserId } from '../core/ids.ts';
import type { Proof } from '../core/proofs.ts';
import { addSeconds, type EpochMs } from '../core/time.ts';
import { StoreUnavailable, type Session, type Stores } from '../stores/types.ts';
import { eventInSession } from './audit-events.ts';
import type { FlowContext, NewSession, Visit } from './flow-context.ts';
import { assertFreshProofOfOwner } from './fresh-proof.ts';
import { heldFacts, holdUser } from './hold-user.ts';

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

/**
 * Ends all sessions of this person, this one included.
 *
 * In one step, without a fresh proof, like ending all others: whoever is frightened must not be
 * stopped to look for their phone. A thief who does it gains nothing but that the owner is asked
 * to sign in, and so learns of it. Picking off single sessions can wait for a confirmation.
 */
export async function signOutEverywhere(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.stores.transaction(async (stores) => {
    await holdUser(stores, session);
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

/**
 * Ends all sessions of this person but this one, and every token: those are listed nowhere, so that
 * it is the epoch that ends them. The answer is what this session goes on as.
 */
export async function endOtherSessions(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<NewSession> {
  const now = ctx.clock.now();
  const all = await ctx.sessions.listOfUser(session.principal.id, now);
  const others = all.filter((other) => other.lineage !== session.lineage);
  const next = await ctx.stores.transaction(async (stores) => {
    await holdUser(stores, session);
    const risen = await underNewEpoch(stores, session, now);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.revoked',
        severity: 'notice',
        details: { scope: 'others', sessions: others.length },
      }),
    );
    return risen;
  });
  await forgetOtherSessions(ctx, session);
  return next;
}

/**
 * Ends one of this person's sessions. Keys of other people's sessions, or of none, do nothing.
 * Throws the problem `step-up-required` when it is another than this one and the person has a
 * second factor that was not freshly proved (ASVS 5.0 §7.5.2).
 */
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
  await endListed(ctx, visit, session, { ended, now });
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

/**
 * Inside a transaction: ends all sessions of the person and what their browsers remember, and says
 * what the session at hand goes on as, with these proofs and under a new epoch.
 *
 * By the epoch and not one by one: a sign-in that is in flight, or that its store forgot to list,
 * rests on what was changed as well.
 */
export async function endAllButThis(
  stores: Stores,
  session: SessionFacts,
  { proofs, now }: { readonly proofs: readonly Proof[]; readonly now: EpochMs },
): Promise<NewSession> {
  const next = await underNewEpoch(stores, session, now);
  await stores.devices.distrustAll(session.principal.id);
  return { ...next, proofs: proofs.filter((proof) => proof.origin !== 'remembered') };
}

/** Inside a transaction: ends everything of the person, and says what this session goes on as. */
async function underNewEpoch(
  stores: Stores,
  { principal, lineage, proofs, createdAt }: SessionFacts,
  now: EpochMs,
): Promise<NewSession> {
  await endAllSessions(stores, principal.id, now);
  const user = await stores.users.findById(principal.id);
  assert.ok(user !== null, 'the record is held');
  return { userId: user.id, sessionEpoch: user.sessionEpoch, lineage, proofs, createdAt };
}

/** After it: removes the sessions that no longer count, but the one that goes on. */
export async function forgetOtherSessions(ctx: FlowContext, session: SessionFacts): Promise<void> {
  await forgetting(ctx, () => ctx.sessions.removeOfUser(session.principal.id, session.key));
}

/** After it: removes these sessions, which no longer count. */
export async function forgetListed(ctx: FlowContext, ended: readonly Session[]): Promise<void> {
  await forgetting(ctx, async () => {
    for (const { key } of ended) await ctx.sessions.remove(key);
  });
}

async function endListed(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { ended, now }: { readonly ended: readonly Session[]; readonly now: EpochMs },
): Promise<void> {
  await ctx.stores.transaction(async (stores) => {
    const held = heldFacts(session, await holdUser(stores, session));
    await assertFreshProofOfOwner(ctx, stores, held, now);
    await revoke(ctx, stores, ended, now);
    await stores.accessChanges.note(session.principal.id, now);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.revoked',
        severity: 'notice',
        details: { scope: 'one', sessions: ended.length },
      }),
    );
  });
}

/**
 * Inside a transaction: these sessions do not count any more. Kept as long as any session of the
 * lineage could live, whatever it is rotated to meanwhile.
 */
export async function revoke(
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
