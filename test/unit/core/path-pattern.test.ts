/** Globs on whole segments: what they match, and how they compare with each other. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  coversPath,
  matchesPath,
  overlapsPath,
  parsePathPattern,
} from '../../../src/core/path-pattern.ts';
import { aPattern } from '../../support/builders.ts';

describe('parsePathPattern', () => {
  test('keeps what was written', () => {
    assert.deepEqual(parsePathPattern('/admin/%C3%BC/*.js/**'), {
      text: '/admin/%C3%BC/*.js/**',
      segments: ['admin', 'ü', '*.js', '**'],
      foldedSegments: ['admin', 'ü', '*.js', '**'],
    });
  });

  test('reads a name written plainly and one written with escapes as the same', () => {
    assert.deepEqual(aPattern('/a b').segments, aPattern('/a%20b').segments);
  });

  test('drops one slash at the end', () => {
    assert.deepEqual(aPattern('/admin/').segments, ['admin']);
    assert.deepEqual(aPattern('/').segments, []);
  });

  // prettier-ignore
  const never = [
    ['no slash in front',       ['', 'admin', '*', '**', 'https://console.example.com/admin']],
    ['an empty segment',        ['//', '/admin//users', '//admin', '/admin//']],
    ['dots alone',              ['/.', '/..', '/admin/../x', '/%2e%2e', '/...', '/admin/..*/../x']],
    ['what no path contains',   ['/a%2fb', '/a%5cb', '/a\\b', '/a%00', '/a%25b', '/a;b', '/a%3bb', '/a#b', '/a%23b', '/a\nb']],
    ['a question mark',         ['/a?', '/a?x=1', '/a%3fb']],
    ['two stars in a segment',  ['/a**', '/**a', '/***', '/a/b**c']],
    ['an escaped star',         ['/a%2ab', '/%2A']],
    ['other dialects of globs', ['/{a,b}', '/[ab]', '/users/:id', '/:id', '/a]', '/a}']],
    ['a malformed escape',      ['/%', '/%zz', '/%c0%af', '/a%2']],
  ] as const;

  for (const [why, texts] of never) {
    for (const text of texts) {
      test(`refuses ${JSON.stringify(text)}: ${why}`, () => {
        assert.equal(parsePathPattern(text), null);
      });
    }
  }

  test('reads the signs of other dialects as themselves when they are escaped', () => {
    assert.deepEqual(aPattern('/%5Bslug%5D/%3Aid/%7Bx%7D').segments, ['[slug]', ':id', '{x}']);
  });
});

describe('matchesPath', () => {
  // prettier-ignore
  const cases = [
    // pattern            matches                                    does not match
    ['/',                 ['/'],                                     ['/a', '/a/']],
    ['/x',                ['/x', '/x/'],                             ['/', '/x/y', '/X', '/xx', '/y']],
    ['/x/',               ['/x', '/x/'],                             ['/x/y']],
    ['/x/**',             ['/x', '/x/', '/x/y', '/x/y/z/'],          ['/', '/xx', '/xx/y', '/y/x']],
    ['/**',               ['/', '/a', '/a/b/c/'],                    []],
    ['/*',                ['/a', '/a/'],                             ['/', '/a/b']],
    ['/*/',               ['/a', '/a/'],                             ['/', '/a/b']],
    ['/a/*/c',            ['/a/b/c', '/a/%20/c'],                    ['/a/c', '/a/b/b/c', '/a/b']],
    ['/*.js',             ['/a.js', '/.js', '/a.b.js'],              ['/a.jsx', '/a/b.js', '/ajs']],
    ['/a*b*c',            ['/abc', '/axxbxxc', '/abcbc'],            ['/abx', '/xabc', '/acb']],
    ['/**/x',             ['/x', '/a/x', '/a/b/x/'],                 ['/', '/xa', '/a/x/b']],
    ['/a/**/z',           ['/a/z', '/a/b/z', '/a/z/z'],              ['/a', '/z', '/a/b']],
    ['/a/**/m/**/z',      ['/a/m/z', '/a/b/m/c/d/z', '/a/m/m/z/z'],  ['/a/z', '/a/m', '/m/z']],
    ['/**/*.js',          ['/a.js', '/x/y/a.js'],                    ['/', '/a.js/b']],
    ['/a@b',              ['/a@b', '/a%40b'],                        ['/a', '/a%41b']],
    ['/%40',              ['/@', '/%40'],                            ['/%41']],
    ['/ü',                ['/%C3%BC'],                               ['/u', '/%C3%BD']],
    ['/admin/users',      ['/admin/users', '/admin;x/users', '/admin/users;jsessionid=1', '/admin/users/;x'], ['/admin/users;x/y']],
    ['/app',              ['/app/;jsessionid=1'],                    ['/app/x;y']],
  ] as const;

  for (const [text, hits, misses] of cases) {
    test(`${text} matches ${hits.join(' ')}`, () => {
      for (const path of hits) assert.equal(matchesPath(aPattern(text), path), true, path);
    });
    test(`${text} does not match ${misses.join(' ') || 'what is no path'}`, () => {
      for (const path of misses) assert.equal(matchesPath(aPattern(text), path), false, path);
      assert.equal(matchesPath(aPattern(text), 'x'), false);
    });
  }

  test('answers for the worst patterns and paths without trying every way', () => {
    const stars = aPattern(`/${'a*'.repeat(60)}b`);
    const runs = aPattern(`/${'**/a/'.repeat(60)}b`);

    assert.equal(matchesPath(stars, `/${'a'.repeat(2000)}`), false);
    assert.equal(matchesPath(runs, `/${'a/'.repeat(2000)}`), false);
  });
});

describe('coversPath', () => {
  // prettier-ignore
  const cases = [
    ['/**',          '/a/b',           true],
    ['/**',          '/**',            true],
    ['/**',          '/',              true],
    ['/a/**',        '/a',             true],
    ['/a/**',        '/a/**',          true],
    ['/a/**',        '/a/b/**/c',      true],
    ['/a/*',         '/a/b',           true],
    ['/a/*',         '/a/*.js',        true],
    ['/a/*.js',      '/a/x*.js',       true],
    ['/a/**/z',      '/a/b/z',         true],
    ['/a',           '/a/',            true],
    ['/a',           '/b',             false],
    ['/a',           '/a/**',          false],
    ['/a/*',         '/a/**',          false],
    ['/a/*.js',      '/a/*',           false],
    ['/a/x*.js',     '/a/*.js',        false],
    ['/*/**',        '/**',            false],
    ['/a/**',        '/**',            false],
  ] as const;

  for (const [outer, inner, isCovered] of cases) {
    test(`${outer} ${isCovered ? 'covers' : 'is not known to cover'} ${inner}`, () => {
      assert.equal(coversPath(aPattern(outer), aPattern(inner)), isCovered);
    });
  }
});

describe('overlapsPath', () => {
  // prettier-ignore
  const cases = [
    ['/a',       '/a',        true],
    ['/a',       '/b',        false],
    ['/',        '/**',       true],
    ['/',        '/*',        false],
    ['/a/**',    '/b/**',     false],
    ['/a/**',    '/**/b',     true],
    ['/**/a',    '/**/b',     false],
    ['/*.js',    '/a*',       true],
    ['/*.js',    '/*.css',    false],
    ['/a/*',     '/*/b',      true],
    ['/a/*',     '/*/b/c',    false],
    ['/**/a/**', '/b/**/c',   true],
    ['/a',       '/a/b',      false],
  ] as const;

  for (const [one, other, isShared] of cases) {
    test(`${one} and ${other} ${isShared ? 'share a path' : 'have no path in common'}`, () => {
      assert.equal(overlapsPath(aPattern(one), aPattern(other)), isShared);
      assert.equal(overlapsPath(aPattern(other), aPattern(one)), isShared);
    });
  }
});
