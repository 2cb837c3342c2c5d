/** Whether this site is reached by a name: passkeys belong to one. */

import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Exchange } from '../exchange.ts';

/** Passkeys belong to a domain; no browser makes one for an address (WebAuthn L3 §5.1.3 step 8). */
export function hasDomain({ portal }: Pick<Config, 'portal'>): boolean {
  return isIP(portal.host.replaceAll(/[[\]]/g, '')) === 0;
}

/** The sentence for a site that is reached by a number; null where passkeys can be. */
export function noDomainSentence(exchange: Exchange): string | null {
  const { host } = exchange.config.portal;
  return hasDomain(exchange.config)
    ? null
    : exchange.parts.renderer.words.say('enroll.step.webauthn.no-domain', { host });
}
