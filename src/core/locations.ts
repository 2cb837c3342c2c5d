/** Where our own pages are. The gateway sends people there; the portal serves them. */

/** The portal's address, taken apart once. */
export interface Portal {
  /** `https://console.example.com` */
  readonly origin: string;
  /** Host name without port, lower case, as in `RequestFacts.host`. */
  readonly host: string;
  /** `/_mfa`, or empty when the portal has a host of its own. Never ends with a slash. */
  readonly basePath: string;
  /** Origin and base path: `https://console.example.com/_mfa`. */
  readonly url: string;
}

/** The portal's pages that a request may be sent to. */
export type PortalPage = 'sign-in' | 'challenge' | 'step-up' | 'enroll' | 'reminder' | 'account';

/** Takes the portal's URL apart; it was validated with the configuration. */
export function portalAt(url: string): Portal {
  const { origin, hostname, pathname } = new URL(url);
  const basePath = pathname.replace(/\/+$/, '');
  return {
    origin,
    host: hostname
      .toLowerCase()
      .replace(/\.$/, '')
      .replace(/^\[|\]$/g, ''),
    basePath,
    url: origin + basePath,
  };
}

/** The absolute address of a page, with the place to return to where there is one. */
export function pageUrl(portal: Portal, page: PortalPage, returnTo?: string): string {
  const query = returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`;
  return `${portal.url}/${page}${query}`;
}

/** Below this page stands the secret of a one-time link. */
export const linkPath = '/link/';

/** Says whether the address of a request holds a secret. */
export function isSecretPath(
  portal: Portal,
  request: { readonly host: string; readonly path: string },
): boolean {
  return isPortalRequest(portal, request) && linkIn(portal, request.path);
}

/**
 * The path as logs and audit events may repeat it: without the secret of a one-time link. Where the
 * host is not known it might be ours.
 */
export function shownPath(
  portal: Portal,
  { host, path }: { readonly host?: string | undefined; readonly path: string },
): string {
  const isSecret = host === undefined ? linkIn(portal, path) : isSecretPath(portal, { host, path });
  return isSecret ? `${portal.basePath}${linkPath}…` : path;
}

function linkIn({ basePath }: Portal, path: string): boolean {
  return path.startsWith(basePath + linkPath);
}

/** Says whether a request is for the portal itself rather than for a route. */
export function isPortalRequest(
  portal: Portal,
  request: { readonly host: string; readonly path: string },
): boolean {
  if (request.host !== portal.host) return false;
  return (
    portal.basePath === '' ||
    request.path === portal.basePath ||
    request.path.startsWith(`${portal.basePath}/`)
  );
}
