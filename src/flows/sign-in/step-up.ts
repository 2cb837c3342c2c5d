/** Password and second factor again, inside a live session, for what asks for a fresh proof. */

import type { SessionFacts } from '../../core/facts.ts';
import { withProof } from '../../core/proofs.ts';
import { eventInSession, methodsOf } from '../audit-events.ts';
import { risenSession } from './challenge.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { guessCode, type CodeGuess, type CodeRefusal } from './guess-code.ts';
import { guessOwnPassword } from './guess-own-password.ts';

/** The answer to a step-up. */
export type StepUpAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'invalid-credentials' }
  | CodeRefusal;

/**
 * Checks password, then code, and dates both proofs anew. A wrong password leaves the code unused
 * and uncounted. Throws as `signIn` does, and the problem `not-signed-in` when the session was
 * ended meanwhile.
 */
export async function stepUp(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { password, ...guess }: CodeGuess & { readonly password: string },
): Promise<StepUpAnswer> {
  const refusal = await guessOwnPassword(ctx, visit, session, { password, method: guess.method });
  if (refusal !== null) return refusal;

  const answer = await guessCode(ctx, visit, session, guess, async ({ stores, proof, now }) => {
    const fresh = withProof(session.proofs, { method: 'password', at: now, origin: 'answer' });
    const proofs = withProof(fresh, proof);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.stepped-up',
        severity: 'info',
        details: { methods: methodsOf(proofs.slice(-2)) },
      }),
    );
    return proofs;
  });
  return answer.ok
    ? { ok: true, session: risenSession(session, { proofs: answer.value }) }
    : answer;
}
