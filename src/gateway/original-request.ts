/**
 * The request that another proxy asks about (contract section 8).
 *
 * It comes in headers, so it is believed from the declared proxies only, and refused when anything
 * about it is missing, said twice, or said in two ways: an answer about another request than the
 * one that is then passed on would be worse than none.
 */

import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from '../core/facts.ts';
import { authorityOf, type HostAndPort } from '../core/host.ts';
import { Problem } from '../core/problem.ts';
import type { Route } from '../core/route.ts';
import { clientAddress, peerOf } from './client-address.ts';
import { valuesOf } from './raw-headers.ts';
import {
  assertFraming,
  assertMethod,
  hostFrom,
  isNavigation,
  type ReceiveDeps,
  targetOf,
  userAgentOf,
} from './receive.ts';

/** Settles the facts of the request that is asked about. Throws a `Problem`. */
export function receiveOriginal(deps: ReceiveDeps, req: IncomingMessage): RequestFacts {
  assertFraming(req);
  const peer = peerOf(req, deps.trustedProxies);
  if (!peer.isTrusted) {
    throw new Problem('invalid-request', {
      detail: 'Only a proxy that is listed under server.trustedProxies may ask here.',
    });
  }
  const original = agreed(fromForwarded(req), fromOriginal(req));
  const method = assertMethod(original.method);
  const { path, query } = targetOf(original.target);
  return Object.freeze({
    id: deps.newRequestId(),
    door: 'forward-auth' as const,
    method,
    scheme: original.scheme,
    host: original.host.host,
    authority: authorityOf(original.scheme, original.host),
    path,
    query,
    ip: clientAddress(req, peer, deps.trustedProxies),
    userAgent: userAgentOf(req),
    isNavigation: isNavigation(req, method),
  });
}

/**
 * Throws when a route asks where the client is and the proxy did not say: its own address, which
 * is all that is left, may well be inside the network.
 */
export function assertClientIsKnown(req: IncomingMessage, route: Route | null): void {
  const asksWhere =
    route !== null &&
    (route.network !== null ||
      route.rules.some((rule) => rule.conditions.some(({ kind }) => kind === 'network')));
  if (asksWhere && req.headers['x-forwarded-for'] === undefined) {
    throw new Problem('invalid-request', { detail: 'X-Forwarded-For is missing.' });
  }
}

interface Original {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: HostAndPort;
  readonly target: string;
}

/** `X-Forwarded-Method/-Proto/-Host/-Uri`, as Traefik and Caddy write them; null: not this way. */
function fromForwarded(req: IncomingMessage): Original | null {
  const target = single(req, 'x-forwarded-uri');
  const method = single(req, 'x-forwarded-method');
  if (target === null && method === null) return null;
  const scheme = single(req, 'x-forwarded-proto');
  const host = single(req, 'x-forwarded-host');
  if (target === null || method === null || scheme === null || host === null) {
    throw doubt('X-Forwarded-Method, -Proto, -Host and -Uri must be sent together.');
  }
  return {
    method,
    scheme: schemeFrom(scheme),
    host: hostFrom(host, 'X-Forwarded-Host'),
    target,
  };
}

/** `X-Original-Method/-URL`, as nginx is told to write them; null: not this way. */
function fromOriginal(req: IncomingMessage): Original | null {
  const url = single(req, 'x-original-url');
  const method = single(req, 'x-original-method');
  if (url === null && method === null) return null;
  if (url === null || method === null) {
    throw doubt('X-Original-Method and X-Original-URL must be sent together.');
  }
  const match = /^(?<scheme>[a-z]+):\/\/(?<host>[^/?#]*)(?<target>.*)$/i.exec(url);
  const { scheme = '', host = '', target = '' } = match?.groups ?? {};
  const original = {
    method,
    scheme: schemeFrom(scheme),
    host: hostFrom(host, 'X-Original-URL'),
    target,
  };
  assertAgrees('X-Forwarded-Proto', single(req, 'x-forwarded-proto'), scheme);
  const forwardedHost = single(req, 'x-forwarded-host');
  if (forwardedHost !== null) {
    const named = hostFrom(forwardedHost, 'X-Forwarded-Host');
    assertAgrees('X-Forwarded-Host', named.host, original.host.host);
  }
  return original;
}

function agreed(forwarded: Original | null, original: Original | null): Original {
  if (forwarded === null || original === null) {
    const only = forwarded ?? original;
    if (only === null) throw doubt('The request that this is about was not sent along.');
    return only;
  }
  assertAgrees('X-Forwarded-Method', forwarded.method, original.method);
  assertAgrees('X-Forwarded-Uri', forwarded.target, original.target);
  assertAgrees('X-Forwarded-Proto', forwarded.scheme, original.scheme);
  return forwarded;
}

function assertAgrees(name: string, value: string | null, expected: string): void {
  if (value !== null && value.toLowerCase() !== expected.toLowerCase()) {
    throw doubt(`${name} and X-Original-URL or -Method name different requests.`);
  }
}

/** The one value of a header, or null; two are a doubt. */
function single(req: IncomingMessage, name: string): string | null {
  const values = valuesOf(req, name);
  if (values.length > 1) throw doubt(`${name} was sent more than once.`);
  return values[0] ?? null;
}

function schemeFrom(text: string): 'http' | 'https' {
  const scheme = text.toLowerCase();
  // Traefik calls the scheme of a WebSocket by its own name.
  if (scheme === 'http' || scheme === 'ws') return 'http';
  if (scheme === 'https' || scheme === 'wss') return 'https';
  throw doubt('The scheme of the request is neither http nor https.');
}

function doubt(detail: string): Problem {
  return new Problem('invalid-request', { detail });
}
