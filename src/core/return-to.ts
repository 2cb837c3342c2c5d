/**
 * Where a person may be sent after signing in: the page they first asked for, and nowhere else.
 *
 * Security: `return_to` comes from the address bar, so anyone may have written it (ASVS 5.0
 * §3.7.2, RFC 9700 §4.11). It is taken apart by our own rules, put together again, and then read
 * once more as a browser would (WHATWG URL): both readings must name the same place.
 */

import { authorityOf, parseHostHeader } from './host.ts';
import { isPortalRequest, type Portal } from './locations.ts';
import { canonicalTarget } from './path.ts';
import { matchesHost, type Route } from './route.ts';

/** The places that are ours. */
export interface ReturnPlaces {
  /** Origin that people type; routes are served there, with its scheme and port. */
  readonly publicUrl: string;
  readonly portal: Portal;
  /** Domain of the session cookie; null when everything is on one host. */
  readonly cookieDomain: string | null;
  readonly routes: readonly Route[];
}

/**
 * The absolute address to send a browser to, or null when the text does not name one of our pages:
 * the public origin, the portal's, or a route's host that the session cookie reaches. Of the
 * portal's own pages only the account, what is changed from there and the administration are places
 * to return to; the others are steps on the way, and returning to them would go round in a circle
 * or sign somebody out.
 */
export function safeReturnTo(untrustedReturnTo: string, places: ReturnPlaces): string | null {
  const parts = takeApart(untrustedReturnTo, places.portal);
  if (parts === null || !isOurs(parts, places)) return null;

  // What the gateway would refuse to open is no place to send anybody to.
  const target = canonicalTarget(parts.rawTarget);
  if (
    !target.ok ||
    !isPlaceToReturn(parts, target.path, places.portal) ||
    !doesBrowserAgree(parts.origin, target.path)
  ) {
    return null;
  }
  return parts.origin + target.path + target.query;
}

/** Where an address leads, in words for a person: the route's name and the page below it. */
export interface Destination {
  readonly name: string;
  readonly path: string;
}

/**
 * Says where a place of a route is ("Admin console › /admin/users/7"). The path is an escaped one,
 * so that nothing in it can pose as something else.
 */
export function destinationAt({ name }: Pick<Route, 'name'>, path: string): Destination {
  return { name: inWords(name), path };
}

interface Parts {
  readonly origin: string;
  readonly host: string;
  readonly rawTarget: string;
}

/** Origin and target as they are written; an address without an origin is on the portal's. */
function takeApart(text: string, portal: Portal): Parts | null {
  if (text.startsWith('/')) return { origin: portal.origin, host: portal.host, rawTarget: text };
  const match = /^(?<scheme>https?):\/\/(?<authority>[^/?]*)(?<rawTarget>.*)$/.exec(text);
  const { scheme, authority = '', rawTarget = '' } = match?.groups ?? {};
  const parsed = parseHostHeader(authority);
  if (parsed === null) return null;
  return {
    origin: `${String(scheme)}://${authorityOf(scheme === 'https' ? 'https' : 'http', parsed)}`,
    host: parsed.host,
    rawTarget: rawTarget.startsWith('/') ? rawTarget : `/${rawTarget}`,
  };
}

function isOurs({ origin, host }: Parts, places: ReturnPlaces): boolean {
  const ours = new URL(places.publicUrl);
  if (origin === ours.origin || origin === places.portal.origin) return true;

  // Routes on hosts of their own are served by the same listener, and a session reaches them
  // through the cookie's domain only.
  const port = ours.port === '' ? '' : `:${ours.port}`;
  return (
    origin === `${ours.protocol}//${host}${port}` &&
    isInDomain(host, places.cookieDomain) &&
    places.routes.some((route) => route.host !== null && matchesHost(route.host, host))
  );
}

function isInDomain(host: string, domain: string | null): boolean {
  return domain !== null && (host === domain || host.endsWith(`.${domain}`));
}

function isPlaceToReturn({ origin, host }: Parts, path: string, portal: Portal): boolean {
  if (origin !== portal.origin || !isPortalRequest(portal, { host, path })) return true;
  const page = path.slice(portal.basePath.length);
  return (
    /^(?:\/|\/(?:account|admin)(?:\/.*)?)?$/.test(page) ||
    ['/enroll/totp', '/enroll/passkey', '/recovery-codes'].includes(page)
  );
}

function doesBrowserAgree(origin: string, path: string): boolean {
  const read = URL.parse(origin + path);
  return read?.origin === origin && read.pathname === path;
}

function inWords(name: string): string {
  const words = name.replace(/[-_]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
