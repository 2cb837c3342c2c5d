/**
 * Single values of the configuration: how each is written, and what it becomes.
 *
 * Every type says in its message what to write instead. The text pattern is repeated in the JSON
 * Schema, so that an editor marks a mistake before the program does.
 */

import { METHODS } from 'node:http';
import { z } from 'zod';

import { parseCidr, type Cidr } from '../core/cidr.ts';
import { parseHostPattern } from '../core/host.ts';
import { parsePathPattern, type PathPattern } from '../core/path-pattern.ts';
import type { HostPattern } from '../core/route.ts';
import { formatDuration, parseDurationSeconds } from '../core/time.ts';
import type { ListenAddress } from './config.ts';

/** Text; `hint` says what to write when something else stands there. */
export function text(hint: string) {
  return z.string({
    error: (issue) => (issue.input === undefined ? undefined : hint),
  });
}

/** A value, or a list of at least one. Becomes a list. */
export function oneOrMore<Item extends z.ZodType>(item: Item) {
  const list = z.array(item).min(1, 'an empty list matches nothing; leave the key out or fill it');
  return z.union([item, list]).transform((value) => (Array.isArray(value) ? value : [value]));
}

const durationHint = 'write a duration such as 30s, 10m, 12h or 30d';

/** A duration (`30s`), in seconds. */
export function duration(limits: { readonly min?: string; readonly max?: string } = {}) {
  const min = parseDurationSeconds(limits.min ?? '1s') ?? 1;
  const max = parseDurationSeconds(limits.max ?? '3650d') ?? 1;
  return text(durationHint)
    .regex(/^[1-9][0-9]{0,8}[smhd]$/, durationHint)
    .transform((written, context) => {
      const seconds = parseDurationSeconds(written);
      if (seconds !== null && seconds >= min && seconds <= max) return seconds;
      const between = `${formatDuration(min)} and ${formatDuration(max)}`;
      context.issues.push({
        code: 'custom',
        message: `write a duration between ${between}`,
        input: written,
      });
      return z.NEVER;
    });
}

const byteUnits = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;
const sizeHint = 'write a size such as 512KB, 10MB or 1GiB';

/** A size (`10MB`), in bytes. */
export function byteSize() {
  return text(sizeHint)
    .regex(/^[1-9][0-9]{0,5}(?:B|KB|MB|GB|KiB|MiB|GiB)$/, sizeHint)
    .transform((written) => {
      const unit = written.replace(/^[0-9]+/, '') as keyof typeof byteUnits;
      return Number.parseInt(written, 10) * byteUnits[unit];
    });
}

const listenHint = 'write an address and a port, such as 127.0.0.1:8080 or [::1]:8080';

/** Where a listener stands: `127.0.0.1:8080`. Port 0 takes a free one. */
export function listenAddress() {
  return text(listenHint).transform((written, context): ListenAddress => {
    const address = parseListenAddress(written);
    if (address !== null) return address;
    context.issues.push({ code: 'custom', message: listenHint, input: written });
    return z.NEVER;
  });
}

function parseListenAddress(written: string): ListenAddress | null {
  const match = /^(?<host>.+):(?<port>0|[1-9]\d{0,4})$/.exec(written);
  const pattern = parseHostPattern(match?.groups?.['host'] ?? '');
  const port = Number(match?.groups?.['port']);
  if (pattern === null || pattern.isWildcard || port > 65_535) return null;
  return { host: pattern.name, port };
}

const cidrHint = 'write an address or a block of addresses, such as 192.0.2.10 or 10.20.0.0/24';

/** An address or a block of addresses. */
export function cidr() {
  return text(cidrHint).transform((written, context): Cidr => {
    const block = parseCidr(written);
    if (block !== null) return block;
    context.issues.push({ code: 'custom', message: cidrHint, input: written });
    return z.NEVER;
  });
}

const pathHint =
  'write a path such as /admin/**: it begins with /, * is one segment, ** any number of them';

/** A glob on path segments. */
export function pathPattern() {
  return text(pathHint).transform((written, context): PathPattern => {
    const pattern = parsePathPattern(written);
    if (pattern !== null) return pattern;
    context.issues.push({ code: 'custom', message: pathHint, input: written });
    return z.NEVER;
  });
}

const hostHint =
  'write a host name without scheme and port, such as console.example.com or *.example.com';

/** A host name, or every name below one. */
export function hostPattern() {
  return text(hostHint).transform((written, context): HostPattern => {
    const pattern = parseHostPattern(written);
    if (pattern !== null) return pattern;
    context.issues.push({ code: 'custom', message: hostHint, input: written });
    return z.NEVER;
  });
}

/** A request method, upper case. */
export function requestMethod() {
  const hint = 'write request methods in capitals, such as GET or POST';
  return text(hint).refine((written) => METHODS.includes(written), hint);
}

/** The name of a network, a route, a group, a user. */
export function name(what: string) {
  const hint = `write ${what}: letters, digits, hyphens, underscores and dots`;
  return text(hint).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, hint);
}

/**
 * The name of a group or user as an identity source spells it. Commas and control characters are
 * out: `Remote-Groups` separates with commas and is a header.
 */
export function identityName(what: string) {
  const hint = `write ${what}, without commas and line breaks`;
  return text(hint).regex(/^[^,\p{Cc}]{1,128}$/u, hint);
}
