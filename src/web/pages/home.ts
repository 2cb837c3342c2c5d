/** `/`: there is no front page; a person's account is the place to be. */

import { type Exchange, redirectTo, type Answer } from '../exchange.ts';
import { pageAddress } from '../onward.ts';

/** Sends whoever asks for the portal itself to their account. */
export function showHome(exchange: Exchange): Answer {
  return redirectTo(pageAddress(exchange, '/account'));
}
