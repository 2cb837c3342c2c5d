/**
 * The one place that reads the time.
 *
 * Sessions, proofs and lockouts are judged by a clock that never goes back: whoever can turn back
 * the wall clock must not bring an expired session or a spent proof back to life. One-time codes
 * are judged by the wall, because that is what the phone goes by (RFC 6238 §4.2).
 */

import type { EpochMs } from '../core/time.ts';

/** Tells the time. */
export interface Clock {
  now(): EpochMs;
}

/** A clock that never goes back, and beside it the time on the wall. */
export interface SteadyClock extends Clock {
  /** Never earlier than any answer before it. */
  now(): EpochMs;
  /** What the clock on the wall shows, wherever that goes. */
  wallNow(): EpochMs;
  /** Calls back, once per change, when the two come to differ by more than 30 seconds. */
  onSkew(warn: (skewSeconds: number) => void): void;
}

/** What a steady clock is made of. */
export interface TimeSources {
  /** Milliseconds since 1970; may jump either way. */
  readonly wall: () => number;
  /** Milliseconds since whenever; only grows. */
  readonly monotonic: () => number;
}

const skewToleratedMs = 30_000;

/** Makes a clock that never goes back. */
export function steadyClock({ wall, monotonic }: TimeSources): SteadyClock {
  let highest = wall();
  let highestAt = monotonic();
  let warnedMs = 0;
  let warn: ((skewSeconds: number) => void) | null = null;

  const steadyNow = (): EpochMs => {
    const wallMs = wall();
    const monotonicMs = monotonic();
    // While the wall lags behind, time goes on from the latest instant that was told.
    const continuedMs = highest + Math.max(0, monotonicMs - highestAt);
    highest = Math.max(wallMs, continuedMs);
    highestAt = monotonicMs;
    const skewMs = highest - wallMs;
    if (Math.abs(skewMs - warnedMs) > skewToleratedMs) {
      warnedMs = skewMs;
      warn?.(Math.round(skewMs / 1000));
    }
    return Math.floor(highest);
  };
  return {
    now: steadyNow,
    wallNow: wall,
    onSkew: (callback) => {
      warn = callback;
    },
  };
}

/** The clock of this process. */
export const systemClock: SteadyClock = steadyClock({
  wall: () => Date.now(),
  monotonic: () => performance.now(),
});
