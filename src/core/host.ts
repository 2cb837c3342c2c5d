/**
 * Host names as requests and configuration write them, in one spelling: lower case, without the
 * dot of the root, IPv6 without brackets. A `Host` that two parsers could read differently is none.
 */

import { parseAddress } from './cidr.ts';
import type { HostPattern } from './route.ts';

/** A host and, where one was written, its port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number | null;
}

/**
 * Reads the value of a `Host` header (RFC 9110 §7.2), or returns null when it is none: with
 * userinfo, a path, spaces, escapes, an empty or impossible port, an address in a short form.
 */
export function parseHostHeader(text: string): HostAndPort | null {
  const match = /^(?<written>\[[^\]]*\]|[^:[\]]*)(?::(?<port>[1-9]\d{0,4}))?$/.exec(text);
  const { written = '', port } = match?.groups ?? {};
  const host = parseHost(written);
  if (host === null) return null;
  if (port === undefined) return { host, port: null };
  return Number(port) <= 65_535 ? { host, port: Number(port) } : null;
}

/** Reads a host of the configuration: a name, an address, or `*.` and a name. */
export function parseHostPattern(text: string): HostPattern | null {
  const isWildcard = text.startsWith('*.');
  const name = parseHost(isWildcard ? text.slice(2) : text);
  if (name === null || (isWildcard && isAddress(name))) return null;
  return { name, isWildcard };
}

/** Writes host and port as a browser puts them into an origin: without the scheme's own port. */
export function authorityOf(scheme: 'http' | 'https', { host, port }: HostAndPort): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const isDefault = port === null || port === (scheme === 'https' ? 443 : 80);
  return isDefault ? name : `${name}:${String(port)}`;
}

/** Says whether every host that `inner` matches is matched by `outer`; null matches every host. */
export function coversHost(outer: HostPattern | null, inner: HostPattern | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  if (outer.name === inner.name) return outer.isWildcard === inner.isWildcard;
  return outer.isWildcard && inner.name.endsWith(`.${outer.name}`);
}

/** A label of a name. Underscores are no host names by RFC 952, but container networks use them. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function parseHost(text: string): string | null {
  if (text.startsWith('[')) return parseIpv6(text.slice(1, -1));
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((part) => label.test(part))) return null;
  // A name whose last label is a number is an address to a browser (WHATWG URL §3.5), where
  // `127.1` is `127.0.0.1`; only the full form means the same to everybody.
  const isNumeric = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name);
  return isNumeric ? parseAddress(name) : name;
}

function parseIpv6(text: string): string | null {
  const address = text.includes(':') ? parseAddress(text) : null;
  // Folded to IPv4 it would be another host than the browser's.
  return address?.includes(':') === true ? address : null;
}

function isAddress(name: string): boolean {
  return parseAddress(name) !== null;
}
