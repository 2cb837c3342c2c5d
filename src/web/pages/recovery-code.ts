/** `/challenge/recovery-code`: the second factor at sign-in, by a recovery code. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { answerChallenge, lockedUntil } from '../../flows/challenge.ts';
import { nextPage } from '../../flows/next-page.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress, pageHref } from '../onward.ts';
import type { Alternative, FieldError, RecoveryCodePage } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import {
  hasCodeShape,
  lockedSentence,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';

/** Shows the form, or sends on who has nothing left to prove. */
export async function showRecoveryCode(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);
  const page = pageWith(exchange, [], await lockedUntil(parts.flows, session));
  return showPage(page, why(exchange));
}

/** Checks the code, uses it up and raises the session. */
export async function submitRecoveryCode(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);

  const code = typedCode(exchange, 'recovery_code');
  if (!hasCodeShape('recovery-code', code)) {
    const page = pageWith(exchange, [shapeError(exchange, 'recovery-code')], null);
    return refuse(new Problem('invalid-request'), page, why(exchange));
  }

  const given = { method: 'recovery-code', code } as const;
  const answer = await answerChallenge(parts.flows, visit, session, given);
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));

  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const page = pageWith(exchange, refusalErrors(exchange, 'recovery-code', answer), until);
  return refuse(refusalProblem(exchange, answer), page, why(exchange));
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
    // The app's codes are paused with these.
    alternatives: locked === null ? alternatives(exchange) : [],
  };
}

function alternatives(exchange: Exchange<SessionFacts>): readonly Alternative[] {
  if (!exchange.session.enrolled.includes('totp')) return [];
  return [
    {
      href: pageHref(exchange, '/challenge'),
      label: exchange.parts.renderer.words.say('challenge.use-totp'),
      icon: 'phone',
    },
  ];
}

function why(exchange: Exchange): string {
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('challenge.why', { issuer });
}
