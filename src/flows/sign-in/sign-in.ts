/** The first step of a sign-in: username and password. */

import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { User } from '../../stores/types.ts';
import { eventAtSignIn } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { completeWithPassword } from './complete-with-password.ts';
import { guessPassword } from './guess-password.ts';

/** The answer to username and password. */
export type SignInAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'account-disabled' };

/** What is typed. */
export interface SignInInput {
  readonly username: string;
  readonly password: string;
  /** The tenant that the person says to belong to; null: they do not say. */
  readonly tenant?: string | null;
}

/** The longest name that is looked up; nobody has a longer one. */
export const usernameCharactersMax = 64;

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
  { username, password, tenant = null }: SignInInput,
): Promise<SignInAnswer> {
  if (!ctx.config.current().local.isEnabled) {
    throw new Problem('policy-forbids', { detail: 'Signing in by password is switched off here.' });
  }
  const isName = username !== '' && username.length <= usernameCharactersMax;
  const found = isName ? await ctx.stores.users.findByUsername(username) : null;
  // Services have no password; the name of one is as good as unknown here. So is that of somebody
  // who belongs to another tenant than was said.
  const isMeant = found?.kind === 'user' && (tenant === null || found.tenant === tenant);
  const user = isMeant ? found : null;

  const isRight = await guessPassword(ctx, visit, { user, claimedName: username, password });
  const now = ctx.clock.now();
  if (!isRight || user === null) {
    await recordPasswordFailure(ctx, visit, user, { now, reason: 'wrong-credentials' });
    return { ok: false, reason: 'invalid-credentials' };
  }
  if (user.isDisabled) {
    await recordPasswordFailure(ctx, visit, user, { now, reason: 'account-disabled' });
    return { ok: false, reason: 'account-disabled' };
  }

  const proof = { method: 'password', at: now, origin: 'answer' } as const;
  const session = await ctx.stores.transaction((stores) =>
    completeWithPassword(ctx, stores, visit, user, { proof, now }),
  );
  return { ok: true, session };
}

interface PasswordFailure {
  readonly now: EpochMs;
  readonly reason: 'wrong-credentials' | 'account-disabled';
  /** What the password was typed for, where it was not plainly to sign in. */
  readonly during?: 'enroll-again';
}

/** Writes down that a password was looked at and nobody got in by it. */
export async function recordPasswordFailure(
  ctx: FlowContext,
  visit: Visit,
  user: User | null,
  { now, reason, during }: PasswordFailure,
): Promise<void> {
  await ctx.stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: 'session.sign-in-failed',
      severity: 'notice',
      details: {
        method: 'password',
        reason: user === null ? 'unknown-name' : reason,
        ...(during !== undefined && { during }),
      },
    }),
  );
}
