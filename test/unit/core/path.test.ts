/** What the corpora in test/conformance do not say of paths: limits, and the names along a path. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  canonicalTarget,
  isSegmentName,
  segmentNames,
  targetBytesMax,
} from '../../../src/core/path.ts';

describe('canonicalTarget', () => {
  test('takes path and query apart at the first question mark', () => {
    assert.deepEqual(canonicalTarget('/a?b=/c?d'), { ok: true, path: '/a', query: '?b=/c?d' });
  });

  test('keeps an empty query apart from none', () => {
    assert.deepEqual(canonicalTarget('/a?'), { ok: true, path: '/a', query: '?' });
    assert.deepEqual(canonicalTarget('/a'), { ok: true, path: '/a', query: '' });
  });

  test('accepts the longest target and refuses one character more', () => {
    const longest = `/${'a'.repeat(targetBytesMax - 1)}`;

    assert.equal(canonicalTarget(longest).ok, true);
    assert.deepEqual(canonicalTarget(`${longest}a`), { ok: false, why: 'too-long' });
    assert.deepEqual(canonicalTarget(`/?${'a'.repeat(targetBytesMax)}`), {
      ok: false,
      why: 'too-long',
    });
  });

  test('refuses a target that grows beyond the limit in its one spelling', () => {
    assert.deepEqual(canonicalTarget(`/${'|'.repeat(targetBytesMax - 1)}`), {
      ok: false,
      why: 'too-long',
    });
  });

  test('keeps the case of letters', () => {
    assert.deepEqual(canonicalTarget('/Admin'), { ok: true, path: '/Admin', query: '' });
  });
});

describe('segmentNames', () => {
  // prettier-ignore
  const cases = [
    ['/',                     []],
    ['/admin',                ['admin']],
    ['/admin/',               ['admin']],
    ['/admin/users/7',        ['admin', 'users', '7']],
    ['/a%40b/a@b',            ['a@b', 'a@b']],
    ['/%C3%BCbersicht/',      ['übersicht']],
    ['/admin;x=1/users;y',    ['admin', 'users']],
    ['/admin;x=%C3%BC/users', ['admin', 'users']],
    ['/;jsessionid=1',        []],
    ['/app/;jsessionid=1',    ['app']],
  ] as const;

  for (const [path, names] of cases) {
    test(`of ${path} are ${JSON.stringify(names)}`, () => {
      assert.deepEqual(segmentNames(path), names);
    });
  }

  test('does not exist for what is no canonical path', () => {
    assert.equal(segmentNames('admin'), null);
    assert.equal(segmentNames(''), null);
    assert.equal(segmentNames('/%'), null);
    assert.equal(segmentNames('/a/%/%20'), null);
    assert.equal(segmentNames('/%c0%af'), null);
  });
});

describe('isSegmentName', () => {
  for (const name of ['users', 'a b', 'übersicht', '.env', '..a', 'a..', 'a:b@c', '']) {
    test(`accepts ${JSON.stringify(name)}`, () => {
      assert.equal(isSegmentName(name), true);
    });
  }

  // prettier-ignore
  for (const name of ['.', '..', '...', ' ..', '.. ', '…', '/', 'a/b', 'a\\b', 'a／b', '%', ';', '?', '#', '\0', '\n', '\u0085', '\ud800']) {
    test(`refuses ${JSON.stringify(name)}`, () => {
      assert.equal(isSegmentName(name), false);
    });
  }
});
