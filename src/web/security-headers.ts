/**
 * The headers that fence our own pages in. Never put on a proxied response: what an upstream's
 * page may load is the upstream's business.
 */

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** What the headers depend on. */
export interface FencedSite {
  readonly portalOrigin: string;
  /** Origins that a form may lead to by a redirect: our own hosts, wildcards included. */
  readonly formTargets: readonly string[];
  /** The address of the page holds a secret, which no request from there may repeat. */
  readonly isAddressSecret?: boolean;
}

/**
 * The security headers of one page, every directive spelled out.
 *
 * Security: CSP level 3 with a nonce; nothing is loaded from anywhere but ourselves, nothing may
 * frame us, `<base>` cannot move our links (ASVS 5.0 §3.4). The portal's origin stands beside
 * `'self'` because the gateway shows our problem pages on the hosts of routes too.
 */
export function securityHeaders(site: FencedSite, nonce: string): Readonly<Record<string, string>> {
  const isHttps = site.portalOrigin.startsWith('https:');
  const own = ["'self'", site.portalOrigin, `'nonce-${nonce}'`];
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      reportOnly: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': own,
        'style-src': own,
        'img-src': ["'self'", 'data:', site.portalOrigin],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
        // Chromium holds the redirect after a POST to this list as well, so that it names every
        // host a sign-in may lead back to; `'self'` alone would strand people on a blank page.
        'form-action': ["'self'", ...site.formTargets],
        'require-trusted-types-for': ["'script'"],
        'trusted-types': ["'none'"],
        ...(isHttps && { 'upgrade-insecure-requests': [] }),
      },
    },
    // Our pages load nothing from others, so there is nothing to isolate from.
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    originAgentCluster: true,
    // Not `no-referrer`: under it browsers send `Origin: null` with our own forms, and the check
    // against forged posts would refuse them (Fetch §3.1).
    referrerPolicy: { policy: site.isAddressSecret === true ? 'strict-origin' : 'same-origin' },
    strictTransportSecurity: isHttps && {
      maxAge: 31_536_000,
      includeSubDomains: true,
      preload: false,
    },
    xContentTypeOptions: true,
    xDnsPrefetchControl: { allow: false },
    xDownloadOptions: true,
    xFrameOptions: { action: 'deny' },
    xPermittedCrossDomainPolicies: { permittedPolicies: 'none' },
    xPoweredBy: true,
    xXssProtection: true,
  });
  return { ...headersSetBy(middleware), 'Permissions-Policy': permissionsPolicy };
}

/** What our pages never need is switched off; passkeys and copying are for ourselves alone. */
const permissionsPolicy = [
  'camera=()',
  'geolocation=()',
  'microphone=()',
  'payment=()',
  'usb=()',
  'clipboard-write=(self)',
  'publickey-credentials-create=(self)',
  'publickey-credentials-get=(self)',
].join(', ');

type Middleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Collects the headers on a response that is never sent: callers want them as a value. */
function headersSetBy(middleware: Middleware): Record<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  middleware(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
}
