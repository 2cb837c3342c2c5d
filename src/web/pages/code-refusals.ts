/** What is said about a code that was not accepted, wherever it was typed. */

import { lockedForGood } from '../../core/attempts.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import { Problem } from '../../core/problem.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { EpochMs } from '../../core/time.ts';
import { unreachable } from '../../core/unreachable.ts';
import type { CodeRefusal } from '../../flows/sign-in/challenge.ts';
import type { Exchange } from '../exchange.ts';
import type { FieldError } from '../views.ts';
import { zonedTime } from '../zoned-time.ts';

/** The kinds of code that people type. */
export type CodeKind = 'totp' | 'recovery-code';

/** Failures after which we ask about the clock of the phone. */
const failuresBeforeClockHint = 2;

/** A code as it is compared: without the blanks and hyphens that people and pasting add. */
export function typedCode(exchange: Exchange, field: 'code' | 'recovery_code'): string {
  return (exchange.form.get(field) ?? '').replaceAll(/[\s\u00ad\u200b\u2010-\u2015-]/g, '');
}

/** Says whether a code has the shape of one; what has not cannot be right and is not counted. */
export function hasCodeShape(kind: CodeKind, code: string): boolean {
  // An app that was enrolled under an earlier configuration may show the other number of digits.
  return kind === 'totp' ? /^\d{6}(?:\d{2})?$/.test(code) : /^[0-9A-Za-z]{1,64}$/.test(code);
}

/** The sentence at the field for a code that is missing or has the wrong shape. */
export function shapeError(exchange: Exchange, kind: CodeKind): FieldError {
  const { say } = exchange.parts.renderer.words;
  return kind === 'totp'
    ? { field: 'code', message: say('code.shape') }
    : { field: 'recovery_code', message: say('recovery-code.shape') };
}

/** The sentence at the field for a refusal; none for a lock, which has a place of its own. */
export function refusalErrors(
  exchange: Exchange,
  kind: CodeKind,
  refusal: CodeRefusal,
): readonly FieldError[] {
  const { say } = exchange.parts.renderer.words;
  const field = kind === 'totp' ? 'code' : 'recovery_code';
  switch (refusal.reason) {
    case 'locked':
      return [];
    case 'code-already-used':
      return [
        kind === 'totp'
          ? { field, message: say('code.used', { seconds: exchange.config.totp.periodSeconds }) }
          : { field, message: say('recovery-code.wrong') },
      ];
    case 'wrong-code': {
      if (kind === 'recovery-code') return [{ field, message: say('recovery-code.wrong') }];
      const failures = exchange.config.lockout.failuresMax - refusal.failuresLeft;
      const hint = failures >= failuresBeforeClockHint ? ` ${say('code.clock')}` : '';
      const { periodSeconds } = exchange.config.totp;
      return [{ field, message: say('code.wrong', { seconds: periodSeconds }) + hint }];
    }
    default:
      return unreachable(refusal);
  }
}

/** The problem that a refusal amounts to. */
export function refusalProblem(exchange: Exchange, refusal: CodeRefusal): Problem {
  return refusal.reason === 'locked'
    ? lockedProblem(exchange, refusal.lockedUntil)
    : new Problem('invalid-credentials');
}

/** Codes are paused: 429, with the time to wait, where waiting helps. */
export function lockedProblem(exchange: Exchange, lockedUntil: EpochMs): Problem {
  if (lockedUntil === lockedForGood) return new Problem('too-many-attempts');
  const seconds = Math.ceil((lockedUntil - exchange.now) / 1000);
  return new Problem('too-many-attempts', { retryAfterSeconds: Math.max(1, seconds) });
}

/** The sentence that stands instead of the form while codes are paused. */
export function lockedSentence(
  exchange: Exchange<SessionFacts>,
  lockedUntil: EpochMs | null,
): string | null {
  if (lockedUntil === null || lockedUntil <= exchange.now) return null;
  const { say } = exchange.parts.renderer.words;
  const { issuer } = exchange.config.portal;
  const notYou = say('locked.not-you', { issuer });
  if (lockedUntil === lockedForGood) return `${say('locked.for-good')} ${notYou}`;
  const until = zonedTime(exchange.config.portal.timeZone).until(lockedUntil, exchange.now);
  // Security: passkeys are not paused, so that no stranger can lock somebody out by guessing.
  const usable = usableSecondFactors(exchange.session, exchange.config.policy);
  const next = usable.includes('webauthn')
    ? say('locked.passkey')
    : `${say('locked.come-back')} ${notYou}`;
  return `${say('locked.until', { until })} ${next}`;
}
