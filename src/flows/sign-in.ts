/** The first step of a sign-in: username and password. */

import type { SessionKey } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Proof } from '../core/proofs.ts';
import { sessionFactsOf } from '../core/session-facts.ts';
import type { EpochMs } from '../core/time.ts';
import type { User } from '../stores/types.ts';
import { eventAtSignIn } from './audit-events.ts';
import type { FlowContext, NewSession, Visit } from './flow-context.ts';
import { guessPassword } from './guess-password.ts';
import { nextPage } from './next-page.ts';

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

  const proofs: readonly Proof[] = [{ method: 'password', at: now, origin: 'answer' }];
  await recordPassword(ctx, visit, user, { now, proofs });
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

// Whoever still owes a second factor has not signed in: `session.signed-in` follows the challenge.
async function recordPassword(
  ctx: FlowContext,
  visit: Visit,
  user: User,
  { now, proofs }: { readonly now: EpochMs; readonly proofs: readonly Proof[] },
): Promise<void> {
  const isComplete = (await nextAfterPassword(ctx, user, { now, proofs })) !== 'challenge';
  await ctx.stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: isComplete ? 'session.signed-in' : 'session.password-accepted',
      severity: 'info',
      details: { methods: ['password'] },
    }),
  );
}

async function nextAfterPassword(
  ctx: FlowContext,
  user: User,
  { now, proofs }: { readonly now: EpochMs; readonly proofs: readonly Proof[] },
): Promise<ReturnType<typeof nextPage>> {
  const noKey = '' as SessionKey;
  const record = await ctx.stores.users.findPrincipal(user.id, noKey);
  if (record === null) return 'done';
  const { sessionEpoch } = user;
  const kept = {
    key: noKey,
    lineage: noKey,
    sessionEpoch,
    proofs,
    createdAt: now,
    lastSeenAt: now,
  };
  return nextPage(ctx, sessionFactsOf(kept, record, ctx.config.current().sessions));
}
