/** Switching the second step off: everything that was enrolled goes, at once. */

import type { SessionFacts } from '../../core/facts.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import { mustHaveSecondFactor } from '../../core/policy/removal.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PrincipalRecord, Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { assertFreshPasskey } from '../fresh-proof.ts';
import { guessCode, type CodeGuess, type CodeRefusal } from '../sign-in/guess-code.ts';
import { guessOwnPassword } from '../sign-in/guess-own-password.ts';
import { heldFacts, holdUser } from '../hold-user.ts';
import { endAllButThis, forgetOtherSessions } from '../sessions.ts';
import { tell } from '../tell.ts';

/** The answer to switching the second step off. */
export type DisableAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'invalid-credentials' }
  | CodeRefusal;

/**
 * What is typed: the password, and a code. `webauthn` stands for a passkey that was just used for
 * a step-up, in place of the code.
 */
export type DisableProof = { readonly password: string } & (
  | CodeGuess
  | { readonly method: 'webauthn' }
);

/**
 * Removes all authenticators, recovery codes and what browsers remember, and ends all other
 * sessions. This one goes on with what it takes from now on: the password.
 *
 * Throws the problem `policy-forbids` for somebody who must have a second factor,
 * `enrollment-required` where there is nothing to switch off, and `step-up-required` where the
 * passkey was not just used.
 */
export async function disableMfa(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  proof: DisableProof,
): Promise<DisableAnswer> {
  assertMayDisable(ctx, session);
  const { password, method } = proof;
  if (method === 'webauthn') assertFreshPasskey(ctx, session, ctx.clock.now());
  const refusal = await guessOwnPassword(ctx, visit, session, { password, method });
  if (refusal !== null) return refusal;

  const answer =
    method === 'webauthn'
      ? await withPasskey(ctx, visit, session)
      : await guessCode(ctx, visit, session, proof, ({ stores, record, now }) =>
          disable(ctx, stores, visit, { session, record, now }),
        );
  if (!answer.ok) return answer;
  await forgetOtherSessions(ctx, session);
  return { ok: true, session: answer.value };
}

/** Says whether the page has anything to offer: something is there, and nothing obliges to it. */
export function mayDisableMfa(ctx: Pick<FlowContext, 'config'>, session: SessionFacts): boolean {
  const { policy } = ctx.config.current();
  return usableSecondFactors(session, policy).length > 0 && !mustHaveSecondFactor(session, policy);
}

async function withPasskey(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<{ readonly ok: true; readonly value: NewSession }> {
  const now = ctx.clock.now();
  const value = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    assertFreshPasskey(ctx, heldFacts(session, record), now);
    return disable(ctx, stores, visit, { session, record, now });
  });
  return { ok: true, value };
}

// Asked again under the held record: an obligation may have come about since the page was shown.
async function disable(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  at: { readonly session: SessionFacts; readonly record: PrincipalRecord; readonly now: EpochMs },
): Promise<NewSession> {
  const { session, record, now } = at;
  assertMayDisable(ctx, heldFacts(session, record));
  const { id } = session.principal;
  const authenticators = await stores.authenticators.removeOfUser(id);
  const recoveryCodes = await stores.recoveryCodes.countLeft(id);
  await stores.recoveryCodes.removeOfUser(id);
  const proofs = [{ method: 'password', at: now, origin: 'answer' }] as const;
  const next = await endAllButThis(stores, session, { proofs, now });
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'mfa.disabled',
      severity: 'warning',
      details: { authenticators, recoveryCodes },
    }),
  );
  await tell(ctx, stores, record.user, { kind: 'mfa-disabled', at: now, visit });
  return next;
}

/** Throws the problems that `disableMfa` begins with. */
export function assertMayDisable(ctx: Pick<FlowContext, 'config'>, session: SessionFacts): void {
  const { policy } = ctx.config.current();
  if (mustHaveSecondFactor(session, policy)) {
    throw new Problem('policy-forbids', {
      detail: 'Your organisation asks you for a second step, so it cannot be switched off.',
    });
  }
  if (usableSecondFactors(session, policy).length === 0) throw new Problem('enrollment-required');
}
