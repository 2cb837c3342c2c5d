/**
 * Where people find us: public address, portal, and the cookie that must reach both.
 *
 * Security: a session cookie that does not reach a route locks everybody out; one whose domain is
 * wider than ours hands sessions to strangers (RFC 6265 §5.3).
 */

import { portalAt, type Portal } from '../../core/locations.ts';
import type { HostPattern } from '../../core/route.ts';
import type { Draft } from './draft.ts';
import { isLoopback, readOrigin, type Origin } from './origins.ts';

/** The addresses, or null for those that are wrong. */
export interface Addresses {
  readonly publicUrl: Origin | null;
  readonly portal: Portal | null;
  readonly cookieDomain: string | null;
}

/** Checks the addresses that people type and how they fit together. */
export function checkAddresses(draft: Draft): Addresses {
  const publicUrl = checkPublicUrl(draft);
  const portal = checkPortalUrl(draft, publicUrl);
  const isDomainSound = checkCookieDomain(draft);
  if (publicUrl !== null && portal !== null && isDomainSound) {
    checkCookieReach(draft, { publicUrl, portal });
  }
  return { publicUrl, portal, cookieDomain: draft.written.portal.cookieDomain };
}

const publicUrlPath = ['server', 'publicUrl'] as const;
const portalUrlPath = ['portal', 'url'] as const;
const cookieDomainPath = ['portal', 'cookieDomain'] as const;

function checkPublicUrl(draft: Draft): Origin | null {
  const { publicUrl, tls } = draft.written.server;
  const example = 'https://console.example.com';
  if (publicUrl === undefined) {
    if (draft.isDamaged(['server'])) return null;
    draft.report(publicUrlPath, `is missing; write the address that people type, ${example}`);
    return null;
  }
  const reading = readOrigin(publicUrl, example);
  if (!reading.ok) {
    draft.report(publicUrlPath, reading.message);
    return null;
  }
  const { origin } = reading;
  if (origin.path !== '/') {
    draft.report(publicUrlPath, `routes have paths, this has none; write ${origin.text}`);
    return null;
  }
  if (origin.scheme === 'http' && !isLoopback(origin.host)) {
    const wanted = origin.text.replace(/^http/, 'https');
    draft.report(publicUrlPath, `passwords would travel in the clear; write ${wanted}`);
    return null;
  }
  if (origin.scheme === 'http' && tls !== null) {
    draft.report(publicUrlPath, 'the listener has a certificate (server.tls); write https://…');
    return null;
  }
  return origin;
}

/** Segments that every parser reads alike. */
const plainPath = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;

function checkPortalUrl(draft: Draft, publicUrl: Origin | null): Portal | null {
  const { url } = draft.written.portal;
  if (url === null) {
    if (draft.isDamaged(portalUrlPath)) return null;
    return publicUrl === null ? null : portalAt(`${publicUrl.text}/_mfa`);
  }
  const reading = readOrigin(url, 'https://console.example.com/_mfa');
  if (!reading.ok) {
    draft.report(portalUrlPath, reading.message);
    return null;
  }
  const { origin } = reading;
  if (origin.scheme === 'http' && !isLoopback(origin.host)) {
    draft.report(portalUrlPath, 'people type their passwords there; it must begin with https://');
    return null;
  }
  if (!plainPath.test(origin.path)) {
    const message = 'the path may hold letters, digits, hyphens and dots only, such as /_mfa';
    draft.report(portalUrlPath, message);
    return null;
  }
  if (publicUrl !== null && publicUrl.scheme !== origin.scheme) {
    draft.report(portalUrlPath, `must begin with ${publicUrl.scheme}://, as server.publicUrl does`);
    return null;
  }
  if (publicUrl?.host === origin.host && origin.path === '/') {
    const message = `the portal would take every path of ${origin.text}; write ${origin.text}/_mfa`;
    draft.report(portalUrlPath, message);
    return null;
  }
  return portalAt(origin.text + origin.path);
}

interface Places {
  readonly publicUrl: Origin;
  readonly portal: Portal;
}

function checkCookieDomain(draft: Draft): boolean {
  const { cookieDomain } = draft.written.portal;
  if (cookieDomain === null) return !draft.isDamaged(cookieDomainPath);
  const wrong = wrongCookieDomain(cookieDomain);
  if (wrong !== null) draft.report(cookieDomainPath, wrong);
  return wrong === null;
}

function checkCookieReach(draft: Draft, { publicUrl, portal }: Places): void {
  const { cookieDomain } = draft.written.portal;
  if (cookieDomain === null) {
    if (portal.host !== publicUrl.host) {
      const shared = sharedDomain(portal.host, publicUrl.host);
      const advice =
        shared === null ? 'give both hosts one domain' : `write portal.cookieDomain: ${shared}`;
      const message = `the session cookie of ${portal.host} would not reach ${publicUrl.host}`;
      draft.report(portalUrlPath, `${message}; ${advice}`);
      return;
    }
    // Over plain http on loopback somebody is trying things out, with a Host header of their own.
    if (publicUrl.scheme === 'https') checkRouteHosts(draft, portal.host);
    return;
  }
  const domain = cookieDomain;
  const hosts = new Map([
    [portal.host, 'portal.url'],
    [publicUrl.host, 'server.publicUrl'],
  ]);
  for (const [host, name] of hosts) {
    if (isWithin(host, domain)) continue;
    draft.report(cookieDomainPath, `${domain} does not cover ${host} (${name})`);
  }
  for (const [index, { host }] of draft.written.routes.entries()) {
    if (host === null || isWithin(host.name, domain)) continue;
    const message = `is not covered by portal.cookieDomain ${domain}: nobody could sign in there`;
    draft.report(['routes', index, 'host'], `${formatHost(host)} ${message}`);
  }
}

/** Without a domain the session cookie reaches the portal's own host only. */
function checkRouteHosts(draft: Draft, portalHost: string): void {
  for (const [index, route] of draft.written.routes.entries()) {
    const { host } = route;
    const isOpen = route.rules.every((rule) => rule.effect !== undefined);
    if (host === null || isOpen || !route.accept.includes('session')) continue;
    if (!host.isWildcard && host.name === portalHost) continue;
    const shared = sharedDomain(host.name, portalHost);
    const advice = shared === null ? 'portal.cookieDomain' : `portal.cookieDomain: ${shared}`;
    const message = `the session cookie of ${portalHost} would not reach ${formatHost(host)}`;
    draft.report(['routes', index, 'host'], `${message}; write ${advice}`);
  }
}

/** Second-level names under which a country's registry sells domains to everybody. */
const registryLabels = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ne', 'net', 'or', 'org']);

function wrongCookieDomain(domain: string): string | null {
  const labels = domain.split('.');
  if (domain !== domain.toLowerCase() || !labels.every((label) => /^[a-z0-9-]+$/.test(label))) {
    return 'write a domain in lower case and without a leading dot, such as example.com';
  }
  if (/^[0-9]+$/.test(labels.at(-1) ?? '')) return 'write a domain, not an address';
  const [first = '', last = ''] = labels;
  const isRegistry = labels.length === 2 && last.length === 2 && registryLabels.has(first);
  if (labels.length === 1 || isRegistry) {
    return `browsers refuse cookies for all of .${domain}; write your own domain, example.com`;
  }
  return null;
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** The longest domain of at least two labels that both hosts lie in. */
function sharedDomain(one: string, other: string): string | null {
  const labels = one.split('.');
  for (let start = 0; start <= labels.length - 2; start += 1) {
    const domain = labels.slice(start).join('.');
    if (isWithin(other, domain) && wrongCookieDomain(domain) === null) return domain;
  }
  return null;
}

function formatHost(host: HostPattern): string {
  return host.isWildcard ? `*.${host.name}` : host.name;
}
