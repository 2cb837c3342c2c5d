/** Days and times of day as people write them, in zones whose clocks are changed. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readWrittenTime, writtenTimeOf } from '../../../src/web/zoned-input.ts';

function read(text: string, timeZone: string): readonly string[] | null {
  const written = readWrittenTime(text, timeZone);
  if (written === null) return null;
  const { earliestAt, latestAt } = written;
  const instants = [...new Set([earliestAt, latestAt])];
  return instants.map((at) => new Date(at).toISOString());
}

describe('a written time', () => {
  // prettier-ignore
  const cases = [
    ['2026-03-01T14:30',          'Africa/Johannesburg', ['2026-03-01T12:30:00.000Z']],
    ['2026-03-01',                'Africa/Johannesburg', ['2026-02-28T22:00:00.000Z']],
    ['2026-03-01T14:30:15.250',   'UTC',                 ['2026-03-01T14:30:15.250Z']],
    ['2026-03-01T14:30:00+02:00', 'America/New_York',    ['2026-03-01T12:30:00.000Z']],
    ['2026-03-01T14:30Z',         'America/New_York',    ['2026-03-01T14:30:00.000Z']],
    // Put forward from 2 to 3: there was no half past two.
    ['2026-03-29T02:30',          'Europe/Berlin',       ['2026-03-29T01:30:00.000Z']],
    // Put back from 3 to 2: half past two was twice.
    ['2026-10-25T02:30',          'Europe/Berlin',       ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']],
    // By half an hour only.
    ['2026-04-05T01:45',          'Australia/Lord_Howe', ['2026-04-04T14:45:00.000Z', '2026-04-04T15:15:00.000Z']],
    // A whole day was skipped.
    ['2011-12-30T12:00',          'Pacific/Apia',        ['2011-12-30T22:00:00.000Z']],
  ] as const;
  for (const [text, timeZone, instants] of cases) {
    test(`${text} in ${timeZone} is ${instants.join(' and ')}`, () => {
      assert.deepEqual(read(text, timeZone), instants);
    });
  }

  test('is none where it is no day and no time', () => {
    for (const text of [
      '',
      'yesterday',
      '2026-3-1',
      '2026-02-30',
      '2026-13-01',
      '2026-00-10',
      '2026-03-01T24:01',
      '2026-03-01T14',
      '2026-03-01 14:30',
      '2026-03-01T14:30+25:00',
      '12026-03-01',
      '२०२६-०३-०१',
      '2026-03-01T14:30\n',
    ]) {
      assert.equal(readWrittenTime(text, 'Europe/Berlin'), null, text);
    }
  });

  test('comes back as it was written, whatever the zone', () => {
    const minute = fc.integer({ min: 0, max: 4_102_444_800_000 }).map((at) => at - (at % 60_000));
    const timeZone = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    );
    fc.assert(
      fc.property(minute, timeZone, (at, zone) => {
        const written = readWrittenTime(writtenTimeOf(at, zone), zone);
        assert.ok(written !== null);
        assert.ok([written.earliestAt, written.latestAt].includes(at), new Date(at).toISOString());
      }),
      { numRuns: 500 },
    );
  });
});
