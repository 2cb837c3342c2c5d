/** Tells a double click from a wrong answer. */

import type { SessionFacts } from '../../core/facts.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Says whether a one-time thing was "already used" by this very form, sent twice.
 *
 * The first of the two took the code and gave the browser a new session; the second finds the code
 * used and its own session gone. The browser shows the second answer, so that the person would be
 * told that their right code was wrong. Whoever is sent on instead arrives with the new session.
 */
export async function wasAnsweredElsewhere(
  exchange: Exchange<SessionFacts>,
  refusal: { readonly reason: string },
): Promise<boolean> {
  if (refusal.reason !== 'code-already-used' && refusal.reason !== 'expired') return false;
  return (await exchange.recallAgain()) === null;
}
