/** Somebody who is signed in types their password again, before a code is looked at. */

import type { SessionFacts } from '../core/facts.ts';
import type { MethodId } from '../core/proofs.ts';
import { eventInSession } from './audit-events.ts';
import type { FlowContext, Visit } from './flow-context.ts';
import type { CodeRefusal } from './guess-code.ts';
import { guessPassword } from './guess-password.ts';

/**
 * Null when the password is right. While codes are paused no password is looked at either: the
 * answer would be of no use but to somebody who guesses.
 */
export async function guessOwnPassword(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { password, method }: { readonly password: string; readonly method: MethodId },
): Promise<CodeRefusal | { readonly ok: false; readonly reason: 'invalid-credentials' } | null> {
  const { id, username } = session.principal;
  const lockedUntil = await ctx.stores.attempts.lockedUntil(id, ctx.clock.now());
  if (lockedUntil !== null) {
    ctx.count(method, 'locked');
    return { ok: false, reason: 'locked', lockedUntil };
  }
  const user = await ctx.stores.users.findById(id);
  if (await guessPassword(ctx, visit, { user, claimedName: username, password })) return null;

  await ctx.stores.audit.append(
    eventInSession(visit, session, {
      at: ctx.clock.now(),
      type: 'session.sign-in-failed',
      severity: 'warning',
      details: { method: 'password', reason: 'wrong-credentials', during: 'step-up' },
    }),
  );
  return { ok: false, reason: 'invalid-credentials' };
}
