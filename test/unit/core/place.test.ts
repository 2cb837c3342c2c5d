/** The network that stands for a place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from '../../../src/core/place.ts';

test('a place is a /24 of IPv4 or a /48 of IPv6, however the address is written', () => {
  // prettier-ignore
  const cases = [
    ['203.0.113.9',              '203.0.113.0/24'],
    ['203.0.113.255',            '203.0.113.0/24'],
    ['::ffff:203.0.113.9',       '203.0.113.0/24'],
    ['2001:db8:e:7::1',          '2001:db8:e::/48'],
    ['2001:0DB8:000E:ffff::1',   '2001:db8:e::/48'],
    ['unknown',                  'unknown'],
    ['203.0.113',                '203.0.113'],
  ] as const;
  for (const [ip, place] of cases) assert.equal(networkOf(ip), place, ip);
});
