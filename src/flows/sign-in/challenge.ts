/** The second step of a sign-in: a code for a session that has proved a password so far. */

import type { SessionFacts } from '../../core/facts.ts';
import type { EpochMs } from '../../core/time.ts';
import { completeSignIn } from './complete-sign-in.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { guessCode, type CodeGuess, type CodeRefusal } from './guess-code.ts';

export type { CodeGuess, CodeRefusal } from './guess-code.ts';

/** The answer to a challenge. */
export type ChallengeAnswer =
  | { readonly ok: true; readonly session: NewSession; readonly recoveryCodesLeft: number }
  | CodeRefusal;

/**
 * Checks the code and completes the sign-in; trusts the browser where that was asked for and may
 * be. Throws the problem `not-signed-in` when the session was ended meanwhile.
 */
export async function answerChallenge(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  guess: CodeGuess & { readonly trustsDevice?: boolean },
): Promise<ChallengeAnswer> {
  const { trustsDevice = false } = guess;
  const answer = await guessCode(ctx, visit, session, guess, async (accepted) => {
    const proofs = await completeSignIn(ctx, visit, session, accepted, { trustsDevice });
    const recoveryCodesLeft = await accepted.stores.recoveryCodes.countLeft(session.principal.id);
    return { proofs, recoveryCodesLeft };
  });
  if (!answer.ok) return answer;
  const { proofs, recoveryCodesLeft } = answer.value;
  return { ok: true, session: risenSession(session, { proofs }), recoveryCodesLeft };
}

/** Until when codes are paused for this person, or null. */
export async function lockedUntil(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<EpochMs | null> {
  return ctx.stores.attempts.lockedUntil(session.principal.id, ctx.clock.now());
}

/** The same session with more proved: its age, lineage and epoch are handed on. */
export function risenSession(
  session: SessionFacts,
  { proofs }: Pick<NewSession, 'proofs'>,
): NewSession {
  const { principal, sessionEpoch, lineage, createdAt } = session;
  return { userId: principal.id, sessionEpoch, lineage, proofs, createdAt };
}
