/** The session cookie, read without express-session. */

import { unsign } from 'cookie-signature';
import { parseCookie } from 'cookie';

import type { Secret } from '../../platform/secret.ts';

/** Bytes of randomness in a session id. */
export const sessionIdBytes = 32;

const headerCharactersMax = 16_384;
const idPattern = /^[\w-]{43}$/;

/**
 * The session id in a `Cookie` header, or null when there is none, it was not signed by us, or
 * more than one cookie claims the name.
 *
 * Security: two cookies of one name mean that somebody planted one, from a neighbouring host or
 * over plain http. Which of them a server believes is a matter of luck, so neither is believed.
 */
export function parseSessionCookie(
  header: string | undefined,
  name: string,
  secret: Secret,
): string | null {
  if (header === undefined || header.length > headerCharactersMax) return null;
  if (countCookies(header, name) !== 1) return null;
  const value = parseCookie(header)[name];
  // `s:` marks a signed value, as express-session writes it.
  if (value?.startsWith('s:') !== true) return null;
  const id = unsign(value.slice(2), secret.reveal());
  return id !== false && idPattern.test(id) ? id : null;
}

/** The header without any cookie of that name. */
export function withoutCookie(header: string, name: string): string {
  return header
    .split(';')
    .filter((pair) => nameOf(pair) !== name)
    .join(';');
}

function countCookies(header: string, name: string): number {
  return header.split(';').filter((pair) => nameOf(pair) === name).length;
}

function nameOf(pair: string): string {
  const end = pair.indexOf('=');
  return (end === -1 ? pair : pair.slice(0, end)).trim();
}
