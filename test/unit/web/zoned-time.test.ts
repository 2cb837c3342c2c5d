/** Instants for people. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addSeconds } from '../../../src/core/time.ts';
import { zonedTime } from '../../../src/web/zoned-time.ts';
import { NOON } from '../../support/fixed-clock.ts';

describe('zonedTime', () => {
  test('names the zone as people there do', () => {
    assert.equal(zonedTime('Africa/Johannesburg').until(NOON, NOON), '14:00 (SAST)');
    assert.equal(zonedTime('America/New_York').until(NOON, NOON), '07:00 (EST)');
    assert.equal(zonedTime('Asia/Kolkata').until(NOON, NOON), '17:30 (IST)');
    assert.equal(zonedTime('UTC').until(NOON, NOON), '12:00 (UTC)');
  });

  test('falls back to the distance from Greenwich where nobody has a name for it', () => {
    assert.match(zonedTime('Asia/Tokyo').until(NOON, NOON), /^21:00 \((?:GMT\+9|JST)\)$/);
  });

  test('writes midnight as 00:00 and follows summer time', () => {
    const july = Date.UTC(2026, 6, 1, 22, 0, 0);
    assert.equal(zonedTime('Europe/Berlin').until(july, july), '00:00 (CEST)');
  });

  test('names the day of the week for days that are near', () => {
    assert.equal(zonedTime('Africa/Johannesburg').weekday(NOON), 'Mon 2 Mar, 14:00 SAST');
    assert.equal(zonedTime('America/New_York').weekday(NOON), 'Mon 2 Mar, 07:00 EST');
  });

  test('puts the day in front when it is not today', () => {
    const time = zonedTime('Africa/Johannesburg');
    assert.equal(time.until(addSeconds(NOON, 13 * 3600), NOON), '3 Mar 2026, 03:00 (SAST)');
  });
});
