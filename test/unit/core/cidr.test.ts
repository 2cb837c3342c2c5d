/** Addresses and networks: one canonical form, and nothing that could be read in two ways. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  anyCidrContains,
  cidrContains,
  cidrCovers,
  coversEveryAddress,
  networkContains,
  parseAddress,
  parseCidr,
} from '../../../src/core/cidr.ts';
import { aCidr, aNetwork } from '../../support/builders.ts';

describe('parseAddress', () => {
  // prettier-ignore
  const cases = [
    ['10.20.0.7',               '10.20.0.7'],
    ['0.0.0.0',                 '0.0.0.0'],
    ['255.255.255.255',         '255.255.255.255'],
    ['::',                      '::'],
    ['::1',                     '::1'],
    ['2001:DB8:0:0:0:0:0:A',    '2001:db8::a'],
    ['2001:db8:0:1:0:0:0:1',    '2001:db8:0:1::1'],
    ['1:2:3:4:5:6:1.2.3.4',     '1:2:3:4:5:6:102:304'],
    ['64:ff9b::1.2.3.4',        '64:ff9b::102:304'],
    ['::ffff:10.20.0.7',        '10.20.0.7'],
    ['::FFFF:0a14:0007',        '10.20.0.7'],
    ['0:0:0:0:0:ffff:10.20.0.7', '10.20.0.7'],
  ] as const;

  for (const [text, canonical] of cases) {
    test(`reads ${text} as ${canonical}`, () => {
      assert.equal(parseAddress(text), canonical);
    });
  }

  test('does not take an IPv4-compatible address for an IPv4-mapped one', () => {
    // Regression: ipaddr.js 2 reads `::10.20.0.7` as `::ffff:10.20.0.7`, another host.
    assert.equal(parseAddress('::10.20.0.7'), '::a14:7');
  });

  // prettier-ignore
  const none = [
    '', ' ', 'localhost', 'unknown', '_hidden', 'a', '10.20.0', '10.20.7', '169148423', '0x0a140007',
    '0x0a.20.0.7', '012.20.0.7', '10.20.0.07', '10.20.0.256', '10.20.0.7.1', '10.20.0.7 ', ' 10.20.0.7',
    '10.20.0.7:80', '10.20.0.7/32', '10.20.0.-7', '10.20.0.7\n', '１0.20.0.7', ':', ':::', '1::2::3',
    '[::1]', '::1%eth0', '::1%25eth0', '12345::', '::g', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::1/128',
    '::ffff:10.20.0', '::ffff:010.20.0.7', '::ffff:10.20.0.256', '::ffff:10.20.0.7.1', '::1.2.3.4:5', '1.2.3.4::',
    '::ffff:0x0a.20.0.7', '00001::',
  ];

  for (const text of none) {
    test(`reads no address in ${JSON.stringify(text)}`, () => {
      assert.equal(parseAddress(text), null);
    });
  }
});

describe('parseCidr', () => {
  // prettier-ignore
  const cases = [
    ['10.20.0.0/24',           '10.20.0.0/24'],
    ['10.20.0.99/24',          '10.20.0.0/24'],
    ['192.0.2.10',             '192.0.2.10/32'],
    ['0.0.0.0/0',              '0.0.0.0/0'],
    ['2001:DB8:E::/48',        '2001:db8:e::/48'],
    ['2001:db8:e:1::7/47',     '2001:db8:e::/47'],
    ['::1',                    '::1/128'],
    ['::/0',                   '::/0'],
    ['::ffff:10.20.0.7',       '10.20.0.7/32'],
    ['::ffff:10.20.0.0/120',   '10.20.0.0/24'],
    ['::ffff:0:0/96',          '0.0.0.0/0'],
  ] as const;

  for (const [text, canonical] of cases) {
    test(`reads ${text} as ${canonical}`, () => {
      assert.equal(parseCidr(text)?.text, canonical);
    });
  }

  // prettier-ignore
  const none = [
    '', '/', '/24', '10.20.0.0/', '10.20.0.0/33', '10.20.0.0/024', '10.20.0.0/-1', '10.20.0.0/ 24', '10.20.0.0/24/24',
    '10.20.0.0/24 ', '10.20/16', '10.20.0.0/255.255.255.0', '::/129', '::ffff:10.20.0.0/24', '::ffff:10.20.0.0/95',
    'zone-e', '10.20.0.0-10.20.0.255', '10.20.0.*', '*', 'all',
  ];

  for (const text of none) {
    test(`reads no block in ${JSON.stringify(text)}`, () => {
      assert.equal(parseCidr(text), null);
    });
  }
});

describe('cidrContains', () => {
  // prettier-ignore
  const cases = [
    ['10.20.0.0/24', '10.20.0.0',         true],
    ['10.20.0.0/24', '10.20.0.255',       true],
    ['10.20.0.0/24', '10.20.1.0',         false],
    ['10.20.0.0/24', '::ffff:10.20.0.7',  true],
    ['10.20.0.0/24', '::10.20.0.7',       false],
    ['10.20.0.0/24', 'localhost',         false],
    ['10.20.0.0/24', '',                  false],
    ['10.20.0.0/31', '10.20.0.1',         true],
    ['10.20.0.0/31', '10.20.0.2',         false],
    ['0.0.0.0/0',    '203.0.113.9',       true],
    ['0.0.0.0/0',    '::1',               false],
    ['::/0',         '::1',               true],
    ['::/0',         '203.0.113.9',       false],
    ['::/0',         '::ffff:10.20.0.7',  false],
    ['2001:db8:e::/48', '2001:db8:e:ffff::1', true],
    ['2001:db8:e::/48', '2001:db8:f::1',      false],
  ] as const;

  for (const [block, ip, isInside] of cases) {
    test(`${block} ${isInside ? 'contains' : 'does not contain'} ${JSON.stringify(ip)}`, () => {
      assert.equal(cidrContains(aCidr(block), ip), isInside);
    });
  }
});

describe('a network', () => {
  test('contains what one of its blocks contains', () => {
    const zoneE = aNetwork('zone-e', ['10.20.0.0/24', '192.0.2.10', '2001:db8:e::/48']);

    assert.equal(networkContains(zoneE, '192.0.2.10'), true);
    assert.equal(networkContains(zoneE, '192.0.2.11'), false);
    assert.equal(networkContains(zoneE, '2001:db8:e::1'), true);
  });

  test('contains nobody when it is empty', () => {
    assert.equal(networkContains(aNetwork('nobody', []), '10.20.0.7'), false);
    assert.equal(anyCidrContains([], '::1'), false);
  });

  test('contains nothing that is no address, not even when it contains every address', () => {
    const everywhere = aNetwork('everywhere', ['0.0.0.0/0', '::/0']);

    for (const ip of ['', 'localhost', 'unknown', '10.20.0.07', '::1%eth0']) {
      assert.equal(networkContains(everywhere, ip), false, ip);
    }
  });
});

describe('cidrCovers', () => {
  // prettier-ignore
  const cases = [
    ['10.0.0.0/8',   '10.20.0.0/24', true],
    ['10.20.0.0/24', '10.20.0.0/24', true],
    ['10.20.0.0/24', '10.0.0.0/8',   false],
    ['10.20.0.0/24', '10.21.0.0/24', false],
    ['::/0',         '10.20.0.0/24', false],
  ] as const;

  for (const [outer, inner, isCovered] of cases) {
    test(`${outer} ${isCovered ? 'covers' : 'does not cover'} ${inner}`, () => {
      assert.equal(cidrCovers(aCidr(outer), aCidr(inner)), isCovered);
    });
  }
});

describe('coversEveryAddress', () => {
  // prettier-ignore
  const cases = [
    [[],                                            false],
    [['10.0.0.0/8'],                                false],
    [['0.0.0.0/0'],                                 true],
    [['::/0'],                                      true],
    [['10.0.0.0/8', '0.0.0.0/0', '192.168.0.0/16'], true],
    [['::ffff:0:0/96'],                             true],
    [['0.0.0.0/1', '128.0.0.0/1'],                  true],
    [['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/2'],   true],
    [['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3'],   false],
    [['0.0.0.0/1', '8000::/1'],                     false],
    [['::/1', '8000::/1', '10.0.0.0/8'],            true],
  ] as const;

  for (const [blocks, isEverything] of cases) {
    test(`is ${String(isEverything)} of ${blocks.join(', ') || 'no block'}`, () => {
      assert.equal(coversEveryAddress(blocks.map(aCidr)), isEverything);
    });
  }
});
