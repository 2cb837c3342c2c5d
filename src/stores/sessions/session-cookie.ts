/** The session cookie, read without express-session. */

import { unsign } from 'cookie-signature';
import { parseCookie } from 'cookie';

import type { Sealer } from '../../platform/seal.ts';

/** Where the keys come from that sign the cookie; they change when keys are rotated. */
export type CookieKeys = Pick<Sealer, 'deriveKeys' | 'findKey'>;

const keyPurpose = 'session cookie';

/** What signs the cookie, newest first: an older one is still believed. */
export function cookieSecrets(keys: CookieKeys): readonly string[] {
  return keys.deriveKeys(keyPurpose).map(secretOf);
}

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
  keys: CookieKeys,
): string | null {
  if (header === undefined || header.length > headerCharactersMax) return null;
  if (countCookies(header, name) !== 1) return null;
  const value = parseCookie(header)[name];
  // `s:` marks a signed value, as express-session writes it.
  if (value?.startsWith('s:') !== true) return null;
  const signed = value.slice(2);
  let id = '';
  const key = keys.findKey(keyPurpose, (candidate) => {
    const unsigned = unsign(signed, secretOf(candidate));
    if (unsigned !== false) id = unsigned;
    return unsigned !== false;
  });
  return key !== null && idPattern.test(id) ? id : null;
}

function secretOf(key: Buffer): string {
  return key.toString('base64url');
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
