/**
 * The only place that believes or disbelieves a header.
 *
 * Turns a request as Node's parser delivers it into facts, or refuses it with a problem. Whatever
 * two programs could read differently is refused here, so that the request that is decided on, the
 * one in the log and the one that the upstream gets are the same (RFC 9112 §3.2, §6.1).
 */

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Cidr } from '../core/cidr.ts';
import type { Door, RequestFacts } from '../core/facts.ts';
import { authorityOf, parseHostHeader, type HostAndPort } from '../core/host.ts';
import { canonicalTarget, targetRefusals } from '../core/path.ts';
import { Problem } from '../core/problem.ts';
import { isPassedOn } from '../core/request-method.ts';
import { clientAddress, peerOf } from './client-address.ts';
import { listMembers, valuesOf } from './raw-headers.ts';
import type { NewRequestId } from './request-ids.ts';

/** Longest part of a `User-Agent` that is kept. */
const userAgentMax = 512;

/** What the facts of a request depend on beside the request. */
export interface ReceiveDeps {
  readonly newRequestId: NewRequestId;
  readonly trustedProxies: readonly Cidr[];
}

/** Settles the facts of a request that came through one of the doors. Throws a `Problem`. */
export function receive(deps: ReceiveDeps, req: IncomingMessage, door: Door): RequestFacts {
  assertFraming(req);
  const method = methodOf(req);
  const peer = peerOf(req, deps.trustedProxies);
  const scheme = (peer.isTrusted ? forwardedScheme(req) : null) ?? schemeOf(req);
  const ownHost = hostOf(req);
  const host = (peer.isTrusted ? forwardedHost(req) : null) ?? ownHost;
  const { path, query } = targetOf(req.url ?? '');
  return Object.freeze({
    id: deps.newRequestId(),
    door,
    method,
    scheme,
    host: host.host,
    authority: authorityOf(scheme, host),
    path,
    query,
    ip: clientAddress(req, peer, deps.trustedProxies),
    userAgent: userAgentOf(req),
    isNavigation: door !== 'upgrade' && isNavigation(req, method),
  });
}

/** What the client says it is, as much of it as is kept. */
export function userAgentOf(req: IncomingMessage): string {
  return (req.headers['user-agent'] ?? '').slice(0, userAgentMax);
}

/**
 * Says whether a browser is going to a page (contract section 4). Reading asks for HTML; for any
 * other method the browser must say so itself, since a program that posts accepts HTML too.
 */
export function isNavigation(req: IncomingMessage, method: string): boolean {
  const mode = req.headers['sec-fetch-mode'];
  if (mode !== undefined && mode !== 'navigate') return false;
  if (method !== 'GET' && method !== 'HEAD' && mode === undefined) return false;
  return acceptsHtml(req.headers.accept ?? '');
}

/** Settles a target as a request line has it, or throws. */
export function targetOf(rawTarget: string): { readonly path: string; readonly query: string } {
  const target = canonicalTarget(rawTarget);
  if (target.ok) return target;
  throw new Problem(target.why === 'too-long' ? 'target-too-long' : 'invalid-request-target', {
    detail: targetRefusals[target.why],
  });
}

/** Settles a host, or throws. */
export function hostFrom(text: string, header: string): HostAndPort {
  const host = knownHosts.get(text) ?? parseHostHeader(text);
  if (host === null) {
    throw new Problem('invalid-request', { detail: `${header} does not name a host.` });
  }
  if (knownHosts.size < hostsKept) knownHosts.set(text, host);
  return host;
}

// People use few hosts, and reading one costs more than all other headers together.
const knownHosts = new Map<string, HostAndPort>();
const hostsKept = 1000;

/** Settles a method, or throws. */
export function assertMethod(method: string): string {
  if (!/^[A-Z][A-Z-]*$/.test(method)) {
    throw new Problem('invalid-request', { detail: 'The method is not one.' });
  }
  if (!isPassedOn(method)) {
    throw new Problem('method-not-allowed', { detail: `${method} is not passed on.` });
  }
  return method;
}

/**
 * Throws when another program could see the request end elsewhere.
 *
 * Security: Node's parser takes versions that do not exist, and transfer codings that other
 * servers read as none at all; a body that begins elsewhere for the next server smuggles a request
 * past us (RFC 9112 §6.1, §11.2).
 */
export function assertFraming(req: IncomingMessage): void {
  const { httpVersion, headers } = req;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw new Problem('invalid-request', { detail: 'Only HTTP/1.1 is spoken here.' });
  }
  if (!hasPlainFraming(req)) {
    throw new Problem('invalid-request', { detail: 'The only transfer coding is chunked.' });
  }
  if (headers['transfer-encoding'] !== undefined && headers['content-length'] !== undefined) {
    throw new Problem('invalid-request', { detail: 'The body has two lengths.' });
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw new Problem('expectation-failed', { detail: 'Only 100-continue can be expected.' });
  }
}

/** Says whether everybody sees the body end at the same place. */
export function hasPlainFraming({ httpVersion, headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return true;
  return coding.toLowerCase() === 'chunked' && httpVersion === '1.1';
}

function methodOf(req: IncomingMessage): string {
  return assertMethod(req.method ?? '');
}

function hostOf(req: IncomingMessage): HostAndPort {
  const [value, ...more] = valuesOf(req, 'host');
  if (value === undefined || more.length > 0) {
    throw new Problem('invalid-request', { detail: 'There must be one Host header, no more.' });
  }
  return hostFrom(value, 'Host');
}

function schemeOf(req: IncomingMessage): 'http' | 'https' {
  return (req.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
}

function forwardedScheme(req: IncomingMessage): 'http' | 'https' | null {
  // The right-most is the one that our own proxy wrote.
  const scheme = listMembers(req, 'x-forwarded-proto').at(-1)?.toLowerCase();
  if (scheme === undefined) return null;
  if (scheme !== 'http' && scheme !== 'https') {
    throw new Problem('invalid-request', {
      detail: 'X-Forwarded-Proto is neither http nor https.',
    });
  }
  return scheme;
}

function forwardedHost(req: IncomingMessage): HostAndPort | null {
  const host = listMembers(req, 'x-forwarded-host').at(-1);
  return host === undefined ? null : hostFrom(host, 'X-Forwarded-Host');
}

/** Only who names `text/html` is going to a page; a wildcard is what every program sends. */
function acceptsHtml(accept: string): boolean {
  if (!/text\/html/i.test(accept)) return false;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return (
      type === 'text/html' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    );
  });
}
