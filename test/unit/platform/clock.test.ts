/** A clock that never goes back (F33), whatever happens to the one on the wall. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { steadyClock, systemClock } from '../../../src/platform/clock.ts';

/** A clock over a wall that can be set and a monotonic counter that only runs. */
function clockOver(start: number) {
  const world = { wall: start, monotonic: 5 };
  const clock = steadyClock({ wall: () => world.wall, monotonic: () => world.monotonic });
  return {
    clock,
    /** Time passes: both go on. */
    pass: (milliseconds: number): void => {
      world.wall += milliseconds;
      world.monotonic += milliseconds;
    },
    /** Somebody sets the wall clock. */
    setBy: (milliseconds: number): void => {
      world.wall += milliseconds;
    },
  };
}

const START = 1_000_000_000_000;

describe('the steady clock', () => {
  test('shows what the wall shows while that goes on', () => {
    const { clock, pass } = clockOver(START);
    pass(1234);
    assert.equal(clock.now(), START + 1234);
    assert.equal(clock.wallNow(), START + 1234);
  });

  test('goes on from the latest instant when the wall goes back', () => {
    const { clock, pass, setBy } = clockOver(START);
    pass(1000);
    assert.equal(clock.now(), START + 1000);
    setBy(-3_600_000);
    assert.equal(clock.now(), START + 1000);
    pass(2000);
    assert.equal(clock.now(), START + 3000);
    assert.equal(clock.wallNow(), START + 3000 - 3_600_000);
  });

  test('does not stand still while the wall catches up', () => {
    const { clock, pass, setBy } = clockOver(START);
    setBy(-10_000);
    for (let second = 1; second <= 20; second += 1) {
      pass(1000);
      assert.equal(clock.now(), START + second * 1000);
    }
  });

  test('follows the wall forwards', () => {
    const { clock, setBy } = clockOver(START);
    setBy(86_400_000);
    assert.equal(clock.now(), START + 86_400_000);
  });

  test('warns once for each change of more than thirty seconds', () => {
    const { clock, pass, setBy } = clockOver(START);
    const warnings: number[] = [];
    clock.onSkew((seconds) => warnings.push(seconds));
    setBy(-29_000);
    clock.now();
    setBy(-31_000);
    clock.now();
    pass(5000);
    clock.now();
    setBy(60_000);
    clock.now();
    assert.deepEqual(warnings, [60, 0]);
  });
});

describe('the clock of this process', () => {
  test('never goes back', () => {
    let before = systemClock.now();
    for (let round = 0; round < 1000; round += 1) {
      const now = systemClock.now();
      assert.ok(now >= before);
      before = now;
    }
  });
});
