/** What the pages on which somebody sets something up have in common. */

import type { SessionFacts } from '../../core/facts.ts';
import type { NewSession } from '../../flows/flow-context.ts';
import { nextPage } from '../../flows/next-page.ts';
import { furtherThan } from '../destination.ts';
import { type Answer, type Exchange, redirectTo } from '../exchange.ts';
import { onward, pageAddress, pageHref } from '../onward.ts';
import type { Alternative } from '../views.ts';

/** Says whether this person has to set something up before they get anywhere. */
export function isToEnroll({ parts, session }: Exchange<SessionFacts>): boolean {
  return nextPage(parts.flows, session) === 'enroll';
}

/** Why this page appeared; whoever sets something up without being asked to needs no reason. */
export function whyEnroll(
  exchange: Exchange<SessionFacts>,
  isAskedFor: boolean = isToEnroll(exchange),
): string | null {
  if (!isAskedFor) return null;
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('enroll.why', { issuer });
}

/** On the address of an authenticator: it is lost, and goes once another one is set up. */
export const isLostParameter = 'lost';

/** Back to where somebody came from to set something up. */
export function backFrom(exchange: Exchange<SessionFacts>): Alternative {
  const { config, parts, returnTo } = exchange;
  const { say } = parts.renderer.words;
  const link = (href: string, label: string) =>
    ({ href, label: say(label), icon: 'arrow-left' }) as const;

  const own = `${config.portal.url}/account/authenticators/`;
  if (returnTo?.startsWith(own) === true) {
    if (!new URL(returnTo).searchParams.has(isLostParameter)) {
      return link(returnTo, 'enroll-totp.back-there');
    }
    const before = { config, returnTo: furtherThan(config, returnTo) };
    return link(pageHref(before, '/lost-authenticator'), 'enroll-totp.back-there');
  }
  // The overview shows nothing to whom nothing is asked of.
  const isFromAccount = returnTo === null && !isToEnroll(exchange);
  return isFromAccount && exchange.session.enrolled.length > 0
    ? link(pageHref(exchange, '/account'), 'recovery-codes.back')
    : link(pageHref(exchange, '/enroll'), 'enroll-totp.back');
}

/** On from what was set up: to the recovery codes that came with it, which are shown once. */
export async function afterEnrollment(
  exchange: Exchange<SessionFacts>,
  enrolled: { readonly session: NewSession; readonly areCodesToShow: boolean },
): Promise<Answer> {
  const risen = await exchange.rise(enrolled.session);
  return enrolled.areCodesToShow
    ? redirectTo(pageAddress(exchange, '/recovery-codes'))
    : onward(exchange, risen);
}
