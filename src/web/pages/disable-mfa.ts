/** `/account/disable-mfa`: switching the second step off, by password and second factor. */

import type { SessionFacts } from '../../core/facts.ts';
import { answersOf } from '../../core/policy/decide.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { lockedUntil } from '../../flows/sign-in/challenge.ts';
import { codeShapeOf } from '../../flows/sign-in/code-shape.ts';
import {
  assertMayDisable,
  disableMfa,
  type DisableProof,
} from '../../flows/account/disable-mfa.ts';
import { hasFreshPasskey, hasFreshProof } from '../../flows/fresh-proof.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { destinationAddress, ownAddress, pageHref } from '../onward.ts';
import type { Alternative, DisableMfaPage, FieldError } from '../views.ts';
import { accountAfter } from './account.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import {
  hasCodeShape,
  lockedSentence,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';

type Method = DisableMfaPage['method'];

/** Shows the form, where nothing obliges to a second step and there is one. */
export async function showDisableMfa(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, query } = exchange;
  assertMayDisable(parts.flows, session);
  const method = methodShown(exchange, query.get('method'));
  return showPage(await pageWith(exchange, method, [], await lockedUntil(parts.flows, session)));
}

/** Switches it off. */
export async function submitDisableMfa(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  assertMayDisable(parts.flows, session);
  const proof = typedProof(exchange);
  const omissions = omissionsIn(exchange, proof);
  if (omissions.length > 0) {
    const page = await pageWith(exchange, proof.method, omissions, null);
    return refuse(new Problem('invalid-request'), page);
  }

  const answer = await disableMfa(parts.flows, visit, session, proof);
  if (answer.ok) {
    await exchange.rise(answer.session);
    return accountAfter(exchange, 'mfa-disabled');
  }
  if (await wasAnsweredElsewhere(exchange, answer)) return redirectTo(destinationAddress(exchange));
  if (answer.reason === 'invalid-credentials' || answer.reason === 'wrong-code') {
    // One sentence for a wrong password and a wrong code.
    const { say } = parts.renderer.words;
    const isAlone = proof.method === 'webauthn';
    const wrong = { field: null, message: say(isAlone ? 'password.wrong' : 'step-up.wrong') };
    return refuse(
      new Problem('invalid-credentials'),
      await pageWith(exchange, proof.method, [wrong], null),
    );
  }
  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const errors = proof.method === 'webauthn' ? [] : refusalErrors(exchange, proof.method, answer);
  return refuse(
    refusalProblem(exchange, answer),
    await pageWith(exchange, proof.method, errors, until),
  );
}

/**
 * What is asked for beside the password: nothing of whoever has just used a passkey, else a code.
 * Throws the problem `step-up-required` where only a passkey is left to ask for.
 */
function methodShown(exchange: Exchange<SessionFacts>, asked: string | null): Method {
  const { parts, config, session, now } = exchange;
  const has = answersOf(session, config.policy);
  if (asked === 'recovery-code' && has.includes('recovery-code')) return 'recovery-code';
  if (hasFreshPasskey(parts.flows, session, now)) return 'webauthn';
  if (has.includes('totp')) return 'totp';
  // A step-up by a recovery code is no reason to be sent to another one.
  if (has.includes('recovery-code') && hasFreshProof(parts.flows, session, now)) {
    return 'recovery-code';
  }
  throw new Problem('step-up-required');
}

/** By the fields that came: nothing but a password stands for a passkey that was just used. */
function typedProof(exchange: Exchange): DisableProof {
  const { form } = exchange;
  const password = form.get('password') ?? '';
  if (form.has('recovery_code')) {
    return { password, method: 'recovery-code', code: typedCode(exchange, 'recovery_code') };
  }
  if (form.has('code')) return { password, method: 'totp', code: typedCode(exchange, 'code') };
  return { password, method: 'webauthn' };
}

function omissionsIn(exchange: Exchange, proof: DisableProof): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (proof.password === '') {
    const message = exchange.parts.renderer.words.say('sign-in.no-password');
    errors.push({ field: 'password', message });
  }
  if (proof.method !== 'webauthn' && !hasCodeShape(proof.method, proof.code)) {
    errors.push(shapeError(exchange, proof.method));
  }
  return errors;
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  method: Method,
  errors: readonly FieldError[],
  until: EpochMs | null,
): Promise<DisableMfaPage> {
  const { parts, session } = exchange;
  const { digits, periodSeconds } = await codeShapeOf(parts.flows, session.principal.id);
  const locked = method === 'webauthn' ? null : lockedSentence(exchange, until);
  return {
    page: 'disable-mfa',
    method,
    digits,
    periodSeconds,
    errors,
    locked,
    alternatives: alternatives(exchange, method, locked),
  };
}

function alternatives(
  exchange: Exchange<SessionFacts>,
  shown: Method,
  locked: string | null,
): readonly Alternative[] {
  const { say } = exchange.parts.renderer.words;
  const here = pageHref(exchange, '/account/disable-mfa');
  const byPasskey = { ...exchange, returnTo: ownAddress(exchange) };
  const all: Readonly<Record<Method, Alternative>> = {
    webauthn: {
      href: pageHref(byPasskey, '/step-up', { method: 'webauthn' }),
      label: say('challenge.use-passkey'),
      icon: 'passkey',
    },
    totp: { href: here, label: say('challenge.use-totp'), icon: 'phone' },
    'recovery-code': {
      href: pageHref(exchange, '/account/disable-mfa', { method: 'recovery-code' }),
      label: say('challenge.use-recovery-code'),
      icon: 'key',
    },
  };
  const has = answersOf(exchange.session, exchange.config.policy);
  return (['webauthn', 'totp', 'recovery-code'] as const)
    .filter((method) => method !== shown && shown !== 'webauthn' && has.includes(method))
    .filter((method) => method === 'webauthn' || locked === null)
    .map((method) => all[method]);
}
