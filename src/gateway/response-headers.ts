/**
 * The headers of an answer on their way back to the client: all of the upstream's, but for what
 * concerns the connection alone (RFC 9110 §7.6.1), our own cookies, the header by which people tell
 * our answers from the upstream's, and the one that tells of a deadline.
 */

import { isOwnCookie } from '../core/cookie-names.ts';
import { foldHeaderName } from '../core/header-names.ts';
import { enrollByHeader } from './enroll-by.ts';
import { neverTrailers, nominatedBy } from './upstream-headers.ts';

const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What of an upstream's answer is needed here. */
export interface UpstreamHead {
  readonly statusCode: number;
  readonly rawHeaders: readonly string[];
  readonly connection: string | undefined;
  /** The answer came in chunks, whatever length it claims beside (RFC 9112 §6.3). */
  readonly isChunked: boolean;
}

/** The headers for the client, name after value, as Node's `writeHead` takes them. */
export function responseHeaders(head: UpstreamHead): string[] {
  const nominated = nominatedBy(head.connection);
  const hasLength = !head.isChunked && head.statusCode !== 204;
  const result: string[] = [];
  for (let index = 0; index + 1 < head.rawHeaders.length; index += 2) {
    const written = head.rawHeaders[index] ?? '';
    const value = head.rawHeaders[index + 1] ?? '';
    const name = written.toLowerCase();
    if (dropped.has(name) || isOurs(name, value)) continue;
    if (name === 'content-length') {
      if (!hasLength) continue;
    } else if (nominated?.has(name) === true) {
      continue;
    }
    result.push(written, value);
  }
  return result;
}

/** The trailers that may pass to the client. */
export function responseTrailers(rawTrailers: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < rawTrailers.length; index += 2) {
    const written = rawTrailers[index] ?? '';
    const value = rawTrailers[index + 1] ?? '';
    const name = written.toLowerCase();
    if (dropped.has(name) || neverTrailers.has(name) || isOurs(name, value)) continue;
    result.push([written, value]);
  }
  return result;
}

const ours: ReadonlySet<string> = new Set(['sallyport-response', enrollByHeader.toLowerCase()]);

/** Says whether a response header is one that only we may send. The name is in lower case. */
export function isOurs(name: string, value: string): boolean {
  if (name === 'set-cookie') return setsOwnCookie(value);
  return name.startsWith('sallyport') && ours.has(foldHeaderName(name));
}

/**
 * Security: an upstream that could set our session cookie could sign its visitors in as somebody
 * else. A cookie without a name is sent back as if its value were one (RFC 6265bis §5.6).
 */
function setsOwnCookie(value: string): boolean {
  const pair = value.split(';', 1)[0] ?? '';
  const equals = pair.indexOf('=');
  const name = pair.slice(0, Math.max(equals, 0)).trim();
  if (name !== '') return isOwnCookie(name);
  const nameless = pair.slice(equals + 1);
  return isOwnCookie((nameless.split('=', 1)[0] ?? '').trim());
}
