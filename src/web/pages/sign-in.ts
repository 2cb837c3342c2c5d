/** `/sign-in`: username and password. */

import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { signIn } from '../../flows/sign-in.ts';
import { destinationOf } from '../destination.ts';
import { type Answer, type Exchange, refuse, showPage } from '../exchange.ts';
import { onward } from '../onward.ts';
import type { FieldError } from '../views.ts';

/** Shows the form, or sends on who is signed in already. */
export function showSignIn(exchange: Exchange): Answer {
  if (exchange.session !== null) return onward(exchange, exchange.session);
  return showPage({ page: 'sign-in', username: '', errors: [] }, why(exchange));
}

/** Checks username and password and starts a session. */
export async function submitSignIn(exchange: Exchange): Promise<Answer> {
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

function again(
  exchange: Exchange,
  code: 'invalid-request' | 'invalid-credentials',
  username: string,
  errors: readonly FieldError[],
): Answer {
  return refuse(new Problem(code), { page: 'sign-in', username, errors }, why(exchange));
}

function why(exchange: Exchange): string | null {
  const destination = destinationOf(exchange);
  if (destination === null) return null;
  return exchange.parts.renderer.words.say('sign-in.why', { name: destination.name });
}
