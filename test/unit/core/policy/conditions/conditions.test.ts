/** The conditions that pick a rule: when they hold, what they print, and how they compare. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conditions } from '../../../../../src/core/policy/conditions/registry.ts';
import {
  isTimeZone,
  parseTimeOfDay,
  type TimeWindow,
} from '../../../../../src/core/policy/conditions/time.ts';
import type { Condition } from '../../../../../src/core/policy/rule.ts';
import { addSeconds, type EpochMs } from '../../../../../src/core/time.ts';
import { aNetwork, aPattern, aRequest, NOON } from '../../../../support/builders.ts';

const path = (...texts: readonly string[]) => conditions.path(texts.map(aPattern));
const network = (...blocks: readonly string[]) => conditions.network([aNetwork('zone-e', blocks)]);
const time = (changes: Partial<TimeWindow> = {}) =>
  conditions.time({
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    fromMinute: 8 * 60,
    toMinute: 17 * 60,
    timeZone: 'UTC',
    ...changes,
  });

/** An instant of the week that begins on the Monday of `NOON`, in UTC. */
function at(day: number, hour: number, minute = 0): EpochMs {
  return addSeconds(NOON, ((day * 24 + hour - 12) * 60 + minute) * 60);
}

describe('the condition path', () => {
  test('holds when one of its patterns matches', () => {
    const condition = path('/admin/**', '/metrics');

    assert.equal(condition.holds(aRequest({ path: '/admin/users' }), NOON), true);
    assert.equal(condition.holds(aRequest({ path: '/metrics' }), NOON), true);
    assert.equal(condition.holds(aRequest({ path: '/' }), NOON), false);
  });

  test('says what it wants and sees', () => {
    const condition = path('/admin/**', '/metrics');

    assert.equal(condition.wants, '/admin/** or /metrics');
    assert.equal(condition.sees(aRequest({ path: '/x' }), NOON), '/x');
  });

  test('covers a condition whose every pattern it covers', () => {
    assert.equal(path('/a/**', '/b').covers(path('/a/x', '/b')), true);
    assert.equal(path('/a/**').covers(path('/a/x', '/b')), false);
    assert.equal(path('/**').covers(conditions.method(['GET'])), false);
  });
});

describe('the condition method', () => {
  test('holds for the methods named', () => {
    const condition = conditions.method(['POST', 'DELETE']);

    assert.equal(condition.holds(aRequest({ method: 'POST' }), NOON), true);
    assert.equal(condition.holds(aRequest({ method: 'PUT' }), NOON), false);
    assert.equal(condition.holds(aRequest({ method: 'post' }), NOON), false);
    assert.equal(condition.wants, 'POST or DELETE');
    assert.equal(condition.sees(aRequest({ method: 'PUT' }), NOON), 'PUT');
  });

  test('holds for HEAD where GET is named, and not the other way round', () => {
    assert.equal(conditions.method(['GET']).holds(aRequest({ method: 'HEAD' }), NOON), true);
    assert.equal(conditions.method(['HEAD']).holds(aRequest({ method: 'GET' }), NOON), false);
  });

  test('covers a condition whose every method it names', () => {
    assert.equal(conditions.method(['GET', 'POST']).covers(conditions.method(['HEAD'])), true);
    assert.equal(conditions.method(['HEAD']).covers(conditions.method(['GET'])), false);
    assert.equal(conditions.method(['GET']).covers(path('/**')), false);
  });
});

describe('the condition network', () => {
  test('holds for addresses in one of its networks', () => {
    const condition = network('10.20.0.0/24', '2001:db8:e::/48');

    assert.equal(condition.holds(aRequest({ ip: '10.20.0.7' }), NOON), true);
    assert.equal(condition.holds(aRequest({ ip: '::ffff:10.20.0.7' }), NOON), true);
    assert.equal(condition.holds(aRequest({ ip: '10.21.0.7' }), NOON), false);
    assert.equal(condition.holds(aRequest({ ip: 'unknown' }), NOON), false);
    assert.equal(condition.wants, 'zone-e');
    assert.equal(condition.sees(aRequest({ ip: '10.21.0.7' }), NOON), '10.21.0.7');
  });

  test('holds for addresses in any one of several networks', () => {
    const condition = conditions.network([
      aNetwork('zone-e', ['10.20.0.0/24']),
      aNetwork('office', ['192.0.2.0/24']),
    ]);

    assert.equal(condition.holds(aRequest({ ip: '192.0.2.9' }), NOON), true);
    assert.equal(condition.holds(aRequest({ ip: '203.0.113.9' }), NOON), false);
    assert.equal(condition.wants, 'zone-e or office');
  });

  test('covers a condition whose every block lies in one of its own', () => {
    assert.equal(network('10.0.0.0/8').covers(network('10.20.0.0/24', '10.1.0.0/16')), true);
    assert.equal(network('10.20.0.0/24').covers(network('10.0.0.0/8')), false);
    assert.equal(network('10.0.0.0/8').covers(path('/**')), false);
  });
});

describe('the condition time', () => {
  test('holds from the first minute to the last', () => {
    const condition = time();

    assert.equal(condition.holds(aRequest(), at(0, 7, 59)), false);
    assert.equal(condition.holds(aRequest(), at(0, 8)), true);
    assert.equal(condition.holds(aRequest(), at(0, 16, 59)), true);
    assert.equal(condition.holds(aRequest(), at(0, 17)), false);
  });

  test('holds on the days named', () => {
    assert.equal(time().holds(aRequest(), at(4, 12)), true);
    assert.equal(time().holds(aRequest(), at(5, 12)), false);
    assert.equal(time().holds(aRequest(), at(6, 12)), false);
  });

  test('goes by the clock on the wall of its time zone', () => {
    const condition = time({ timeZone: 'Africa/Johannesburg' });

    assert.equal(condition.holds(aRequest(), at(0, 6)), true);
    assert.equal(condition.holds(aRequest(), at(0, 15)), false);
    assert.equal(condition.sees(aRequest(), at(6, 23)), 'mon 01:00 Africa/Johannesburg');
  });

  test('goes over midnight and belongs to the day it began on', () => {
    const night = time({ days: ['fri'], fromMinute: 22 * 60, toMinute: 6 * 60 });

    assert.equal(night.holds(aRequest(), at(4, 21, 59)), false);
    assert.equal(night.holds(aRequest(), at(4, 22)), true);
    assert.equal(night.holds(aRequest(), at(5, 5, 59)), true);
    assert.equal(night.holds(aRequest(), at(5, 6)), false);
    assert.equal(night.holds(aRequest(), at(4, 5)), false);
    assert.equal(night.holds(aRequest(), at(5, 22)), false);
  });

  test('knows the night from Sunday to Monday', () => {
    const night = time({ days: ['sun'], fromMinute: 22 * 60, toMinute: 6 * 60 });

    assert.equal(night.holds(aRequest(), at(0, 5)), true);
    assert.equal(night.holds(aRequest(), at(6, 23)), true);
  });

  test('lasts a whole day where it ends at the time at which it began', () => {
    const day = time({ days: ['mon'], fromMinute: 8 * 60, toMinute: 8 * 60 });

    assert.equal(day.holds(aRequest(), at(0, 7, 59)), false);
    assert.equal(day.holds(aRequest(), at(0, 8)), true);
    assert.equal(day.holds(aRequest(), at(1, 7, 59)), true);
    assert.equal(day.holds(aRequest(), at(1, 8)), false);
  });

  test('holds all day up to 24:00', () => {
    const day = time({ days: ['mon'], fromMinute: 0, toMinute: 1440 });

    assert.equal(day.holds(aRequest(), at(0, 0)), true);
    assert.equal(day.holds(aRequest(), at(0, 23, 59)), true);
    assert.equal(day.holds(aRequest(), at(1, 0)), false);
    assert.equal(day.wants, 'mon 00:00–24:00 UTC');
  });

  test('covers the same hours on days that it names too', () => {
    assert.equal(time().covers(time({ days: ['mon'] })), true);
    assert.equal(time({ days: ['mon'] }).covers(time()), false);
    assert.equal(time().covers(time({ timeZone: 'Europe/Berlin' })), false);
    assert.equal(time().covers(time({ fromMinute: 9 * 60 })), false);
    assert.equal(time().covers(time({ toMinute: 16 * 60 })), false);
    assert.equal(time().covers(path('/**')), false);
  });

  test('does not judge a condition of its kind that is made otherwise', () => {
    const other: Condition = {
      kind: 'time',
      wants: 'full moon',
      sees: () => 'new moon',
      holds: () => false,
      covers: () => false,
    };

    assert.equal(time().covers(other), false);
  });
});

describe('parseTimeOfDay', () => {
  test('reads minutes since midnight', () => {
    assert.equal(parseTimeOfDay('00:00'), 0);
    assert.equal(parseTimeOfDay('08:30'), 510);
    assert.equal(parseTimeOfDay('23:59'), 1439);
    assert.equal(parseTimeOfDay('24:00'), 1440);
  });

  for (const text of ['', '8:00', '08:60', '24:01', '25:00', '08:00:00', '0800', ' 08:00', '8am']) {
    test(`reads no time in ${JSON.stringify(text)}`, () => {
      assert.equal(parseTimeOfDay(text), null);
    });
  }
});

describe('isTimeZone', () => {
  test('knows the zones of the runtime', () => {
    assert.equal(isTimeZone('Africa/Johannesburg'), true);
    assert.equal(isTimeZone('UTC'), true);
    assert.equal(isTimeZone('Mars/Olympus'), false);
    assert.equal(isTimeZone(''), false);
  });
});
