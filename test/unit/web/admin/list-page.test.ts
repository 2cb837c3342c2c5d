/** Addresses of lists, moments, names and errors, as pages of the administration write them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config } from '../../../../src/config/config.ts';
import { Problem } from '../../../../src/core/problem.ts';
import { errorsOf } from '../../../../src/web/admin/field-errors.ts';
import { noticeIn } from '../../../../src/web/admin/done.ts';
import { pageAsked, pageOf, pathWith, rowsMax } from '../../../../src/web/admin/list-page.ts';
import { momentsOf } from '../../../../src/web/admin/moment.ts';
import { namesIn } from '../../../../src/web/admin/people/names-in.ts';
import type { PortalParts } from '../../../../src/web/exchange.ts';
import { createRenderer } from '../../../../src/web/render.ts';
import { NOON } from '../../../support/builders.ts';

const { words } = createRenderer();
const parts = { renderer: { words } } as unknown as PortalParts;
const query = (text: string) => ({ query: new URLSearchParams(text) });

describe('a page of a list', () => {
  test('begins where the address says, and takes one row more than it shows', () => {
    assert.deepEqual(pageAsked(query('after=ben')), { after: 'ben', limit: rowsMax + 1 });
    assert.deepEqual(pageAsked(query('after=')), { after: null, limit: rowsMax + 1 });
    assert.equal(pageAsked(query(`after=${'x'.repeat(201)}`)).after, null);
  });

  test('leads on while there is more, and back to the first, with the filter', () => {
    const rows = Array.from({ length: rowsMax + 1 }, (_, at) => `row-${String(at)}`);
    const at = { path: '/admin/users', keyOf: (row: string) => row };
    const first = pageOf(query('q=a%26b&done=person-changed'), { ...at, rows });
    assert.equal(first.rows.length, rowsMax);
    assert.deepEqual(first.pager, {
      firstPath: null,
      nextPath: `/admin/users?q=a%26b&after=row-${String(rowsMax - 1)}`,
    });
    const last = pageOf(query('q=a%26b&after=row-9'), { ...at, rows: rows.slice(0, 3) });
    assert.deepEqual(last.pager, { firstPath: '/admin/users?q=a%26b', nextPath: null });
  });

  test('writes no parameter that is empty', () => {
    assert.equal(pathWith('/x', new URLSearchParams('a=&b=1'), { b: null, c: '' }), '/x');
  });
});

describe('a moment', () => {
  const config = { portal: { timeZone: 'Africa/Johannesburg' } } as unknown as Config;
  const momentOf = momentsOf({ config, parts, now: NOON });
  const minute = 60_000;
  const hour = 60 * minute;
  const day = 24 * hour;

  // prettier-ignore
  const cases: readonly (readonly [number, string])[] = [
    [0,                'just now'],
    [-59_000,          'just now'],
    [30_000,           'in a moment'],
    [-12 * minute,     '12 min. ago'],
    [-59.9 * minute,   '59 min. ago'],
    [-47 * hour,       '47 hr. ago'],
    [5 * day + hour,   'in 5 days'],
    [-59 * day,        '59 days ago'],
    [-90 * day,        '2 Dec 2025'],
  ];
  for (const [away, relative] of cases) {
    test(`${String(away)} ms away is "${relative}"`, () => {
      assert.equal(momentOf(NOON + away).relative, relative);
    });
  }

  test('has the exact instant beside it, in the zone of the operator and for machines', () => {
    assert.deepEqual(momentOf(NOON), {
      relative: 'just now',
      exact: '2 Mar 2026, 14:00 (SAST)',
      iso: '2026-03-02T12:00:00.000Z',
    });
  });
});

describe('names in a field', () => {
  test('are separated by commas, blanks or lines, and are there once', () => {
    assert.deepEqual(namesIn(' A, B;x\nB;x\t C,,A'), ['A', 'B;x', 'C']);
    assert.deepEqual(namesIn(' , '), []);
  });
});

describe('what was done', () => {
  test('is said from a closed list, never by the address itself', () => {
    assert.equal(noticeIn({ ...query('done=codes-unlocked'), parts }), 'Codes work again.');
    for (const text of ['done=Call+0800', 'done=constructor', 'done=', '']) {
      assert.equal(noticeIn({ ...query(text), parts }), null);
    }
  });
});

describe('what is wrong with a form', () => {
  test('stands at the fields that the problem names', () => {
    const errors = [
      { pointer: '/display_name', detail: 'Too long.' },
      { pointer: '/proofing/0/kind', detail: 'Fill this in.' },
      { pointer: '', detail: 'All of it.' },
    ];
    assert.deepEqual(errorsOf(new Problem('validation-failed', { members: { errors } })), [
      { field: 'display_name', message: 'Too long.' },
      { field: 'proofing_0_kind', message: 'Fill this in.' },
      { field: null, message: 'All of it.' },
    ]);
  });

  test('stands on top where it is about the whole, and is not caught when it is something else', () => {
    const above = new Problem('not-permitted', { detail: 'It is above you.' });
    assert.deepEqual(errorsOf(above), [{ field: null, message: 'It is above you.' }]);
    assert.deepEqual(errorsOf(new Problem('validation-failed')), [
      { field: null, message: 'Something in this request is not right.' },
    ]);
    assert.equal(errorsOf(new Problem('not-found')), null);
    assert.equal(errorsOf(new Error('a bug')), null);
  });
});
