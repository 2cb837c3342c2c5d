/** What the pages on which somebody sets something up have in common. */

import type { SessionFacts } from '../../core/facts.ts';
import type { NewSession } from '../../flows/flow-context.ts';
import { nextPage } from '../../flows/next-page.ts';
import { type Answer, type Exchange, redirectTo } from '../exchange.ts';
import { onward, pageAddress } from '../onward.ts';

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
