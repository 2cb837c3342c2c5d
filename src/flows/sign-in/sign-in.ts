/** The first step of a sign-in: username and password. */

import type { NewAuditEvent } from '../../core/audit-event.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { SessionKey } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { Proof } from '../../core/proofs.ts';
import { sessionFactsOf } from '../../core/session-facts.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores, User } from '../../stores/types.ts';
import { eventAtSignIn } from '../audit-events.ts';
import { noteSignIn, rememberedProof } from './devices.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { guessPassword } from './guess-password.ts';
import { nextPage } from '../next-page.ts';

/** The answer to username and password. */
export type SignInAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'account-disabled' };

/** The longest name that is looked up; nobody has a longer one. */
const usernameCharactersMax = 64;

/**
 * Checks username and password. That an account is disabled is told only to who knows its
 * password. Throws the problems `too-many-attempts`, `too-busy` and, where local users are
 * switched off, `policy-forbids`.
 *
 * A failure is audited only when the password was looked at: limits and the queue in front of the
 * hasher so bound what a flood of guesses can write.
 *
 * Security: an unknown name, a wrong password and an account without one take the same way and
 * the same time to the same answer (ASVS 5.0 §6.3.8).
 */
export async function signIn(
  ctx: FlowContext,
  visit: Visit,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<SignInAnswer> {
  if (!ctx.config.current().local.isEnabled) {
    throw new Problem('policy-forbids', { detail: 'Signing in by password is switched off here.' });
  }
  const isName = username !== '' && username.length <= usernameCharactersMax;
  const found = isName ? await ctx.stores.users.findByUsername(username) : null;
  // Services have no password; the name of one is as good as unknown here.
  const user = found?.kind === 'user' ? found : null;

  const isRight = await guessPassword(ctx, visit, { user, claimedName: username, password });
  const now = ctx.clock.now();
  if (!isRight || user === null) {
    await recordFailure(ctx, visit, user, { now, reason: 'wrong-credentials' });
    return { ok: false, reason: 'invalid-credentials' };
  }
  if (user.isDisabled) {
    await recordFailure(ctx, visit, user, { now, reason: 'account-disabled' });
    return { ok: false, reason: 'account-disabled' };
  }

  const proofs = await completeWithPassword(ctx, visit, user, now);
  const { sessionEpoch } = user;
  const session = { userId: user.id, sessionEpoch, lineage: null, proofs, createdAt: now };
  return { ok: true, session };
}

async function recordFailure(
  ctx: FlowContext,
  visit: Visit,
  user: User | null,
  { now, reason }: { readonly now: EpochMs; readonly reason: string },
): Promise<void> {
  await ctx.stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: 'session.sign-in-failed',
      severity: 'notice',
      details: { method: 'password', reason: user === null ? 'unknown-name' : reason },
    }),
  );
}

/**
 * What the session starts with: the password and, where this browser is trusted, what it
 * remembers. Whoever still owes a second factor has not signed in: `session.signed-in`, and the
 * note of browser and place, follow the challenge.
 *
 * Security: the record is held and read anew, because it may have changed while the password was
 * compared. A sign-in that a reset or a new password overtook comes to nothing.
 */
async function completeWithPassword(
  ctx: FlowContext,
  visit: Visit,
  user: User,
  now: EpochMs,
): Promise<readonly Proof[]> {
  return ctx.stores.transaction(async (stores) => {
    const facts = await factsByPassword(ctx, stores, user, now);
    const remembered =
      nextPage(ctx, facts) === 'challenge'
        ? await rememberedProof(ctx, stores, visit, facts, now)
        : null;
    const proofs = remembered === null ? facts.proofs : [...facts.proofs, remembered];
    const isComplete = nextPage(ctx, { ...facts, proofs }) !== 'challenge';
    if (isComplete) await noteSignIn(ctx, stores, visit, user, now);
    // Last, because everybody waits for the end of the chain.
    await stores.audit.append(
      eventAtSignIn(visit, user, {
        at: now,
        type: isComplete ? 'session.signed-in' : 'session.password-accepted',
        severity: 'info',
        details: { methods: ['password'], ...(isComplete && detailsOf(remembered)) },
      }),
    );
    return isComplete ? proofs : facts.proofs;
  });
}

/** The facts of the session to be, as its password alone makes them. */
async function factsByPassword(
  ctx: FlowContext,
  stores: Stores,
  { id, sessionEpoch }: User,
  now: EpochMs,
): Promise<SessionFacts> {
  const key = '' as SessionKey;
  await stores.users.lock(id);
  const record = await stores.users.findPrincipal(id, key);
  if (record === null || record.user.isDisabled || record.user.sessionEpoch !== sessionEpoch) {
    throw new Problem('not-signed-in', { detail: 'The account was changed. Sign in again.' });
  }
  const proofs: readonly Proof[] = [{ method: 'password', at: now, origin: 'answer' }];
  const kept = { key, lineage: key, sessionEpoch, proofs, createdAt: now, lastSeenAt: now };
  return sessionFactsOf(kept, record, ctx.config.current().sessions);
}

function detailsOf(remembered: Proof | null): NewAuditEvent['details'] {
  if (remembered?.deviceId === undefined) return {};
  return { remembered: remembered.method, device: remembered.deviceId };
}
