/** Laws of paths: one spelling, no way around a rule, and patterns that compare truthfully. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  coversPath,
  matchesPath,
  overlapsPath,
  parsePathPattern,
} from '../../src/core/path-pattern.ts';
import { canonicalTarget, segmentNames as namesOf } from '../../src/core/path.ts';
import { canonicalPath, hostileText, patternText, segmentNames } from '../support/arbitraries.ts';
import { aPattern } from '../support/builders.ts';

const runs = { numRuns: 2000 };

describe('canonicalTarget', () => {
  test('answers whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), (text) => {
        assert.equal(typeof canonicalTarget(`/${text}`).ok, 'boolean');
      }),
      runs,
    );
  });

  test('changes nothing the second time, and both match the same patterns', () => {
    fc.assert(
      fc.property(hostileText, patternText, (text, pattern) => {
        const once = canonicalTarget(`/${text}`);
        if (!once.ok) return;
        const twice = canonicalTarget(once.path + once.query);

        assert.deepEqual(twice, once);
        assert.equal(
          matchesPath(aPattern(pattern), once.path),
          matchesPath(aPattern(pattern), twice.path),
        );
      }),
      runs,
    );
  });

  test('accepts nothing that a browser would read as another path', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const target = canonicalTarget(`/${text}`);
        if (!target.ok) return;
        const url = new URL(`https://console.example.com${target.path}${target.query}`);

        assert.equal(url.host, 'console.example.com');
        assert.equal(url.pathname, target.path);
      }),
      runs,
    );
  });

  test('leaves no dots, doubled slashes, separators or second escapes to decode', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const target = canonicalTarget(`/${text}`);
        if (!target.ok) return;
        const decoded = target.path.split(';').map(decodeURIComponent);

        assert.doesNotMatch(target.path, /\/\/|[^\x21-\x7e]|[\\#?]/);
        for (const part of decoded) assert.doesNotMatch(part, /[\\%?#\0]|(?:^|\/)\.+(?:\/|$)/);
        assert.equal(decoded.join(';').split('/').length, target.path.split('/').length);
      }),
      runs,
    );
  });
});

describe('a rule', () => {
  test('is not walked around by another spelling of the same path', () => {
    const respelled = fc
      .tuple(segmentNames, fc.infiniteStream(fc.integer({ min: 0, max: 5 })))
      .map(([names, dice]) => ({
        names,
        target: `/${names.map((name) => respell(name, dice)).join('/')}`,
      }));

    fc.assert(
      fc.property(respelled, patternText, ({ names, target }, text) => {
        const canonical = canonicalTarget(target);
        const plain = `/${names.map(encodeURIComponent).join('/')}`;

        assert.ok(canonical.ok, target);
        assert.deepEqual(namesOf(canonical.path), names);
        const pattern = aPattern(text);
        assert.equal(matchesPath(pattern, canonical.path), matchesPath(pattern, plain));
      }),
      runs,
    );
  });

  test('is not walked around by a slash at the end or by path parameters', () => {
    fc.assert(
      fc.property(canonicalPath, patternText, (path, text) => {
        const pattern = aPattern(text);
        const matches = matchesPath(pattern, path);

        assert.equal(matchesPath(pattern, path.endsWith('/') ? path : `${path}/`), matches);
        assert.equal(matchesPath(pattern, `${path};jsessionid=1`), matches);
      }),
      runs,
    );
  });
});

describe('a path pattern', () => {
  test('matches what a regular expression of the same meaning matches', () => {
    fc.assert(
      fc.property(patternText, segmentNames, (text, names) => {
        const path = `/${names.map(encodeURIComponent).join('/')}`;

        assert.equal(matchesPath(aPattern(text), path), oracleOf(text).test(`/${names.join('/')}`));
      }),
      runs,
    );
  });

  test('that covers another matches all that the other matches', () => {
    fc.assert(
      fc.property(patternText, patternText, canonicalPath, (outer, inner, path) => {
        if (!coversPath(aPattern(outer), aPattern(inner))) return;
        if (!matchesPath(aPattern(inner), path)) return;
        assert.ok(matchesPath(aPattern(outer), path), `${outer} ${inner} ${path}`);
      }),
      { numRuns: 5000 },
    );
  });

  test('overlaps another exactly when some path matches both', () => {
    fc.assert(
      fc.property(patternText, patternText, canonicalPath, (one, other, path) => {
        if (!matchesPath(aPattern(one), path) || !matchesPath(aPattern(other), path)) return;
        assert.ok(overlapsPath(aPattern(one), aPattern(other)), `${one} ${other} ${path}`);
      }),
      { numRuns: 5000 },
    );
  });

  test('covers itself, and overlaps what it covers', () => {
    fc.assert(
      fc.property(patternText, patternText, (one, other) => {
        assert.ok(coversPath(aPattern(one), aPattern(one)));
        if (!coversPath(aPattern(one), aPattern(other))) return;
        assert.ok(overlapsPath(aPattern(one), aPattern(other)));
      }),
      runs,
    );
  });

  test('is read or refused, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.oneof(hostileText, fc.string({ unit: 'binary' })),
        canonicalPath,
        (text, path) => {
          const pattern = parsePathPattern(`/${text}`);
          if (pattern !== null) assert.equal(typeof matchesPath(pattern, path), 'boolean');
        },
      ),
      runs,
    );
  });
});

/** Writes a name in one of the ways that decode to it: characters escaped or not, in either case. */
function respell(name: string, dice: fc.Stream<number>): string {
  return Array.from(name)
    .map((character) => {
      const escaped = [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
        .join('');
      const [die = 0] = dice.take(1);
      if (die === 0) return escaped;
      if (die === 1) return escaped.toUpperCase();
      return /[\w.~@-]/.test(character) ? character : escaped;
    })
    .join('');
}

/** The pattern as a regular expression on decoded names. */
function oracleOf(text: string): RegExp {
  const segments = text
    .slice(1)
    .split('/')
    .filter((segment) => segment !== '');
  const body = segments.map((segment) => {
    if (segment === '**') return '(?:/[^/]+)*';
    if (segment === '*') return '/[^/]+';
    return `/${segment.replace(/[.*+?^${}()|[\]\\]/g, (sign) => (sign === '*' ? '[^/]*' : `\\${sign}`))}`;
  });
  return new RegExp(`^(?:${body.join('')})/?$`, 'u');
}
