/** `/challenge`: the second factor at sign-in, by a passkey or the code of an authenticator app. */

import type { SessionFacts } from '../../core/facts.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import { Problem } from '../../core/problem.ts';
import { answerChallenge, lockedUntil } from '../../flows/sign-in/challenge.ts';
import { answerChallengeWithPasskey } from '../../flows/sign-in/answer-passkey.ts';
import { nextPage } from '../../flows/next-page.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress } from '../onward.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import { challengePage, whyChallenged } from './challenge-pages.ts';
import {
  hasCodeShape,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';
import { passkeyError, passkeyProblem, type PasskeyFault, sentPasskey } from './passkey-answers.ts';
import { wantsTrust } from './trust-offer.ts';

/** Shows the form, or sends on who has nothing left to prove. */
export async function showChallenge(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, query } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);
  const until = await lockedUntil(parts.flows, session);
  // The strongest first; codes for whoever asks for them, or has nothing else.
  const method = query.get('method') === 'totp' ? 'totp' : 'webauthn';
  const page = await challengePage(exchange, method, [], until);
  return showPage(page, whyChallenged(exchange, page));
}

/** Checks the passkey or the code and raises the session. */
export async function submitChallenge(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, form } = exchange;
  if (nextPage(parts.flows, session) !== 'challenge') return onward(exchange, session);
  const usable = usableSecondFactors(session, exchange.config.policy);
  return form.has('passkey') || !usable.includes('totp')
    ? submitPasskey(exchange)
    : submitCode(exchange);
}

async function submitPasskey(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  const response = sentPasskey(exchange);
  if (response === '') return refusePasskey(exchange, 'none-sent');

  const answer = await answerChallengeWithPasskey(parts.flows, visit, session, response, {
    trustsDevice: wantsTrust(exchange),
  });
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));
  return refusePasskey(exchange, answer.reason);
}

async function refusePasskey(
  exchange: Exchange<SessionFacts>,
  fault: PasskeyFault,
): Promise<Answer> {
  const until = await lockedUntil(exchange.parts.flows, exchange.session);
  const page = await challengePage(exchange, 'webauthn', [passkeyError(exchange, fault)], until);
  return refuse(passkeyProblem(fault), page, whyChallenged(exchange, page));
}

async function submitCode(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  const code = typedCode(exchange, 'code');
  if (!hasCodeShape('totp', code)) {
    const page = await challengePage(exchange, 'totp', [shapeError(exchange, 'totp')], null);
    return refuse(new Problem('invalid-request'), page, whyChallenged(exchange, page));
  }

  const guess = { method: 'totp', code, trustsDevice: wantsTrust(exchange) } as const;
  const answer = await answerChallenge(parts.flows, visit, session, guess);
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));

  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const errors = refusalErrors(exchange, 'totp', answer);
  const page = await challengePage(exchange, 'totp', errors, until);
  return refuse(refusalProblem(exchange, answer), page, whyChallenged(exchange, page));
}
