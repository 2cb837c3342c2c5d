/**
 * Our cookies: what they are called and how they are fenced in.
 *
 * One place, because three parts must agree: sessions set them, pages read them, and the gateway
 * keeps them from every upstream.
 */

/** How our cookies are named and set under one configuration. */
export interface OwnCookies {
  readonly session: string;
  readonly csrf: string;
  /** By which a browser is known again. */
  readonly device: string;
  readonly isSecure: boolean;
  /** `Domain` of the session cookie; null: this host alone. */
  readonly sessionDomain: string | null;
}

/**
 * The cookies of a portal.
 *
 * Security: the prefixes make browsers refuse what a neighbouring host or a plain-http page tries
 * to plant (RFC 6265bis §4.1.3; ASVS 5.0 §3.3.1). The form and the device cookie are wanted by the
 * portal alone, so that they are fenced to one host even where sessions span several.
 */
export function ownCookies(portal: {
  readonly origin: string;
  readonly cookieDomain: string | null;
}): OwnCookies {
  const isSecure = portal.origin.startsWith('https:');
  const prefix = isSecure ? '__Host-' : '';
  const sessionPrefix = isSecure && portal.cookieDomain !== null ? '__Secure-' : prefix;
  return {
    session: `${sessionPrefix}sallyport`,
    csrf: `${prefix}sallyport-csrf`,
    device: `${prefix}sallyport-device`,
    isSecure,
    sessionDomain: portal.cookieDomain,
  };
}

/** Says whether a cookie is one of ours, under this configuration or an earlier one. */
export function isOwnCookie(name: string): boolean {
  return /^(?:__host-|__secure-)?sallyport(?:-csrf|-device)?$/i.test(name);
}
