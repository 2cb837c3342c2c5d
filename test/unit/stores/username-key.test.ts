/** Usernames that are the same to a person are the same to us. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { usernameKey } from '../../../src/stores/username-key.ts';

describe('the key of a username', () => {
  // prettier-ignore
  const same = [
    ['capitals',             'anna',    'ANNA'],
    ['full-width letters',   'anna',    'ａｎｎａ'],
    ['a sharp s',            'strasse', 'Straße'],
    ['a final sigma',        'ΟΔΟΣ',    'οδος'],
    ['a Kelvin sign',        'k',       '\u212a'],
    ['a composed accent',    'é',       'e\u0301'],
    ['a ligature',           'fi',      'ﬁ'],
  ] as const;
  for (const [what, one, other] of same) {
    test(`is the same for ${what}`, () => {
      assert.equal(usernameKey(one), usernameKey(other));
    });
  }

  test('is not the same for letters of another alphabet', () => {
    assert.notEqual(usernameKey('anna'), usernameKey('аnna'));
  });

  test('is the key of itself, and of its capitals (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const key = usernameKey(name);
        assert.equal(usernameKey(key), key);
        assert.equal(usernameKey(name.toUpperCase()), key);
      }),
    );
  });
});
