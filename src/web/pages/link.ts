/**
 * `/link/:secret`: a one-time link, to choose a password or to enroll again.
 *
 * Showing the page uses nothing up, because mail programs open links before people do. The secret
 * is in the address and in the address of the form, and nowhere else.
 */

import { linkPath } from '../../core/locations.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import {
  type LinkView,
  lookAtLink,
  redeemEnrollAgain,
  redeemInvitation,
} from '../../flows/enroll/redeem-link.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress } from '../onward.ts';
import type { FieldError, LinkDeadPage, LinkPage } from '../views.ts';
import { zonedTime } from '../zoned-time.ts';

/** Shows what the link is for, or that it is for nothing any more. */
export async function showLink(exchange: Exchange): Promise<Answer> {
  const view = await lookAtLink(exchange.parts.flows, exchange.parameter);
  return view === null ? notValid() : showPage(pageWith(exchange, view, []));
}

/** Uses the link up. */
export async function submitLink(exchange: Exchange): Promise<Answer> {
  const view = await lookAtLink(exchange.parts.flows, exchange.parameter);
  switch (view?.kind) {
    case undefined:
      return notValid();
    case 'invitation':
      return choosePassword(exchange, view);
    case 'enroll-again':
      return enrollAgain(exchange, view);
    default:
      return unreachable(view);
  }
}

async function choosePassword(exchange: Exchange, view: LinkView): Promise<Answer> {
  const { parts, form, visit, parameter: secret } = exchange;
  const { say } = parts.renderer.words;
  const password = form.get('new_password') ?? '';
  const omission: FieldError | null =
    password === ''
      ? { field: 'new_password', message: say('password.no-new') }
      : password === form.get('new_password_again')
        ? null
        : { field: 'new_password_again', message: say('password.differ') };
  if (omission !== null) return again(exchange, view, 'invalid-request', [omission]);

  const answer = await redeemInvitation(parts.flows, visit, { secret, password });
  if (answer.ok) return onward(exchange, await exchange.rise(answer.session));
  if (answer.reason === 'link-not-valid') return notValid();
  const refused = { field: 'new_password', message: answer.sentence } as const;
  return again(exchange, view, 'invalid-request', [refused]);
}

async function enrollAgain(exchange: Exchange, view: LinkView): Promise<Answer> {
  const { parts, form, visit, parameter: secret } = exchange;
  const { say } = parts.renderer.words;
  const username = form.get('username')?.trim() ?? '';
  const password = form.get('password') ?? '';
  const omissions: readonly FieldError[] = [
    ...(username === ''
      ? [{ field: 'username', message: say('sign-in.no-username') } as const]
      : []),
    ...(password === ''
      ? [{ field: 'password', message: say('sign-in.no-password') } as const]
      : []),
  ];
  if (omissions.length > 0) return again(exchange, view, 'invalid-request', omissions);

  const answer = await redeemEnrollAgain(parts.flows, visit, { secret, username, password });
  if (answer.ok) {
    await exchange.rise(answer.session);
    // Also for whom nothing obliges to enroll: it is what the link is for.
    return redirectTo(pageAddress(exchange, '/enroll'));
  }
  if (answer.reason === 'link-not-valid') return notValid();
  const wrong = { field: 'password', message: say('link.wrong') } as const;
  return again(exchange, view, 'invalid-credentials', [wrong]);
}

function again(
  exchange: Exchange,
  view: LinkView,
  code: 'invalid-request' | 'invalid-credentials',
  errors: readonly FieldError[],
): Answer {
  return refuse(new Problem(code), pageWith(exchange, view, errors));
}

/** The same for one that is unknown, expired, used, or of an account that is disabled. */
function notValid(): Answer {
  const page: LinkDeadPage = { page: 'link-dead' };
  return refuse(new Problem('challenge-expired'), page);
}

function pageWith(
  { config, form, session, parameter }: Exchange,
  view: LinkView,
  errors: readonly FieldError[],
): LinkPage {
  const around = {
    action: linkPath + parameter,
    until: zonedTime(config.portal.timeZone).full(view.expiresAt),
    errors,
  };
  return view.kind === 'invitation'
    ? {
        ...around,
        page: 'link-invitation',
        username: view.username,
        lengthMin: config.local.minPasswordLength,
      }
    : {
        ...around,
        page: 'link-enroll-again',
        username: form.get('username')?.trim() ?? session?.principal.username ?? '',
      };
}
