/** "Did you mean". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closestName, didYouMean } from '../../../src/config/source/closest-name.ts';

describe('the closest name', () => {
  const names = ['listen', 'publicUrl', 'trustedProxies', 'tls'];

  // prettier-ignore
  const cases = [
    ['listn',           'listen'],
    ['lisetn',          'listen'],
    ['public_url',      'publicUrl'],
    ['PUBLIC-URL',      'publicUrl'],
    ['trustedProxy',    'trustedProxies'],
    ['tsl',             'tls'],
    ['trusted',         'trustedProxies'],
    ['host',            null],
    ['',                null],
  ] as const;

  for (const [written, name] of cases) {
    test(`to "${written}" is ${name ?? 'none'}`, () => {
      assert.equal(closestName(written, names), name);
    });
  }

  test('is put into a question', () => {
    assert.equal(didYouMean('listn', names), '; did you mean "listen"?');
    assert.equal(didYouMean('host', names), '');
  });
});
