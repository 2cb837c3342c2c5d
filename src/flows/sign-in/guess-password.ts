/** Somebody types a password: counted, compared off the event loop, hashed anew when due. */

import { Problem } from '../../core/problem.ts';
import type { UserId } from '../../core/ids.ts';
import type { Stores, User } from '../../stores/types.ts';
import type { FlowContext, Visit } from '../flow-context.ts';

/** An id that nobody has: asking the store for it takes as long as asking for a real one. */
const nobody = 'usr_' as UserId;

/**
 * Says whether the password is the user's. Null for the user: there is none of that name, and the
 * answer is no after the same work.
 *
 * Throws the problem `too-many-attempts` when this address has guessed too often, and `too-busy`
 * when too many passwords wait to be compared. Counted by account and address together: a
 * stranger who guesses locks out nobody but their own address.
 *
 * Security: the account counts under its id, however the name was spelled (CVE-2026-47203).
 */
export async function guessPassword(
  ctx: FlowContext,
  visit: Visit,
  guess: {
    readonly user: User | null;
    readonly claimedName: string;
    readonly password: string;
  },
): Promise<boolean> {
  const { user, claimedName, password } = guess;
  const account = user?.id ?? `unknown:${claimedName}`;
  const limit = await ctx.limits.password(account, visit.ip);
  if (!limit.ok) {
    ctx.count('password', 'locked');
    const minutes = Math.ceil(limit.retryAfterSeconds / 60);
    throw new Problem('too-many-attempts', {
      detail: `Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
      retryAfterSeconds: limit.retryAfterSeconds,
    });
  }

  const hash = await ctx.stores.users.passwordHashOf(user?.id ?? nobody);
  const answer = await ctx.passwords.verify(password, hash);
  ctx.count('password', answer.ok ? 'success' : 'failure');
  if (!answer.ok || user === null) return false;

  await ctx.limits.passwordSucceeded(account, visit.ip);
  if (answer.newHash !== null && hash !== null) {
    const { newHash } = answer;
    await ctx.stores.transaction((stores) => replaceHash(stores, user.id, { hash, newHash }));
  }
  return true;
}

// The password may have been changed while the old one was being compared.
async function replaceHash(
  stores: Stores,
  user: UserId,
  { hash, newHash }: { readonly hash: string; readonly newHash: string },
): Promise<void> {
  await stores.users.lock(user);
  if ((await stores.users.passwordHashOf(user)) !== hash) return;
  await stores.users.setPasswordHash(user, newHash);
}
