/**
 * Keeps other sites from posting our forms in somebody's name.
 *
 * Three fences, each enough by itself against a browser that honours it: what the browser says
 * about where the post comes from (Sec-Fetch-Site, Origin), a token in the form that belongs to a
 * cookie, and the cookie's SameSite. Visitors who are not signed in are protected alike: a forged
 * sign-in would leave somebody working in another person's account.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { SessionKey } from '../core/ids.ts';
import type { Random } from '../platform/random.ts';

/** What the keys that make tokens are derived for. */
export const formKeyPurpose = 'form tokens';

/** What a token is made from. */
export interface FormBinding {
  readonly key: Buffer;
  /** The value of the form cookie. */
  readonly cookie: string;
  /** The session that the form was made for; null: nobody was signed in. */
  readonly session: SessionKey | null;
}

/** A fresh value for the form cookie: 256 bits. */
export function newFormCookie(random: Random): string {
  return random.bytes(32).toString('base64url');
}

/** Says whether a value could have come from `newFormCookie`; anything else is replaced. */
export function isFormCookie(value: string | null): value is string {
  return value !== null && /^[\w-]{43}$/.test(value);
}

/**
 * The token of a form. Bound to the session, so that it dies with it: a form that was opened
 * before a sign-in or a rise in assurance cannot be sent after it.
 */
export function formToken({ key, cookie, session }: FormBinding): string {
  return createHmac('sha256', key)
    .update(`${cookie}.${session ?? 'anonymous'}`)
    .digest('base64url');
}

/** Says whether a posted token is the right one, in constant time. */
export function isFormToken(posted: string, binding: FormBinding): boolean {
  const expected = Buffer.from(formToken(binding));
  const actual = Buffer.from(posted);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/**
 * Says whether a post may come from one of our own pages, going by what the browser says. Silence
 * is accepted, because programs and old browsers send neither header; the token decides then.
 */
export function comesFromOurPages(headers: IncomingHttpHeaders, portalOrigin: string): boolean {
  const site = headers['sec-fetch-site'];
  // `same-site` is not enough: a neighbouring host may be somebody else's application.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return headers.origin === undefined || headers.origin === portalOrigin;
}
