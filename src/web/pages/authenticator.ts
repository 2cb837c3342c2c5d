/** `/account/authenticators/:id`: one authenticator, to rename or remove it. */

import type { SessionFacts } from '../../core/facts.ts';
import type { AuthenticatorId } from '../../core/ids.ts';
import { type RemovalRefusal, removalRefusal } from '../../core/policy/removal.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { removeAuthenticator, renameAuthenticator } from '../../flows/account/authenticators.ts';
import type { Authenticator } from '../../stores/types.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { ownAddress, pageHref } from '../onward.ts';
import type { Alternative, AuthenticatorPage, FieldError } from '../views.ts';
import { zonedTime } from '../zoned-time.ts';
import { accountAfter } from './account.ts';

/** Shows the authenticator. Somebody else's is no more there than one that does not exist. */
export async function showAuthenticator(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return showPage(await pageWith(exchange, []));
}

/** Renames or removes it. */
export async function submitAuthenticator(exchange: Exchange<SessionFacts>): Promise<Answer> {
  switch (exchange.form.get('action') ?? 'none') {
    case 'rename':
      return rename(exchange);
    case 'remove':
      return remove(exchange);
    default:
      throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
}

async function rename(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const given = { id: idOf(exchange), name: form.get('name') ?? '' };
  const answer = await renameAuthenticator(parts.flows, visit, session, given);
  if (answer.ok) {
    return exchange.returnTo === null
      ? accountAfter(exchange, 'authenticator-renamed')
      : redirectTo(ownAddress(exchange));
  }
  if (answer.reason === 'not-found') throw new Problem('not-found');
  const message = parts.renderer.words.say('authenticator.name-shape');
  const page = await pageWith(exchange, [{ field: 'name', message }]);
  return refuse(new Problem('invalid-request'), page);
}

async function remove(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  const answer = await removeAuthenticator(parts.flows, visit, session, idOf(exchange));
  if (answer.ok) {
    await exchange.rise(answer.session);
    const { returnTo } = exchange;
    return returnTo === null
      ? accountAfter(exchange, 'authenticator-removed')
      : redirectTo(returnTo);
  }
  if (answer.reason === 'not-found') throw new Problem('not-found');
  // The page says why, where the button would be.
  return refuse(new Problem('policy-forbids'), await pageWith(exchange, []));
}

function idOf({ parameter }: Exchange): AuthenticatorId {
  return parameter as AuthenticatorId;
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
): Promise<AuthenticatorPage> {
  const { parts, config, session, form, path } = exchange;
  const all = await parts.flows.stores.authenticators.listOfUser(session.principal.id);
  const shown = all.find(({ id }) => id === idOf(exchange));
  if (shown === undefined) throw new Problem('not-found');
  const time = zonedTime(config.portal.timeZone);
  const { name, method, createdAt, lastUsedAt } = shown;
  return {
    page: 'authenticator',
    name,
    newName: form.get('name') ?? name,
    method,
    addedAt: time.full(createdAt),
    lastUsedAt: lastUsedAt === null ? null : time.full(lastUsedAt),
    path,
    stays: staysBecause(exchange, all, shown),
    leave: leaveFrom(exchange),
    errors,
  };
}

/** On to where the person wanted to go when they were led here, else back to the account. */
function leaveFrom(exchange: Exchange): Alternative {
  const { parts, returnTo } = exchange;
  const { say } = parts.renderer.words;
  return returnTo === null
    ? {
        href: pageHref(exchange, '/account'),
        label: say('recovery-codes.back'),
        icon: 'arrow-left',
      }
    : { href: returnTo, label: say('lost-authenticator.keep'), icon: 'arrow-right' };
}

function staysBecause(
  exchange: Exchange<SessionFacts>,
  all: readonly Authenticator[],
  { id, method }: Authenticator,
): AuthenticatorPage['stays'] {
  const { parts, config, session } = exchange;
  const refusal = removalRefusal(session, all, id, config.policy);
  if (refusal === null) return null;
  const { say } = parts.renderer.words;
  const { issuer } = config.portal;
  return {
    sentence: say(`authenticator.stays.${refusal}`, { issuer }),
    alternative: wayRound(exchange, refusal, method),
  };
}

function wayRound(
  exchange: Exchange,
  refusal: RemovalRefusal,
  method: Authenticator['method'],
): { href: string; label: string; icon: 'arrow-right' } {
  const { say } = exchange.parts.renderer.words;
  const backHere = { ...exchange, returnTo: ownAddress(exchange) };
  switch (refusal) {
    case 'policy-needs-it':
      return method === 'webauthn'
        ? {
            href: pageHref(backHere, '/enroll/passkey'),
            label: say('account.add-passkey'),
            icon: 'arrow-right',
          }
        : {
            href: pageHref(backHere, '/enroll/totp'),
            label: say('account.add-totp'),
            icon: 'arrow-right',
          };
    case 'last-one':
      return {
        href: pageHref(exchange, '/account/disable-mfa'),
        label: say('account.disable'),
        icon: 'arrow-right',
      };
    default:
      return unreachable(refusal);
  }
}
