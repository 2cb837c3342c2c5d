/** A clock that stands still until a test moves it. */

import type { SteadyClock } from '../../src/platform/clock.ts';
import type { EpochMs } from '../../src/core/time.ts';

/** 2026-03-02T12:00:00Z, a Monday: the instant at which most tests happen. */
export const NOON: EpochMs = Date.UTC(2026, 2, 2, 12, 0, 0);

/** A clock under the control of a test. */
export interface FixedClock extends SteadyClock {
  /** Moves on (or back, when negative) by seconds. */
  advance(seconds: number): void;
  set(at: EpochMs): void;
}

/** Makes a clock that shows `at` until it is moved. */
export function fixedClock(at: EpochMs = NOON): FixedClock {
  let now = at;
  return {
    now: () => now,
    wallNow: () => now,
    onSkew: () => undefined,
    advance(seconds) {
      now += seconds * 1000;
    },
    set(instant) {
      now = instant;
    },
  };
}
