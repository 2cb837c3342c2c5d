/**
 * The headers of a request on their way to an upstream.
 *
 * The client may claim to be anyone; the upstream believes these headers. They are rebuilt from
 * what came over the wire: first everything that concerns the connection alone is dropped, with
 * whatever `Connection` nominates (RFC 9110 §7.6.1), then every spelling of a name that is ours,
 * then ours are added. In this order: named in `Connection`, a header of ours would otherwise be
 * removed by the next hop. All else keeps its spelling, its order and its repetitions.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { isOwnCookie } from '../core/cookie-names.ts';
import type { RequestFacts } from '../core/facts.ts';
import { connectionTokens, isOwnedHeader } from '../core/header-names.ts';
import { isOwnBearer } from './caller.ts';
import { identityHeaderNames, type IdentityHeaders } from './identity-headers.ts';

/** What is added to a request. */
export interface Additions {
  readonly request: RequestFacts;
  readonly identity: IdentityHeaders | null;
  /** Whose tokens are taken out: they are for us, and whoever holds one can use it. */
  readonly portal: { readonly url: string };
  /** Our name in `Via`. */
  readonly via: string;
  readonly httpVersion: string;
}

/** A set of headers as Node's client takes it: a list stands for several lines. */
export type HeaderSet = Record<string, string | string[]>;

/**
 * Concerns this connection alone, or is answered by us, or is written anew below. `proxy` is no
 * header at all, but CGI makes `HTTP_PROXY` of it ("httpoxy").
 */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** Builds the headers for the upstream. `headers` are the same ones, joined as Node joins them. */
export function upstreamHeaders(
  rawHeaders: readonly string[],
  headers: IncomingHttpHeaders,
  { request, identity, portal, via, httpVersion }: Additions,
): HeaderSet {
  const nominated = nominatedBy(headers.connection);
  const result = new EmptySet();
  // Whoever counts on one spelling for each name: Node's client replaces by name, so that lines
  // of one name must stand together under the first spelling.
  const spellings = new Map<string, string>();

  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const written = rawHeaders[index] ?? '';
    const name = written.toLowerCase();
    if (dropped.has(name) || isOwned(name)) continue;
    // Security: nominated or not, the length of the body stays, or its bytes would be read as
    // another request.
    if (nominated?.has(name) === true && name !== 'content-length') continue;
    const raw = rawHeaders[index + 1] ?? '';
    if (name === 'authorization' && isOwnBearer(raw, portal)) continue;
    const value = rewritten(name, raw, request.method);
    if (value === null) continue;
    const spelling = spellings.get(name);
    if (spelling === undefined) {
      // Names that the proxy library itself looks for must be in lower case.
      const key = name === 'content-length' ? name : written;
      spellings.set(name, key);
      result[key] = value;
    } else {
      const known = result[spelling] ?? [];
      result[spelling] = typeof known === 'string' ? [known, value] : [...known, value];
    }
  }

  result['Host'] = request.authority;
  if (headers['transfer-encoding'] !== undefined) result['transfer-encoding'] = 'chunked';
  if (asksForTrailers(headers['te'])) {
    result['TE'] = 'trailers';
    result['connection'] = 'keep-alive, TE';
  }
  const hops = headers.via === undefined ? '' : `${headers.via}, `;
  result['Via'] = `${hops}${httpVersion} ${via}`;
  result['X-Forwarded-For'] = request.ip;
  result['X-Forwarded-Proto'] = request.scheme;
  result['X-Forwarded-Host'] = request.authority;
  result['X-Request-Id'] = request.id;
  if (identity !== null) {
    for (const name of identityHeaderNames) result[name] = identity[name];
  }
  return result;
}

/**
 * The trailers that may pass: fields after the body are merged into the headers by lenient
 * servers, so whatever frames, routes, authenticates or is ours stays out (RFC 9110 §6.5.1).
 */
export function upstreamTrailers(rawTrailers: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < rawTrailers.length; index += 2) {
    const written = rawTrailers[index] ?? '';
    const name = written.toLowerCase();
    if (dropped.has(name) || neverTrailers.has(name) || isOwned(name)) continue;
    result.push([written, rawTrailers[index + 1] ?? '']);
  }
  return result;
}

/** Fields that must not stand after the body, in either direction. */
export const neverTrailers: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'location',
  'max-forwards',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'trailer',
  'vary',
  'www-authenticate',
]);

function rewritten(name: string, value: string, method: string): string | null {
  if (name === 'cookie') return withoutOwnCookies(value);
  // RFC 9110 §7.6.2: each hop counts down; who gets to zero answers (forward.ts).
  if (name === 'max-forwards' && method === 'OPTIONS' && /^[1-9]\d{0,8}$/.test(value)) {
    return String(Number(value) - 1);
  }
  return value;
}

/** Leaves out our cookies and keeps every octet of the others; null when none are left. */
export function withoutOwnCookies(header: string): string | null {
  let rest = knownCookies.get(header);
  if (rest === undefined) {
    rest = restOfCookies(header);
    if (knownCookies.size >= cookiesKept) knownCookies.clear();
    if (header.length <= cookieLengthMax) knownCookies.set(header, rest);
  }
  return rest;
}

// A browser sends the same header with each request.
const knownCookies = new Map<string, string | null>();
const cookiesKept = 2000;
const cookieLengthMax = 2048;

function restOfCookies(header: string): string | null {
  if (!/sallyport/i.test(header)) return header;
  const pairs = header.split(';');
  const kept = pairs.filter((pair) => !isOwnCookie((pair.split('=', 1)[0] ?? '').trim()));
  if (kept.length === pairs.length) return header;
  const text = kept.join(';').replace(/^ +/, '');
  return text === '' ? null : text;
}

/** The names that `Connection` nominates; null in the usual case that there are none. */
export function nominatedBy(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || /^(?:keep-alive|close)$/i.test(connection)) return null;
  return new Set(connectionTokens(connection));
}

/**
 * Security: with no prototype of substance, a header called `__proto__` is one like any other. An
 * object from `Object.create(null)` would do as well, but V8 keeps those as slow hash tables.
 */
const EmptySet = function EmptySet() {} as unknown as new () => HeaderSet;
EmptySet.prototype = Object.create(null) as HeaderSet;

function asksForTrailers(te: string | readonly string[] | undefined): boolean {
  return te !== undefined && connectionTokens(te).includes('trailers');
}

// Clients send the same few dozen names; folding each anew would cost more than the rest of this.
const ownedNames = new Map<string, boolean>();
const ownedNamesKept = 2000;

function isOwned(name: string): boolean {
  let isOurs = ownedNames.get(name);
  if (isOurs === undefined) {
    isOurs = isOwnedHeader(name);
    if (ownedNames.size < ownedNamesKept && name.length <= 64) ownedNames.set(name, isOurs);
  }
  return isOurs;
}
