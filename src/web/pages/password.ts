/** `/account/password`: another password, by its owner. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { assertMayChangePassword, changePassword } from '../../flows/account/change-password.ts';
import { type Answer, type Exchange, refuse, showPage } from '../exchange.ts';
import type { FieldError, PasswordPage } from '../views.ts';
import { accountAfter } from './account.ts';

/** Shows the form, once the second factor was freshly proved: nobody types passwords in vain. */
export async function showPassword(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  await assertMayChangePassword(parts.flows, parts.flows.stores, session);
  return showPage(pageWith(exchange, []));
}

/** Changes it. */
export async function submitPassword(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const current = form.get('password') ?? '';
  const next = form.get('new_password') ?? '';
  const omissions = omissionsIn(exchange, { current, next });
  if (omissions.length > 0) {
    return refuse(new Problem('invalid-request'), pageWith(exchange, omissions));
  }

  const answer = await changePassword(parts.flows, visit, session, { current, next });
  if (answer.ok) {
    await exchange.rise(answer.session);
    return accountAfter(exchange, 'password-changed');
  }
  const { say } = parts.renderer.words;
  if (answer.reason === 'invalid-credentials') {
    const wrong = { field: 'password', message: say('password.wrong') } as const;
    return refuse(new Problem('invalid-credentials'), pageWith(exchange, [wrong]));
  }
  const message = 'sentence' in answer ? answer.sentence : say('password.same');
  const refused = { field: 'new_password', message } as const;
  return refuse(new Problem('invalid-request'), pageWith(exchange, [refused]));
}

function omissionsIn(
  { parts, form }: Exchange,
  { current, next }: { readonly current: string; readonly next: string },
): readonly FieldError[] {
  const { say } = parts.renderer.words;
  const errors: FieldError[] = [];
  if (current === '') errors.push({ field: 'password', message: say('password.no-current') });
  if (next === '') errors.push({ field: 'new_password', message: say('password.no-new') });
  if (next !== '' && next !== form.get('new_password_again')) {
    errors.push({ field: 'new_password_again', message: say('password.differ') });
  }
  return errors;
}

function pageWith({ config }: Exchange, errors: readonly FieldError[]): PasswordPage {
  return { page: 'password', lengthMin: config.local.minPasswordLength, errors };
}
