/** `/challenge/recovery-code`: the second factor at sign-in, by a recovery code. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { answerChallenge, lockedUntil } from '../../flows/sign-in/challenge.ts';
import { nextPage } from '../../flows/next-page.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress } from '../onward.ts';
import type { FieldError, RecoveryCodePage } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import { challengeLinks, challengePage, hasPasskey, whyChallenged } from './challenge-pages.ts';
import {
  hasCodeShape,
  lockedSentence,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';
import { afterRecoveryCode } from './lost-authenticator.ts';

/** Shows the form, or sends on who has nothing left to prove. */
export async function showRecoveryCode(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);
  const until = await lockedUntil(parts.flows, session);
  // Recovery codes are paused with the app's; a passkey is not.
  if (until !== null && hasPasskey(exchange)) {
    return redirectTo(pageAddress(exchange, '/challenge'), 'second-factor-required');
  }
  const page = pageWith(exchange, [], until);
  return showPage(page, whyChallenged(exchange, page));
}

/** Checks the code, uses it up and raises the session. */
export async function submitRecoveryCode(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);

  const code = typedCode(exchange, 'recovery_code');
  if (!hasCodeShape('recovery-code', code)) {
    const page = pageWith(exchange, [shapeError(exchange, 'recovery-code')], null);
    return refuse(new Problem('invalid-request'), page, whyChallenged(exchange, page));
  }

  const given = { method: 'recovery-code', code } as const;
  const answer = await answerChallenge(parts.flows, visit, session, given);
  if (answer.ok) return afterRecoveryCode(exchange, await exchange.rise(answer.session));
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));

  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const page =
    until !== null && hasPasskey(exchange)
      ? await challengePage(exchange, 'webauthn', [], until)
      : pageWith(exchange, refusalErrors(exchange, 'recovery-code', answer), until);
  return refuse(refusalProblem(exchange, answer), page, whyChallenged(exchange, page));
}

function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
  lockedUntil: EpochMs | null,
): RecoveryCodePage {
  const locked = lockedSentence(exchange, lockedUntil);
  return {
    page: 'recovery-code',
    errors,
    locked,
    codesLeft: exchange.session.recoveryCodesLeft,
    alternatives: challengeLinks(exchange, 'recovery-code', locked),
  };
}
