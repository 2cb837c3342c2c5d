/** Laws of addresses and hosts: blocks count bits, and readings agree with the browser's. */

import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  cidrContains,
  cidrCovers,
  coversEveryAddress,
  parseAddress,
  parseCidr,
} from '../../src/core/cidr.ts';
import { authorityOf, parseHostHeader } from '../../src/core/host.ts';
import { hostileText } from '../support/arbitraries.ts';
import { aCidr } from '../support/builders.ts';

const runs = { numRuns: 1000 };
const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6();
const address = fc.oneof(ipv4, ipv6);

/** A block of either family, with an address that is near it often enough. */
const blockAndAddress = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 }), ipv4, fc.integer({ min: 0, max: 31 })),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 }), ipv6, fc.integer({ min: 0, max: 127 })),
);

describe('a block', () => {
  test('contains exactly the addresses whose first bits are its own', () => {
    fc.assert(
      fc.property(blockAndAddress, ([base, prefix, other, flipped]) => {
        const block = parseCidr(`${base}/${String(prefix)}`);
        // Blocks that cut through the IPv4-mapped range have no meaning and are refused.
        if (block === null) return;
        const near = withBitFlipped(base, flipped);
        for (const ip of [base, other, near]) {
          const isSamePrefix: boolean =
            prefixBitsOf(ip, block.prefixBits) === prefixBitsOf(base, block.prefixBits);
          const isSameFamily = bitsOf(ip).length === bitsOf(base).length;
          assert.equal(
            cidrContains(block, ip),
            isSameFamily && isSamePrefix,
            `${block.text} ${ip}`,
          );
        }
      }),
      runs,
    );
  });

  test('covers another exactly when it contains its first address and is no smaller', () => {
    fc.assert(
      fc.property(blockAndAddress, ([base, prefix, other, otherPrefix]) => {
        const outer = parseCidr(`${base}/${String(prefix)}`);
        const inner = parseCidr(`${other}/${String(otherPrefix)}`);
        if (outer === null || inner === null) return;
        const first = inner.text.slice(0, inner.text.indexOf('/'));

        assert.equal(
          cidrCovers(outer, inner),
          cidrContains(outer, first) && outer.prefixBits <= inner.prefixBits,
        );
      }),
      runs,
    );
  });

  test('reads its own text as itself', () => {
    fc.assert(
      fc.property(blockAndAddress, ([base, prefix]) => {
        const block = parseCidr(`${base}/${String(prefix)}`);
        if (block !== null) assert.deepEqual(parseCidr(block.text), block);
      }),
      runs,
    );
  });

  test('and the blocks beside its path to the root contain every address', () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 1, max: 32 }), (base, prefix) => {
        const siblings = Array.from({ length: prefix }, (_, bit) =>
          aCidr(`${withBitFlipped(base, bit)}/${String(bit + 1)}`),
        );

        assert.equal(coversEveryAddress([...siblings, aCidr(`${base}/${String(prefix)}`)]), true);
        assert.equal(coversEveryAddress(siblings), false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseAddress', () => {
  test('reads every address, once as well as twice', () => {
    fc.assert(
      fc.property(address, (text) => {
        const canonical = parseAddress(text);

        assert.ok(canonical !== null, text);
        assert.equal(parseAddress(canonical), canonical);
        assert.notEqual(isIP(canonical), 0);
      }),
      runs,
    );
  });

  test('reads nothing that Node does not take for an address', () => {
    const almost = fc
      .array(fc.constantFrom(':', '::', '.', '0', '1', 'ffff', '255', '10.20.0.7', '%', '/'), {
        maxLength: 9,
      })
      .map((parts) => parts.join(''));

    fc.assert(
      fc.property(fc.oneof(almost, hostileText), (text) => {
        if (parseAddress(text) !== null) assert.notEqual(isIP(text), 0, text);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('parseHostHeader', () => {
  const almost = fc
    .array(
      fc.constantFrom(
        'a',
        'Example',
        '.',
        '-',
        '_',
        '1',
        '0x7f',
        '127',
        ':',
        '80',
        '[',
        ']',
        '::1',
        'xn--bcher-kva',
        '@',
        '%41',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(''));

  test('names the host that a browser would go to', () => {
    fc.assert(
      fc.property(fc.oneof(almost, hostileText), (text) => {
        const parsed = parseHostHeader(text);
        if (parsed === null) return;
        const url = new URL(`http://${text}/`);

        assert.equal(url.hostname.replace(/\.$/, '').replace(/^\[|\]$/g, ''), parsed.host);
        assert.equal(
          url.port,
          parsed.port === null || parsed.port === 80 ? '' : String(parsed.port),
        );
      }),
      { numRuns: 5000 },
    );
  });

  test('reads its own writing as the same', () => {
    fc.assert(
      fc.property(almost, (text) => {
        const parsed = parseHostHeader(text);
        if (parsed === null) return;
        const again = parseHostHeader(authorityOf('https', parsed));

        assert.deepEqual(again, parsed.port === 443 ? { ...parsed, port: null } : parsed);
      }),
      runs,
    );
  });
});

/** All bits of an address, most significant first; of IPv4-mapped addresses those of the IPv4 one. */
function bitsOf(text: string): string {
  const bytes = aCidr(text).bytes;
  return bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function prefixBitsOf(text: string, count: number): string {
  return bitsOf(text).slice(0, count);
}

function withBitFlipped(text: string, at: number): string {
  const { bytes } = aCidr(text);
  const flipped = bytes.map((byte, index) =>
    index === at >> 3 ? byte ^ (0x80 >> (at & 7)) : byte,
  );
  if (flipped.length === 4) return flipped.join('.');
  return (Buffer.from(flipped).toString('hex').match(/.{4}/g) ?? []).join(':');
}
