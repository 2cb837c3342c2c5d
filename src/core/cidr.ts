/**
 * Addresses and networks. `ipaddr.js` parses; everything is compared in one canonical form.
 *
 * An address that could be read in two ways is none: no zone ids, no octal, hexadecimal or
 * shortened IPv4. What is no address is inside no network, so a list can only ever refuse it.
 */

import ipaddr from 'ipaddr.js';

/** A block of addresses. IPv4-mapped IPv6 is IPv4 here, in blocks and in addresses alike. */
export interface Cidr {
  /** Canonical text: `10.20.0.0/24`, `2001:db8:e::/48`. */
  readonly text: string;
  readonly bytes: readonly number[];
  readonly prefixBits: number;
}

/** A named list of blocks; an empty one contains nobody. */
export interface Network {
  readonly name: string;
  readonly cidrs: readonly Cidr[];
}

/**
 * Reads an address and returns its canonical text (RFC 5952 for IPv6), or null when it is none.
 *
 * Security: IPv4-mapped IPv6 (`::ffff:10.0.0.1`) comes back as IPv4, so that a list of IPv4 blocks
 * holds on a dual-stack socket too.
 */
export function parseAddress(text: string): string | null {
  return readAddress(text)?.toString() ?? null;
}

/** Reads a block or a single address; host bits are cleared. Null when it is neither. */
export function parseCidr(text: string): Cidr | null {
  const match = /^(?<address>[^/]+)(?:\/(?<prefix>0|[1-9]\d{0,2}))?$/.exec(text);
  const written = match?.groups?.['address'] ?? '';
  const address = readAddress(written);
  if (address === null) return null;

  const bytes = address.toByteArray();
  const widthBits = bytes.length * 8;
  // `::ffff:10.0.0.0/104` counts the 96 bits in front of the IPv4 address, which are folded away.
  const foldedBits = written.includes(':') ? 128 - widthBits : 0;
  const prefix = match?.groups?.['prefix'];
  const prefixBits = prefix === undefined ? widthBits : Number(prefix) - foldedBits;
  if (prefixBits < 0 || prefixBits > widthBits) return null;
  return blockOf(bytes, prefixBits);
}

/** The block around an address: so many bits of IPv4, or of IPv6; null when it is no address. */
export function blockAround(
  ip: string,
  bits: { readonly ipv4: number; readonly ipv6: number },
): Cidr | null {
  const bytes = bytesOf(ip);
  return bytes === null ? null : blockOf(bytes, bytes.length === 4 ? bits.ipv4 : bits.ipv6);
}

/** Says whether a block contains an address; what is no address is in no block. */
export function cidrContains(cidr: Cidr, ip: string): boolean {
  const address = readAddress(ip);
  return address !== null && containsBytes(cidr, address.toByteArray());
}

/** Says whether a network contains an address; an empty network contains nobody. */
export function networkContains(network: Network, ip: string): boolean {
  return anyCidrContains(network.cidrs, ip);
}

/** Says whether one of the blocks contains an address. */
export function anyCidrContains(cidrs: readonly Cidr[], ip: string): boolean {
  const bytes = bytesOf(ip);
  return bytes !== null && cidrs.some((cidr) => containsBytes(cidr, bytes));
}

/** Says whether every address of `inner` is in `outer`. */
export function cidrCovers(outer: Cidr, inner: Cidr): boolean {
  return outer.prefixBits <= inner.prefixBits && containsBytes(outer, inner.bytes);
}

/**
 * Says whether the blocks together contain every IPv4 or every IPv6 address, however they are
 * cut up: `0.0.0.0/0` does, and so do `0.0.0.0/1` and `128.0.0.0/1` side by side.
 */
export function coversEveryAddress(cidrs: readonly Cidr[]): boolean {
  return [4, 16].some((width) => {
    const family = cidrs.filter((cidr) => cidr.bytes.length === width);
    return coversHalves(family, 0);
  });
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const strictIpv4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;

// The same few addresses are asked about with every request, and reading one is what costs.
const knownBytes = new Map<string, readonly number[] | null>();
const addressesKept = 4096;

function bytesOf(ip: string): readonly number[] | null {
  let bytes = knownBytes.get(ip);
  if (bytes === undefined) {
    bytes = readAddress(ip)?.toByteArray() ?? null;
    if (knownBytes.size >= addressesKept) knownBytes.clear();
    if (ip.length <= addressLengthMax) knownBytes.set(ip, bytes);
  }
  return bytes;
}

/** Eight groups of four digits, a dotted tail at most. */
const addressLengthMax = 45;

function readAddress(text: string): Address | null {
  if (text.includes(':')) return readIpv6(text);
  return strictIpv4.test(text) && ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text) : null;
}

function readIpv6(text: string): Address | null {
  if (!/^[0-9a-f:.]+$/i.test(text)) return null;
  const plain = withoutDottedTail(text);
  if (plain === null || !ipaddr.IPv6.isValid(plain)) return null;
  const address = ipaddr.IPv6.parse(plain);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/**
 * Writes a dotted tail (`::ffff:10.0.0.1`) as two groups, or returns null when it is no address.
 *
 * Security: `ipaddr.js` would read `::10.0.0.1`, which is another host, as `::ffff:10.0.0.1`.
 */
function withoutDottedTail(text: string): string | null {
  if (!text.includes('.')) return text;
  const start = text.lastIndexOf(':') + 1;
  const tail = text.slice(start);
  if (!strictIpv4.test(tail) || !ipaddr.IPv4.isValid(tail)) return null;
  const hex = Buffer.from(ipaddr.IPv4.parse(tail).toByteArray()).toString('hex');
  return `${text.slice(0, start)}${hex.slice(0, 4)}:${hex.slice(4)}`;
}

function blockOf(bytes: readonly number[], prefixBits: number): Cidr {
  const masked = bytes.map((byte, index) => byte & maskOfByte(prefixBits, index));
  const text = ipaddr.fromByteArray(masked).toString();
  return { text: `${text}/${String(prefixBits)}`, bytes: masked, prefixBits };
}

function containsBytes(cidr: Cidr, bytes: readonly number[]): boolean {
  if (cidr.bytes.length !== bytes.length) return false;
  return bytes.every(
    (byte, index) => (byte & maskOfByte(cidr.prefixBits, index)) === cidr.bytes[index],
  );
}

/** The bits of the byte at `index` that a prefix of this length fixes. */
function maskOfByte(prefixBits: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

/** Whether the blocks fill the space below a prefix of `depth` bits that all of them share. */
function coversHalves(cidrs: readonly Cidr[], depth: number): boolean {
  if (cidrs.length === 0) return false;
  if (cidrs.some((cidr) => cidr.prefixBits <= depth)) return true;
  const isUpper = (cidr: Cidr) =>
    ((cidr.bytes[depth >> 3] as number) & (0x80 >> (depth & 7))) !== 0;
  const lower = cidrs.filter((cidr) => !isUpper(cidr));
  return coversHalves(lower, depth + 1) && coversHalves(cidrs.filter(isUpper), depth + 1);
}
