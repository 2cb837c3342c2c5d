/**
 * Routes: ways to an upstream. A route is picked by host and path alone; the first match wins and
 * no match is a refusal.
 */

import type { Network } from './cidr.ts';
import type { RequestFacts } from './facts.ts';
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

/**
 * The first route that host and path lead to, or null. Null too where the path leads to another
 * one if letters have no case (see `firstRuleThatApplies`).
 */
export function matchRoute(
  routes: readonly Route[],
  request: Pick<RequestFacts, 'host' | 'path'>,
): Route | null {
  const ofHost = routes.filter(
    (route) => route.host === null || matchesHost(route.host, request.host),
  );
  const route = ofHost.find(({ path }) => matchesPath(path, request.path));
  const routeFolded = ofHost.find(({ path }) => matchesPathFolded(path, request.path));
  return route === routeFolded ? (route ?? null) : null;
}
