/** Reads and writes the cookies that pages handle themselves; express-session writes its own. */

import { parseCookie, stringifySetCookie } from 'cookie';

/** The value of a cookie as it was sent, or null. Of several with one name the first counts. */
export function cookieValue(header: string | undefined, name: string): string | null {
  // Nothing of ours is escaped, so that nothing is unescaped either.
  return parseCookie(header ?? '', { decode: (value) => value })[name] ?? null;
}

/** How a cookie is fenced in; all of ours are HttpOnly, SameSite=Lax and sent for every path. */
export interface CookieFence {
  readonly isSecure: boolean;
  /** Null: this host alone. */
  readonly domain: string | null;
}

/** A `Set-Cookie` value for a cookie that lives so long, or else as long as the browser is open. */
export function cookieToSet(
  name: string,
  value: string,
  fence: CookieFence,
  maxAgeSeconds?: number,
): string {
  const age = maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds };
  return stringifySetCookie({ name, value, ...age, ...attributes(fence) });
}

/** A `Set-Cookie` value that removes a cookie; it must be fenced as it was when it was set. */
export function cookieToClear(name: string, fence: CookieFence): string {
  return stringifySetCookie({ name, value: '', maxAge: 0, ...attributes(fence) });
}

function attributes({ isSecure, domain }: CookieFence) {
  return {
    ...(domain !== null && { domain }),
    path: '/',
    httpOnly: true,
    secure: isSecure,
    sameSite: 'lax',
  } as const;
}
