/** Somebody gives themselves another password. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { withProof } from '../../core/proofs.ts';
import type { PasswordRefusal } from '../../methods/method.ts';
import type { Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { assertFreshProofOfOwner } from '../fresh-proof.ts';
import { guessOwnPassword } from '../sign-in/guess-own-password.ts';
import { heldFacts, holdUser } from '../hold-user.ts';
import { endAllButThis, forgetOtherSessions } from '../sessions.ts';
import { tell } from '../tell.ts';

/** The answer to a new password. */
export type PasswordChangeAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'same-as-before' }
  | ({ readonly ok: false } & PasswordRefusal);

/**
 * Takes the new password in place of the current one, ends all other sessions and what browsers
 * remember. Throws the problems `policy-forbids` where local users are switched off,
 * `step-up-required` when the person has a second factor and has not freshly proved it, and
 * `too-many-attempts` and `too-busy` as signing in does.
 */
export async function changePassword(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { current, next }: { readonly current: string; readonly next: string },
): Promise<PasswordChangeAnswer> {
  const { local, portal } = ctx.config.current();
  // Before the password is looked at: nobody learns it by guessing from a session left open.
  await assertMayChangePassword(ctx, ctx.stores, session);
  const { username } = session.principal;
  const rules = { username, issuer: portal.issuer, lengthMin: local.minPasswordLength };
  const refusal = ctx.passwords.refusalOf(next, rules);
  if (refusal !== null) return { ok: false, ...refusal };
  const typed = { password: current, method: 'password', during: 'password-change' } as const;
  const wrong = await guessOwnPassword(ctx, visit, session, typed);
  if (wrong !== null) return { ok: false, reason: 'invalid-credentials' };
  if (next.normalize('NFC') === current.normalize('NFC')) {
    return { ok: false, reason: 'same-as-before' };
  }

  const hash = await ctx.passwords.hash(next);
  const now = ctx.clock.now();
  const risen = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    await assertMayChangePassword(ctx, stores, heldFacts(session, record));
    await stores.users.setPasswordHash(record.user.id, hash);
    const proof = { method: 'password', at: now, origin: 'answer' } as const;
    const proofs = withProof(session.proofs, proof);
    const kept = await endAllButThis(stores, session, { proofs, now });
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'user.password-changed',
        severity: 'notice',
      }),
    );
    await tell(ctx, stores, record.user, { kind: 'password-changed', at: now, visit });
    return kept;
  });
  await forgetOtherSessions(ctx, session);
  return { ok: true, session: risen };
}

/** Throws the problems that `changePassword` begins with. */
export async function assertMayChangePassword(
  ctx: Pick<FlowContext, 'clock' | 'config'>,
  stores: Pick<Stores, 'recoveryCodes'>,
  session: SessionFacts,
): Promise<void> {
  if (!ctx.config.current().local.isEnabled) {
    throw new Problem('policy-forbids', { detail: 'Passwords are kept elsewhere.' });
  }
  await assertFreshProofOfOwner(ctx, stores, session, ctx.clock.now());
}
