/** `/sign-in`: username and password, or a passkey alone. */

import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { beginPasskeySignIn, signInWithPasskey } from '../../flows/sign-in/sign-in-with-passkey.ts';
import { signIn } from '../../flows/sign-in/sign-in.ts';
import { destinationOf } from '../destination.ts';
import { type Answer, type Exchange, refuse, showPage } from '../exchange.ts';
import { onward } from '../onward.ts';
import type { FieldError, SignInPage } from '../views.ts';
import { passkeyError, passkeyProblem, sentPasskey } from './passkey-answers.ts';
import { hasDomain } from './passkey-domain.ts';

/** Shows the form, or sends on who is signed in already. */
export async function showSignIn(exchange: Exchange): Promise<Answer> {
  if (exchange.session !== null) return onward(exchange, exchange.session);
  return showPage(await pageWith(exchange, '', []), why(exchange));
}

/** Checks username and password, or the passkey, and starts a session. */
export async function submitSignIn(exchange: Exchange): Promise<Answer> {
  if (sentPasskey(exchange) !== '') return submitPasskey(exchange);
  const { parts, form } = exchange;
  const username = form.get('username')?.trim() ?? '';
  // A password is taken as it was typed, blanks at its ends included (ASVS 5.0 §6.2.8).
  const password = form.get('password') ?? '';

  const omissions = omissionsIn(exchange, username, password);
  if (omissions.length > 0) return again(exchange, 'invalid-request', username, omissions);

  const answer = await signIn(parts.flows, exchange.visit, { username, password });
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  switch (answer.reason) {
    case 'account-disabled':
      throw new Problem('account-disabled');
    case 'invalid-credentials':
      return again(exchange, 'invalid-credentials', username, [
        { field: 'password', message: parts.renderer.words.say('sign-in.wrong') },
      ]);
    default:
      return unreachable(answer.reason);
  }
}

async function submitPasskey(exchange: Exchange): Promise<Answer> {
  const { parts, visit, browser, form } = exchange;
  const given = { response: sentPasskey(exchange), browser };
  const answer = await signInWithPasskey(parts.flows, visit, given);
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (answer.reason === 'account-disabled') throw new Problem('account-disabled');

  const { say } = parts.renderer.words;
  const error: FieldError =
    answer.reason === 'expired'
      ? passkeyError(exchange, 'expired')
      : { field: null, message: say('sign-in.passkey-refused') };
  const page = await pageWith(exchange, form.get('username')?.trim() ?? '', [error]);
  return refuse(passkeyProblem(answer.reason), page, why(exchange));
}

function omissionsIn(
  { parts }: Exchange,
  username: string,
  password: string,
): readonly FieldError[] {
  const { say } = parts.renderer.words;
  const errors: FieldError[] = [];
  if (username === '') errors.push({ field: 'username', message: say('sign-in.no-username') });
  if (password === '') errors.push({ field: 'password', message: say('sign-in.no-password') });
  return errors;
}

async function again(
  exchange: Exchange,
  code: 'invalid-request' | 'invalid-credentials',
  username: string,
  errors: readonly FieldError[],
): Promise<Answer> {
  return refuse(new Problem(code), await pageWith(exchange, username, errors), why(exchange));
}

async function pageWith(
  exchange: Exchange,
  username: string,
  errors: readonly FieldError[],
): Promise<SignInPage> {
  const { parts, config, browser } = exchange;
  const options = hasDomain(config) ? await beginPasskeySignIn(parts.flows, browser) : null;
  const passkeyOptions = options === null ? null : JSON.stringify(options);
  return { page: 'sign-in', username, passkeyOptions, errors };
}

function why(exchange: Exchange): string | null {
  const destination = destinationOf(exchange);
  if (destination === null) return null;
  return exchange.parts.renderer.words.say('sign-in.why', { name: destination.name });
}
