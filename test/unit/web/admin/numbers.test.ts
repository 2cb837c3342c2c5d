/** The numbers and charts of the overview. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config } from '../../../../src/config/config.ts';
import type { MfaDay } from '../../../../src/stores/types/administration.ts';
import { methodShares, numbersOf, tierBars } from '../../../../src/web/admin/overview/numbers.ts';
import { trendOf } from '../../../../src/web/admin/overview/trend.ts';
import type { PortalParts } from '../../../../src/web/exchange.ts';
import { createRenderer } from '../../../../src/web/render.ts';

const { words } = createRenderer();
const around = { parts: { renderer: { words } } as unknown as PortalParts };
const config = { portal: { timeZone: 'Pacific/Auckland' } } as unknown as Config;

const totals = { total: 200, enrolled: 199, 'in-grace': 1, missing: 0, 'not-asked': 0 };
const day = (name: string, numbers: Partial<MfaDay> = {}): MfaDay => ({
  day: name,
  total: 100,
  enrolled: 50,
  inGrace: 20,
  missing: 10,
  ...numbers,
});

describe('the four numbers', () => {
  test('never say that all are enrolled while one is not', () => {
    const [, enrolled] = numbersOf(around, { totals, days: [] });
    assert.equal(enrolled?.label, 'Enrolled (99 %)');
    const one = { ...totals, enrolled: 1, 'not-asked': 199 };
    assert.equal(numbersOf(around, { totals: one, days: [] })[1]?.label, 'Enrolled (1 %)');
    const none = { total: 0, enrolled: 0, 'in-grace': 0, missing: 0, 'not-asked': 0 };
    assert.equal(numbersOf(around, { totals: none, days: [] })[1]?.label, 'Enrolled');
  });

  test('are told against the day a week before, where that was noted', () => {
    const days = Array.from({ length: 8 }, (_, at) => day(`2026-03-0${String(at + 1)}`));
    const trends = numbersOf(around, { totals, days }).map(({ trend }) => trend);
    assert.deepEqual(trends, [
      '100 more than 7 days ago',
      '149 more than 7 days ago',
      '19 fewer than 7 days ago',
      '10 fewer than 7 days ago',
    ]);
    assert.equal(numbersOf(around, { totals, days: days.slice(1) })[0]?.trend, null);
  });

  test('do not alarm about nobody', () => {
    assert.deepEqual(
      numbersOf(around, { totals, days: [] }).map(({ tone }) => tone),
      ['quiet', 'good', 'warning', 'quiet'],
    );
  });
});

describe('the bar of a tier', () => {
  test('is filled to its end by parts in a row, and leaves out tiers with nobody', () => {
    const bars = tierBars(
      {
        byTier: [
          { tier: 'TIER1', status: 'enrolled', people: 1 },
          { tier: 'TIER1', status: 'in-grace', people: 1 },
          { tier: 'TIER1', status: 'missing', people: 1 },
          { tier: 'TIER3', status: 'not-asked', people: 7 },
        ],
      },
      words,
    );
    assert.deepEqual(
      bars.map(({ label }) => label),
      ['TIER1', 'TIER3'],
    );
    const parts = bars[0]?.parts.filter(({ people }) => people > 0) ?? [];
    assert.deepEqual(
      parts.map(({ x, width }) => [x, width]),
      [
        [0, 33.33],
        [33.33, 33.33],
        [66.67, 33.33],
      ],
    );
    assert.equal(parts[2]?.path, '/admin/users?status=missing&tier=TIER1&state=enabled');
  });
});

describe('the methods in use', () => {
  test('are shares of all people, none of nobody', () => {
    const byMethod = { totp: 50, webauthn: 0, 'recovery-code': 200 };
    const shares = methodShares({ byMethod, totals }, words);
    assert.deepEqual(
      shares.map(({ share, width }) => [share, width]),
      [
        ['0 %', 0],
        ['25 %', 25],
        ['100 %', 100],
      ],
    );
    const nobody = { ...totals, total: 0 };
    const none = methodShares(
      { byMethod: { totp: 0, webauthn: 0, 'recovery-code': 0 }, totals: nobody },
      words,
    );
    assert.deepEqual(
      none.map(({ width }) => width),
      [0, 0, 0],
    );
  });
});

describe('the line of the days', () => {
  test('is not drawn from one point', () => {
    assert.equal(trendOf({ ...around, config }, []), null);
    assert.equal(trendOf({ ...around, config }, [day('2026-03-01')]), null);
  });

  test('goes by date: a day on which nothing ran leaves a gap', () => {
    const days = [day('2026-03-01'), day('2026-03-02'), day('2026-03-05', { enrolled: 100 })];
    const trend = trendOf({ ...around, config }, days);
    assert.equal(trend?.lines[0]?.points, '0,60 150,60 600,0');
    assert.equal(trend?.lines[2]?.points, '0,108 150,108 600,108');
    assert.equal(trend?.top, '100');
  });

  test('names the days as they are called, in every zone', () => {
    const trend = trendOf({ ...around, config }, [day('2026-03-01'), day('2026-03-02')]);
    assert.deepEqual([trend?.first, trend?.last], ['2 Mar 2026', '3 Mar 2026']);
  });

  test('stays on the paper when nobody is there', () => {
    const nobody = { total: 0, enrolled: 0, inGrace: 0, missing: 0 };
    const days = [day('2026-03-01', nobody), day('2026-03-02', nobody)];
    const trend = trendOf({ ...around, config }, days);
    assert.equal(trend?.lines[0]?.points, '0,120 600,120');
  });
});
