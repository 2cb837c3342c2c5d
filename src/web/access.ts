/** Who may come in at an endpoint, and where everybody else is sent. */

import type { SessionFacts } from '../core/facts.ts';
import { unreachable } from '../core/unreachable.ts';
import { nextPage } from '../flows/next-page.ts';
import type { Exchange, RedirectAnswer } from './exchange.ts';
import { redirectTo } from './exchange.ts';
import { onward, pageAddress } from './onward.ts';

/**
 * Who may come in.
 *
 * - `anyone`: no session is needed.
 * - `first-factor`: whoever has proved at least a password.
 * - `challenge-met`: has also proved a second factor, where they have one. The enrollment pages:
 *   a stolen password alone must not enroll beside what the owner has.
 * - `complete`: has proved and enrolled everything that the policy asks.
 */
export type Who = 'anyone' | 'first-factor' | 'challenge-met' | 'complete';

/** Null when the person may come in, else where to go instead. */
export function admission(who: Who, exchange: Exchange): RedirectAnswer | null {
  if (who === 'anyone') return null;
  const { session } = exchange;
  if (session === null) {
    // Whoever wants to sign out and is signed out already is told so.
    const page = exchange.path === '/sign-out' ? '/sign-out' : '/sign-in';
    return redirectTo(pageAddress(exchange, page), 'not-signed-in');
  }
  return mayEnter(who, exchange, session) ? null : onward(exchange, session);
}

function mayEnter(who: Exclude<Who, 'anyone'>, exchange: Exchange, session: SessionFacts): boolean {
  const next = nextPage(exchange.parts.flows, session);
  switch (who) {
    case 'first-factor':
      return true;
    case 'challenge-met':
      return next !== 'challenge';
    case 'complete':
      return next === 'done';
    default:
      return unreachable(who);
  }
}
