/** Laws of lockout: guesses are bounded, locks hold, and locks end (G7). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type AttemptState, reserveAttempt } from '../../src/core/attempts.ts';
import { addSeconds, type EpochMs } from '../../src/core/time.ts';
import { NOON } from '../support/builders.ts';

const limits = fc.record({
  failuresMax: fc.integer({ min: 1, max: 6 }),
  withinSeconds: fc.integer({ min: 1, max: 1000 }),
  durationSeconds: fc.integer({ min: 1, max: 1000 }),
});
const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });

describe('reserveAttempt', () => {
  test('never lets more than the allowed number of guesses through without a pause', () => {
    fc.assert(
      fc.property(limits, pauses, (allowed, seconds) => {
        const guessesAt = guess(allowed, seconds);
        // A window may end and another begin between two guesses, so that nearly two windows'
        // worth fit into the time of one; never more.
        for (const start of guessesAt) {
          const span = Math.min(allowed.withinSeconds, allowed.durationSeconds);
          const inside = guessesAt.filter((at) => at >= start && at < addSeconds(start, span));
          assert.ok(inside.length <= 2 * allowed.failuresMax - 1);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('refuses until the lock ends and accepts from then on', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 0, max: 2_000_000 }), (allowed, elapsed) => {
        let state: AttemptState | null = null;
        for (let count = 0; count < allowed.failuresMax; count += 1) {
          ({ state } = reserveAttempt(state, allowed, NOON));
        }
        const now = NOON + elapsed;
        const isLocked = now < addSeconds(NOON, allowed.durationSeconds);

        assert.equal(reserveAttempt(state, allowed, now).ok, !isLocked);
      }),
      { numRuns: 1000 },
    );
  });

  test('never locks for longer than it may, whatever the clock did', () => {
    const moves = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(limits, moves, (allowed, seconds) => {
        let state: AttemptState | null = null;
        let now: EpochMs = NOON;
        for (const move of seconds) {
          now = addSeconds(now, move);
          const reservation = reserveAttempt(state, allowed, now);
          ({ state } = reservation);
          assert.ok((state.lockedUntil ?? 0) <= addSeconds(now, allowed.durationSeconds));
          if (reservation.ok) assert.ok(reservation.failuresLeft < allowed.failuresMax);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** The instants at which somebody who guesses after such pauses is let through. */
function guess(
  allowed: { failuresMax: number; withinSeconds: number; durationSeconds: number },
  pauses: readonly number[],
): readonly EpochMs[] {
  const through: EpochMs[] = [];
  let state: AttemptState | null = null;
  let now: EpochMs = NOON;
  for (const seconds of pauses) {
    now = addSeconds(now, seconds);
    const reservation = reserveAttempt(state, allowed, now);
    ({ state } = reservation);
    if (reservation.ok) through.push(now);
  }
  return through;
}
