/** Somebody who is signed in types their password again, beside a code, a passkey or a new one. */

import type { SessionFacts } from '../../core/facts.ts';
import type { MethodId } from '../../core/proofs.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import type { CodeRefusal } from './guess-code.ts';
import { guessPassword } from './guess-password.ts';

/** For the audit event, what the password was typed for. */
type Occasion = 'step-up' | 'password-change';

/**
 * Null when the password is right. While codes are paused, no password is looked at beside one
 * either: the answer would be of no use but to somebody who guesses. Beside a passkey, or in a
 * session that has proved a second factor already, it is: codes that a stranger locked must not
 * lock the owner out (G7).
 */
export async function guessOwnPassword(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  {
    password,
    method,
    during = 'step-up',
  }: { readonly password: string; readonly method: MethodId; readonly during?: Occasion },
): Promise<CodeRefusal | { readonly ok: false; readonly reason: 'invalid-credentials' } | null> {
  const { id, username } = session.principal;
  const isCodeAsked = method === 'totp' || method === 'recovery-code';
  const lockedUntil = isCodeAsked
    ? await ctx.stores.attempts.lockedUntil(id, ctx.clock.now())
    : null;
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
      details: { method: 'password', reason: 'wrong-credentials', during },
    }),
  );
  return { ok: false, reason: 'invalid-credentials' };
}
