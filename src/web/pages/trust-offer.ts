/** The tick-box by which a person has a browser trusted. */

import type { SessionFacts } from '../../core/facts.ts';
import { trustOffer } from '../../flows/sign-in/devices.ts';
import type { Exchange } from '../exchange.ts';
import type { TrustOffer } from '../views.ts';

/** The tick-box of a challenge, ticked as it was posted; null for whoever may not trust browsers. */
export function trustOfferOn(exchange: Exchange<SessionFacts>): TrustOffer | null {
  const { parts, session } = exchange;
  const seconds = trustOffer(parts.flows, session.principal);
  if (seconds === null) return null;
  const { key, count } = inWholeUnits(seconds);
  const label = parts.renderer.words.count(key, count);
  return { label, isTicked: wantsTrust(exchange) };
}

/** Says whether the tick-box was ticked. Whether that counts is for the flow to say. */
export function wantsTrust({ form }: Exchange): boolean {
  return form.get('trust_device') === 'yes';
}

const units = [
  ['challenge.trust-days', 24 * 3600],
  ['challenge.trust-hours', 3600],
] as const;

/** The largest unit of which it is a whole number; less than a minute is said to be one. */
function inWholeUnits(seconds: number): { readonly key: string; readonly count: number } {
  const whole = units.find(([, size]) => seconds % size === 0);
  if (whole === undefined) {
    return { key: 'challenge.trust-minutes', count: Math.max(1, Math.floor(seconds / 60)) };
  }
  const [key, size] = whole;
  return { key, count: seconds / size };
}
