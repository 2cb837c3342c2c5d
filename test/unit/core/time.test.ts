/** Durations as the configuration writes them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addSeconds, formatDuration, parseDurationSeconds } from '../../../src/core/time.ts';
import { NOON } from '../../support/builders.ts';

describe('parseDurationSeconds', () => {
  // prettier-ignore
  const cases = [['1s', 1], ['30s', 30], ['10m', 600], ['12h', 43_200], ['30d', 2_592_000]] as const;

  for (const [text, seconds] of cases) {
    test(`reads ${text} as ${String(seconds)} seconds`, () => {
      assert.equal(parseDurationSeconds(text), seconds);
      assert.equal(formatDuration(seconds), text);
    });
  }

  for (const text of [
    '',
    '0s',
    '5',
    's',
    '05m',
    '-1s',
    '1.5h',
    '1h30m',
    '10 m',
    '1w',
    '10M',
    'm10',
  ]) {
    test(`reads no duration in ${JSON.stringify(text)}`, () => {
      assert.equal(parseDurationSeconds(text), null);
    });
  }
});

describe('formatDuration', () => {
  test('uses the biggest unit that is exact', () => {
    assert.equal(formatDuration(5400), '90m');
    assert.equal(formatDuration(3601), '3601s');
    assert.equal(formatDuration(0), '0s');
    assert.equal(formatDuration(86_400), '1d');
  });
});

describe('addSeconds', () => {
  test('moves an instant', () => {
    assert.equal(addSeconds(NOON, 2) - NOON, 2000);
  });
});
