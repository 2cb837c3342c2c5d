/** What pages that take passkeys have in common: reading the field, and words for what went wrong. */

import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import type { Exchange } from '../exchange.ts';
import type { FieldError } from '../views.ts';

/** Why a passkey was not taken, as far as people are told. */
export type PasskeyFault = 'none-sent' | 'not-accepted' | 'expired';

/** The browser's answer; empty when the script did not run. */
export function sentPasskey(exchange: Exchange): string {
  return exchange.form.get('passkey') ?? '';
}

/** The options as they stand on a page, for the script. */
export function optionsText(options: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(options);
}

/** The sentence on top of the page. */
export function passkeyError(exchange: Exchange, fault: PasskeyFault): FieldError {
  const { say } = exchange.parts.renderer.words;
  switch (fault) {
    case 'none-sent':
      return { field: null, message: say('passkey.none-sent') };
    case 'expired':
      return { field: null, message: say('passkey.expired') };
    case 'not-accepted':
      return { field: null, message: say('passkey.refused') };
    default:
      return unreachable(fault);
  }
}

/** The problem that it amounts to. */
export function passkeyProblem(fault: PasskeyFault): Problem {
  if (fault === 'none-sent') return new Problem('invalid-request');
  return new Problem(fault === 'expired' ? 'challenge-expired' : 'invalid-credentials');
}

/** The sentence for a site that is reached by a number; null where passkeys can be. */
export function noDomainSentence(exchange: Exchange): string | null {
  const { host } = exchange.config.portal;
  return hasDomain(exchange.config)
    ? null
    : exchange.parts.renderer.words.say('enroll.step.webauthn.no-domain', { host });
}

/** Passkeys belong to a domain; no browser makes one for an address (WebAuthn L3 §5.1.3 step 8). */
export function hasDomain({ portal }: Pick<Config, 'portal'>): boolean {
  return isIP(portal.host.replaceAll(/[[\]]/g, '')) === 0;
}
