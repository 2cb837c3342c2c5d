/** The people of the demonstration. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tiers } from '../../../src/core/policy/mfa-policy.ts';
import { demoPeople } from '../../../src/demo/demo-people.ts';
import { seededRandom } from '../../support/seeded-random.ts';

describe('the people of the demonstration', () => {
  test('are one of each tier', () => {
    const people = demoPeople(seededRandom());

    assert.deepEqual(
      people.map(({ username, tier }) => [username, tier]),
      ['anna', 'ben', 'chloe', 'dan'].map((name, at) => [name, tiers[at]]),
    );
  });

  test('get passwords that can be read out, another one each', () => {
    const random = seededRandom();
    const passwords = [...demoPeople(random), ...demoPeople(random)].map((one) => one.password);

    assert.equal(new Set(passwords).size, passwords.length);
    for (const password of passwords) assert.match(password, /^([a-z]+-){4}\d{3}$/);
  });
});
