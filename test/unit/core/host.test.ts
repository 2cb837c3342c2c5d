/** What the corpora in test/conformance do not say of hosts: patterns and authorities. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authorityOf, coversHost, parseHostPattern } from '../../../src/core/host.ts';
import { matchesHost } from '../../../src/core/route.ts';
import { aHost } from '../../support/builders.ts';

describe('parseHostPattern', () => {
  test('reads a name, an address, and every name below one', () => {
    assert.deepEqual(parseHostPattern('Console.Example.com'), {
      name: 'console.example.com',
      isWildcard: false,
    });
    assert.deepEqual(parseHostPattern('*.example.com'), { name: 'example.com', isWildcard: true });
    assert.deepEqual(parseHostPattern('10.0.0.5'), { name: '10.0.0.5', isWildcard: false });
    assert.deepEqual(parseHostPattern('[::1]'), { name: '::1', isWildcard: false });
  });

  // prettier-ignore
  for (const text of ['', '*', '*.', '*.*.example.com', 'a.*.example.com', '**.example.com', '*example.com', 'example.com:8080', '*.10.0.0.5', '*.[::1]', '::1', 'https://example.com', 'exa mple.com']) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseHostPattern(text), null);
    });
  }
});

describe('matchesHost', () => {
  test('compares whole names', () => {
    assert.equal(matchesHost(aHost('example.com'), 'example.com'), true);
    assert.equal(matchesHost(aHost('example.com'), 'a.example.com'), false);
    assert.equal(matchesHost(aHost('example.com'), 'badexample.com'), false);
  });

  test('lets a wildcard stand for one label or more, never for none', () => {
    assert.equal(matchesHost(aHost('*.example.com'), 'a.example.com'), true);
    assert.equal(matchesHost(aHost('*.example.com'), 'a.b.example.com'), true);
    assert.equal(matchesHost(aHost('*.example.com'), 'example.com'), false);
    assert.equal(matchesHost(aHost('*.example.com'), 'badexample.com'), false);
  });
});

describe('authorityOf', () => {
  // prettier-ignore
  const cases = [
    ['https', 'console.example.com', null, 'console.example.com'],
    ['https', 'console.example.com', 443,  'console.example.com'],
    ['https', 'console.example.com', 80,   'console.example.com:80'],
    ['http',  'console.example.com', 80,   'console.example.com'],
    ['http',  'console.example.com', 443,  'console.example.com:443'],
    ['http',  '::1',                 8080, '[::1]:8080'],
    ['http',  '::1',                 null, '[::1]'],
  ] as const;

  for (const [scheme, host, port, authority] of cases) {
    test(`is ${authority} for ${scheme}, ${host} and port ${String(port)}`, () => {
      assert.equal(authorityOf(scheme, { host, port }), authority);
    });
  }
});

describe('coversHost', () => {
  // prettier-ignore
  const cases = [
    [null,              null,              true],
    [null,              'a.example.com',   true],
    ['a.example.com',   null,              false],
    ['a.example.com',   'a.example.com',   true],
    ['a.example.com',   'b.example.com',   false],
    ['*.example.com',   'a.example.com',   true],
    ['*.example.com',   '*.example.com',   true],
    ['*.example.com',   '*.a.example.com', true],
    ['*.example.com',   'example.com',     false],
    ['example.com',     '*.example.com',   false],
    ['*.a.example.com', '*.example.com',   false],
  ] as const;

  for (const [outer, inner, isCovered] of cases) {
    test(`${outer ?? 'any host'} ${isCovered ? 'covers' : 'does not cover'} ${inner ?? 'any host'}`, () => {
      const compiled = [outer, inner].map((text) => (text === null ? null : aHost(text)));
      assert.equal(coversHost(compiled[0] ?? null, compiled[1] ?? null), isCovered);
    });
  }
});
