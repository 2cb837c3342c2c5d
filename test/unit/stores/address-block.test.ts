/** What counts as one address to a rate limit. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addressBlock } from '../../../src/stores/limits/limits.ts';

describe('the block of an address', () => {
  // prettier-ignore
  const cases = [
    ['192.0.2.7',                        '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6',             '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6',                  '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6',           '2001:db8:1:2::/64'],
    ['2001:db8::6',                      '2001:db8:0:0::/64'],
    ['2001:db8::1:2:3:4:5',              '2001:db8:0:1::/64'],
    ['::1',                              '0:0:0:0::/64'],
    ['fe80::',                           'fe80:0:0:0::/64'],
  ] as const;
  for (const [ip, block] of cases) {
    test(`of ${ip} is ${block}`, () => {
      assert.equal(addressBlock(ip), block);
    });
  }
});
