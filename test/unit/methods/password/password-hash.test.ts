/** The text form of password hashes. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  formatPasswordHash,
  parsePasswordHash,
} from '../../../../src/methods/password/password-hash.ts';

const hash = {
  memoryKib: 19_456,
  passes: 2,
  parallelism: 1,
  salt: Buffer.alloc(16, 1),
  tag: Buffer.alloc(32, 2),
};

describe('a stored password hash', () => {
  test('names algorithm, version and cost in PHC format', () => {
    assert.match(
      formatPasswordHash(hash),
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/,
    );
  });

  test('reads as it was written', () => {
    assert.deepEqual(parsePasswordHash(formatPasswordHash(hash)), hash);
  });

  for (const text of [
    '',
    'secret',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2i$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAg',
    '$argon2id$v=16$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAg',
    '$argon2id$v=19$m=99999999999,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAg',
    '$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$',
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePasswordHash(text), assert.AssertionError);
    });
  }
});
