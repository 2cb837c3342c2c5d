/**
 * Routes: ways to an upstream. A route is picked by host and path alone; the first match wins and
 * no match is a refusal.
 */

import type { Network } from './cidr.ts';
import type { RequestFacts } from './facts.ts';
import { createPathTree } from './path-tree.ts';
import { matchesPath, matchesPathFolded, type PathPattern } from './path-pattern.ts';
import type { Rule } from './policy/rule.ts';

/** Where a route leads. */
export interface Upstream {
  /** Origin, without path: `http://10.0.0.5:8000`. */
  readonly origin: string;
}

/** How long the gateway waits for an upstream; there is no limit on a whole exchange. */
export interface Timeouts {
  readonly connectSeconds: number;
  readonly headersSeconds: number;
  /** Longest silence in either direction once the answer has begun, upgrades included. */
  readonly idleSeconds: number;
}

/** One way to an upstream and who may take it. */
export interface Route {
  readonly name: string;
  readonly host: HostPattern | null;
  readonly path: PathPattern;
  /** Null only in the middleware, where the application itself is behind the gate. */
  readonly upstream: Upstream | null;
  /** Checked before everything else; null: from anywhere. */
  readonly network: Network | null;
  readonly isAdminConsole: boolean;
  readonly accept: readonly ('session' | 'bearer')[];
  readonly timeouts: Timeouts;
  /** Largest body that is passed on; null: no limit. */
  readonly bodyBytesMax: number | null;
  readonly rules: readonly Rule[];
}

/** One host, or with `isWildcard` every name below it (but not itself). Lower case. */
export interface HostPattern {
  readonly name: string;
  readonly isWildcard: boolean;
}

/** Says whether a host name (lower case, no port, no trailing dot) matches. */
export function matchesHost(pattern: HostPattern, host: string): boolean {
  return pattern.isWildcard ? host.endsWith(`.${pattern.name}`) : host === pattern.name;
}

/** A host as it is written in the configuration; nothing where any host will do. */
export function hostInWords(host: HostPattern | null): string {
  if (host === null) return '';
  return host.isWildcard ? `*.${host.name}` : host.name;
}

/**
 * The first route that host and path lead to, or null. Null too where the path leads to another
 * one if letters have no case (see `firstRuleThatApplies`).
 */
export function matchRoute(
  routes: readonly Route[],
  request: Pick<RequestFacts, 'host' | 'path'>,
): Route | null {
  const { host, path } = request;
  const candidates = indexOf(routes).candidates(host, path);
  const route = candidates.find((candidate) => matchesPath(candidate.path, path));
  const routeFolded = candidates.find((candidate) => matchesPathFolded(candidate.path, path));
  return route === routeFolded ? (route ?? null) : null;
}

/** Routes by host, then by path. */
interface RouteIndex {
  /** Every route that may be meant, in order; of these the host is certain, the path is not. */
  candidates(host: string, path: string): readonly Route[];
}

// A list of routes never changes; a new configuration is a new list.
const indexes = new WeakMap<readonly Route[], RouteIndex>();

function indexOf(routes: readonly Route[]): RouteIndex {
  const known = indexes.get(routes);
  if (known !== undefined) return known;
  const index = createRouteIndex(routes);
  indexes.set(routes, index);
  return index;
}

function createRouteIndex(routes: readonly Route[]): RouteIndex {
  const places = new Map(routes.map((route, place) => [route, place]));
  const byHost = new Map<string, Route[]>();
  for (const route of routes) {
    const key = route.host === null ? anyHost : hostKey(route.host);
    byHost.set(key, [...(byHost.get(key) ?? []), route]);
  }
  const indexOfHost = new Map(
    [...byHost].map(([key, some]) => [key, createPathTree(some, ({ path }) => [path])]),
  );
  return {
    candidates(host, path) {
      const found = keysFor(host).flatMap((key) => indexOfHost.get(key)?.candidates(path) ?? []);
      return found.sort((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0));
    },
  };
}

const anyHost = '*';

function hostKey({ name, isWildcard }: HostPattern): string {
  return isWildcard ? `*.${name}` : name;
}

/** The keys under which routes for a host may be: its own, and one for each name it lies below. */
function keysFor(host: string): readonly string[] {
  const keys = [anyHost, host];
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    keys.push(`*${host.slice(dot)}`);
  }
  return keys;
}
