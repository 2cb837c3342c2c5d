/** How many guesses an account has, and how long a lock lasts. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AttemptState,
  failuresInARowMax,
  lockEnd,
  lockedForGood,
  reserveAttempt,
} from '../../../src/core/attempts.ts';
import { addSeconds, type EpochMs } from '../../../src/core/time.ts';
import { NOON } from '../../support/builders.ts';

const limits = { failuresMax: 3, withinSeconds: 900, durationSeconds: 600 };

/** The state after so many guesses at one instant. */
function after(guesses: number, now: EpochMs = NOON): AttemptState | null {
  let state: AttemptState | null = null;
  for (let count = 0; count < guesses; count += 1) {
    ({ state } = reserveAttempt(state, limits, now));
  }
  return state;
}

describe('reserveAttempt', () => {
  test('counts down to the last guess', () => {
    const left = [0, 1, 2].map((guesses) => reserveAttempt(after(guesses), limits, NOON));

    assert.deepEqual(
      left.map((reservation) => reservation.ok && reservation.failuresLeft),
      [2, 1, 0],
    );
  });

  test('locks with the last guess and refuses the next', () => {
    const refusal = reserveAttempt(after(3), limits, NOON);

    assert.equal(refusal.ok, false);
    assert.equal(!refusal.ok && refusal.lockedUntil, addSeconds(NOON, 600));
  });

  test('does not make the lock longer by guessing on', () => {
    const later = addSeconds(NOON, 599);
    const refusal = reserveAttempt(after(3), limits, later);

    assert.equal(!refusal.ok && refusal.lockedUntil, addSeconds(NOON, 600));
  });

  test('starts anew once the lock is over', () => {
    const reservation = reserveAttempt(after(3), limits, addSeconds(NOON, 600));

    assert.deepEqual(reservation.state, {
      failures: 1,
      failuresInARow: 4,
      windowStartedAt: addSeconds(NOON, 600),
      lockedUntil: null,
    });
  });

  test('starts anew once the window has passed', () => {
    const justInside = reserveAttempt(after(2), limits, addSeconds(NOON, 900) - 1);
    const justOutside = reserveAttempt(after(2), limits, addSeconds(NOON, 900));

    assert.equal(justInside.ok && justInside.failuresLeft, 0);
    assert.equal(justOutside.ok && justOutside.failuresLeft, 2);
  });

  test('locks at once where no failure is allowed', () => {
    const reservation = reserveAttempt(null, { ...limits, failuresMax: 0 }, NOON);

    assert.equal(reservation.ok && reservation.failuresLeft, 0);
    assert.equal(reservation.state.lockedUntil, addSeconds(NOON, 600));
  });
});

describe('a hundred failures in a row', () => {
  test('lock for good, however long one waits between them', () => {
    let state: AttemptState | null = null;
    let now = NOON;
    for (let count = 0; count < failuresInARowMax; count += 1) {
      const reservation = reserveAttempt(state, limits, now);
      assert.equal(reservation.ok, true);
      ({ state } = reservation);
      now = addSeconds(now, 86_400);
    }

    const refusal = reserveAttempt(state, limits, addSeconds(now, 86_400 * 365));

    assert.deepEqual(refusal.ok || refusal.lockedUntil, lockedForGood);
  });
});

describe('lockEnd', () => {
  test('is null for an account that is not locked', () => {
    assert.equal(lockEnd(null, limits, NOON), null);
    assert.equal(lockEnd(after(2), limits, NOON), null);
    assert.equal(lockEnd(after(3), limits, addSeconds(NOON, 600)), null);
  });

  test('cuts a lock short that a clock set which has gone back since', () => {
    const tomorrow = addSeconds(NOON, 86_400);

    assert.equal(lockEnd(after(3, tomorrow), limits, NOON), addSeconds(NOON, 600));
    const refusal = reserveAttempt(after(3, tomorrow), limits, NOON);
    assert.equal(refusal.state.lockedUntil, addSeconds(NOON, 600));
  });
});
