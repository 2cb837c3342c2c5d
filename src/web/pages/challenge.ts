/** `/challenge`: the second factor at sign-in, by the code of an authenticator app. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { answerChallenge, lockedUntil } from '../../flows/challenge.ts';
import { nextPage } from '../../flows/next-page.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress, pageHref } from '../onward.ts';
import type { Alternative, ChallengePage, FieldError } from '../views.ts';
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
export async function showChallenge(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);
  if (!session.enrolled.includes('totp') && session.recoveryCodesLeft > 0) {
    return redirectTo(pageAddress(exchange, '/challenge/recovery-code'), 'second-factor-required');
  }
  const page = pageWith(exchange, [], await lockedUntil(parts.flows, session));
  return showPage(page, why(exchange));
}

/** Checks the code and raises the session. */
export async function submitChallenge(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);

  const code = typedCode(exchange, 'code');
  if (!hasCodeShape('totp', code)) {
    const page = pageWith(exchange, [shapeError(exchange, 'totp')], null);
    return refuse(new Problem('invalid-request'), page, why(exchange));
  }

  const answer = await answerChallenge(parts.flows, visit, session, { method: 'totp', code });
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));

  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const page = pageWith(exchange, refusalErrors(exchange, 'totp', answer), until);
  return refuse(refusalProblem(exchange, answer), page, why(exchange));
}

function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
  lockedUntil: EpochMs | null,
): ChallengePage {
  const { digits, periodSeconds } = exchange.config.totp;
  const locked = lockedSentence(exchange, lockedUntil);
  return {
    page: 'challenge',
    digits,
    periodSeconds,
    errors,
    locked,
    // A recovery code is paused with the others.
    alternatives: locked === null ? alternatives(exchange) : [],
  };
}

function alternatives(exchange: Exchange<SessionFacts>): readonly Alternative[] {
  if (exchange.session.recoveryCodesLeft === 0) return [];
  return [
    {
      href: pageHref(exchange, '/challenge/recovery-code'),
      label: exchange.parts.renderer.words.say('challenge.use-recovery-code'),
      icon: 'key',
    },
  ];
}

function why(exchange: Exchange): string {
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('challenge.why', { issuer });
}
