/**
 * Lockout: how many guesses at second-factor codes an account has.
 *
 * This is the arithmetic in plain sight. The SQL store writes the same as one statement, so that
 * parallel guesses cannot outrun it; the tests hold one against the other.
 *
 * Security: a guess is counted before it is looked at, and one counter serves all of an account's
 * code methods (ASVS 5.0 §6.3.1, NIST SP 800-63B-4 §3.2.2).
 */

import { addSeconds, type EpochMs } from './time.ts';

/**
 * So many wrong codes in a row switch an account's codes off for good: waiting does not bring them
 * back, a reset by an administrator does (NIST SP 800-63B-4 §3.2.2).
 */
export const failuresInARowMax = 100;

/** The end of a lock that has none: the last millisecond of the year 9999. */
export const lockedForGood: EpochMs = 253_402_300_799_999;

/** How many failures, in which time, lock for how long. */
export interface AttemptLimits {
  readonly failuresMax: number;
  readonly withinSeconds: number;
  readonly durationSeconds: number;
}

/** What is kept of an account that failed lately. */
export interface AttemptState {
  /** Guesses counted since the window began. */
  readonly failures: number;
  /** Guesses counted since the last right answer, over all windows and locks. */
  readonly failuresInARow: number;
  readonly windowStartedAt: EpochMs;
  readonly lockedUntil: EpochMs | null;
}

/** The answer to somebody who wants to guess, and what is kept. */
export type Reservation =
  | { readonly ok: true; readonly failuresLeft: number; readonly state: AttemptState }
  | { readonly ok: false; readonly lockedUntil: EpochMs; readonly state: AttemptState };

/**
 * Counts one guess, or refuses it while the account is locked. The last guess that is allowed
 * locks at once; a right answer then forgets everything.
 */
export function reserveAttempt(
  state: AttemptState | null,
  limits: AttemptLimits,
  now: EpochMs,
): Reservation {
  const lockedUntil = lockEnd(state, limits, now);
  if (state !== null && lockedUntil !== null) {
    return { ok: false, lockedUntil, state: { ...state, lockedUntil } };
  }
  const isInWindow =
    state !== null &&
    state.lockedUntil === null &&
    now < addSeconds(state.windowStartedAt, limits.withinSeconds);
  const failures = isInWindow ? state.failures + 1 : 1;
  const failuresInARow = (state?.failuresInARow ?? 0) + 1;
  const isLast = failuresInARow >= failuresInARowMax;
  return {
    ok: true,
    failuresLeft: isLast ? 0 : Math.max(0, limits.failuresMax - failures),
    state: {
      failures,
      failuresInARow,
      windowStartedAt: isInWindow ? state.windowStartedAt : now,
      lockedUntil: isLast ? lockedForGood : pauseAfter(failures, limits, now),
    },
  };
}

function pauseAfter(failures: number, limits: AttemptLimits, now: EpochMs): EpochMs | null {
  return failures >= limits.failuresMax ? addSeconds(now, limits.durationSeconds) : null;
}

/**
 * Until when the account is locked, or null. A lock never lasts longer from now than it may: one
 * that does was set by a clock that has gone back since, and is cut short.
 */
export function lockEnd(
  state: AttemptState | null,
  limits: AttemptLimits,
  now: EpochMs,
): EpochMs | null {
  const lockedUntil = state?.lockedUntil ?? null;
  if (lockedUntil === null || lockedUntil <= now) return null;
  if (lockedUntil === lockedForGood) return lockedForGood;
  return Math.min(lockedUntil, addSeconds(now, limits.durationSeconds));
}
