/** What pages that take passkeys have in common: reading the field, and words for what went wrong. */

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
