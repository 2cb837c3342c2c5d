/**
 * `/lost-authenticator`: where somebody is led who signed in with a recovery code. Codes are for
 * the day something is lost, so that this is asked while they are here and freshly proved.
 *
 * Shown once, on the way, and no gate: whoever goes elsewhere gets there.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../core/proofs.ts';
import type { Authenticator } from '../../stores/types.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../exchange.ts';
import { onward, pageAddress, pageHref } from '../onward.ts';
import type { LostAuthenticatorPage } from '../views.ts';
import { zonedTime } from '../zoned-time.ts';
import { isLostParameter } from './enrollment.ts';
import { areFewCodesLeft } from './few-codes.ts';
import { hasDomain } from './passkey-domain.ts';

/** Where to after a recovery code was taken: past the question, where there is something to lose. */
export function afterRecoveryCode(exchange: Exchange, session: SessionFacts): Answer {
  return session.enrolled.length === 0
    ? onward(exchange, session)
    : redirectTo(pageAddress(exchange, '/lost-authenticator'));
}

/** Lists what the person has and asks what of it is lost. */
export async function showLostAuthenticator(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, config, session } = exchange;
  const all = await parts.flows.stores.authenticators.listOfUser(session.principal.id);
  if (all.length === 0) return onward(exchange, session);

  const time = zonedTime(config.portal.timeZone);
  const left = session.recoveryCodesLeft;
  const { words } = parts.renderer;
  return showPage({
    page: 'lost-authenticator',
    authenticators: all.map((authenticator) => ({
      name: authenticator.name,
      method: authenticator.method,
      lastUsedAt: authenticator.lastUsedAt === null ? null : time.full(authenticator.lastUsedAt),
      ...wayOut(exchange, authenticator),
    })),
    fewCodes: areFewCodesLeft(left, config.policy.mfa)
      ? words.count('lost-authenticator.few-codes', left)
      : null,
    goOnHref: onward(exchange, session).to,
  });
}

/** A new one first, then the page of the lost one; that page at once where no new one can be. */
function wayOut(
  exchange: Exchange<SessionFacts>,
  { id, method }: Authenticator,
): Pick<LostAuthenticatorPage['authenticators'][number], 'canReplace' | 'href'> {
  const own = `/account/authenticators/${id}` as const;
  const page = pageToEnroll(exchange, method);
  if (page === null) return { canReplace: false, href: pageHref(exchange, own) };
  const { origin } = exchange.config.portal;
  const returnTo = origin + pageHref(exchange, own, { [isLostParameter]: 'yes' });
  return { canReplace: true, href: pageHref({ ...exchange, returnTo }, page) };
}

function pageToEnroll(
  { config }: Exchange,
  method: MethodId,
): '/enroll/totp' | '/enroll/passkey' | null {
  if (!isMethodEnabled(method, config.policy.mfa)) return null;
  if (method === 'totp') return '/enroll/totp';
  return method === 'webauthn' && hasDomain(config) ? '/enroll/passkey' : null;
}
