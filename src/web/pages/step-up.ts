/**
 * `/step-up`: a fresh proof, for something that asks for one: a passkey that verified the person,
 * or the password and any other second factor.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { lockedUntil } from '../../flows/sign-in/challenge.ts';
import { stepUpWithPasskey } from '../../flows/sign-in/answer-passkey.ts';
import { stepUp } from '../../flows/sign-in/step-up.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { destinationAddress, pageAddress } from '../onward.ts';
import type { FieldError } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import {
  type CodeKind,
  hasCodeShape,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';
import { passkeyError, passkeyProblem, type PasskeyFault, sentPasskey } from './passkey-answers.ts';
import { methodAsked, stepUpPage, whyStepUp } from './step-up-pages.ts';

/** Shows the form; usable by hand, without anything that asked for it. */
export async function showStepUp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const method = methodAsked(exchange, exchange.query.get('method'));
  if (method === null) return nothingToAnswerWith(exchange);
  const until = await lockedUntil(exchange.parts.flows, exchange.session);
  const page = await stepUpPage(exchange, method, { until });
  return showPage(page, whyStepUp(exchange, page));
}

/** Checks what was given and dates the session's proofs anew. */
export async function submitStepUp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { form } = exchange;
  const given = ['passkey', 'code', 'recovery_code'].find((field) => form.has(field));
  const method = methodAsked(exchange, methodOfField[given ?? ''] ?? null);
  if (method === null) return nothingToAnswerWith(exchange);
  return method === 'webauthn' ? submitPasskey(exchange) : submitCode(exchange, method);
}

const methodOfField: Readonly<Record<string, string>> = {
  passkey: 'webauthn',
  code: 'totp',
  recovery_code: 'recovery-code',
};

/** What would help is still to be set up. */
function nothingToAnswerWith(exchange: Exchange): Answer {
  return redirectTo(pageAddress(exchange, '/enroll'), 'enrollment-required');
}

async function submitPasskey(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const response = sentPasskey(exchange);
  if (response === '') return refusePasskey(exchange, 'none-sent');

  const typed = form.get('password') ?? '';
  const given = { response, password: typed === '' ? null : typed };
  const answer = await stepUpWithPasskey(parts.flows, visit, session, given);
  if (answer.ok) {
    await exchange.rise(answer.session);
    return redirectTo(destinationAddress(exchange));
  }
  if (await wasAnsweredElsewhere(exchange, answer)) return redirectTo(destinationAddress(exchange));
  return refusePasskey(exchange, answer.reason);
}

async function refusePasskey(
  exchange: Exchange<SessionFacts>,
  reason: PasskeyFault | 'invalid-credentials' | 'password-needed',
): Promise<Answer> {
  const until = await lockedUntil(exchange.parts.flows, exchange.session);
  const asksForPassword = reason === 'password-needed' || exchange.form.has('password');
  // A missing password is nobody's mistake: the page says why it is asked for now.
  const errors = reason === 'password-needed' ? [] : [errorFor(exchange, reason, asksForPassword)];
  const page = await stepUpPage(exchange, 'webauthn', { until, errors, asksForPassword });
  return refuse(problemFor(reason), page, whyStepUp(exchange, page));
}

function errorFor(
  exchange: Exchange,
  reason: PasskeyFault | 'invalid-credentials',
  asksForPassword: boolean,
): FieldError {
  if (reason === 'none-sent' || reason === 'expired') return passkeyError(exchange, reason);
  // One sentence for a wrong password and a wrong passkey.
  const { say } = exchange.parts.renderer.words;
  return asksForPassword
    ? { field: null, message: say('step-up-passkey.wrong') }
    : passkeyError(exchange, 'not-accepted');
}

function problemFor(reason: PasskeyFault | 'invalid-credentials' | 'password-needed'): Problem {
  if (reason === 'password-needed') return new Problem('invalid-request');
  return passkeyProblem(reason === 'invalid-credentials' ? 'not-accepted' : reason);
}

async function submitCode(exchange: Exchange<SessionFacts>, kind: CodeKind): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const password = form.get('password') ?? '';
  const code = typedCode(exchange, kind === 'totp' ? 'code' : 'recovery_code');
  const omissions = omissionsIn(exchange, kind, password, code);
  if (omissions.length > 0) {
    const page = await stepUpPage(exchange, kind, { errors: omissions });
    return refuse(new Problem('invalid-request'), page, whyStepUp(exchange, page));
  }

  const answer = await stepUp(parts.flows, visit, session, { password, method: kind, code });
  if (answer.ok) {
    await exchange.rise(answer.session);
    return redirectTo(destinationAddress(exchange));
  }
  if (await wasAnsweredElsewhere(exchange, answer)) return redirectTo(destinationAddress(exchange));

  const { say } = parts.renderer.words;
  if (answer.reason === 'invalid-credentials' || answer.reason === 'wrong-code') {
    // One sentence for a wrong password and a wrong code.
    const errors = [{ field: null, message: say('step-up.wrong') }];
    const page = await stepUpPage(exchange, kind, { errors });
    return refuse(new Problem('invalid-credentials'), page, whyStepUp(exchange, page));
  }
  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const errors = refusalErrors(exchange, kind, answer);
  const page = await stepUpPage(exchange, kind, { errors, until });
  return refuse(refusalProblem(exchange, answer), page, whyStepUp(exchange, page));
}

function omissionsIn(
  exchange: Exchange,
  kind: CodeKind,
  password: string,
  code: string,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (password === '') {
    const message = exchange.parts.renderer.words.say('sign-in.no-password');
    errors.push({ field: 'password', message });
  }
  if (!hasCodeShape(kind, code)) errors.push(shapeError(exchange, kind));
  return errors;
}
