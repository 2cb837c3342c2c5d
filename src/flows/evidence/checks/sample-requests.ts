/**
 * Requests to try the gate with: for every route and rule of this configuration, every method, from
 * inside and outside of every network that matters, at hours inside and outside of every window.
 *
 * Of paths, addresses and hours that no rule and no network tells apart, one stands for all.
 */

import type { Cidr, Network } from '../../../core/cidr.ts';
import type { RequestFacts } from '../../../core/facts.ts';
import type { RequestId } from '../../../core/ids.ts';
import type { PathPattern } from '../../../core/path-pattern.ts';
import { isNetworkAllowed } from '../../../core/policy/decide.ts';
import type { Condition } from '../../../core/policy/rule.ts';
import { matchRoute, type Route } from '../../../core/route.ts';
import { addSeconds, type EpochMs } from '../../../core/time.ts';
import type { Config } from '../../../config/config.ts';

/** One request at one moment. */
export interface Sample {
  readonly request: RequestFacts;
  readonly at: EpochMs;
}

/** The methods that are tried, beside those that a rule names. */
const methodsTried = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Of documentation only (RFC 5737, RFC 3849): nobody asks from there. */
const outsiders = ['203.0.113.7', '2001:db8:ffff::7'] as const;

const hourSeconds = 3600;
const hoursOfWeek = 7 * 24;

/** The requests to try a route with; each is one that this route answers among all routes. */
export function samplesOf(config: Config, route: Route, now: EpochMs): readonly Sample[] {
  const host = hostOf(config, route);
  const conditions = route.rules.flatMap((rule) => rule.conditions);
  const ofKind = (kind: string): readonly Condition[] =>
    conditions.filter((condition) => condition.kind === kind);
  const request = { host, path: '/', method: 'GET', ip: outsiders[0] };

  const paths = oneOfEach(
    pathsOf(route).filter(
      (path) => route === config.administration || leadsTo(config, route, { host, path }),
    ),
    ofKind('path').flatMap((condition) => [
      (path) => condition.holds(requestFor({ ...request, path }), now),
      (path) => condition.holdsFolded?.(requestFor({ ...request, path })) ?? false,
    ]),
  );
  const addresses = oneOfEach(addressesOf(route, conditions), [
    (ip) => isNetworkAllowed(route, ip),
    // One of either kind: an IPv6 address may be in a list that somebody forgot.
    (ip) => ip.includes(':'),
    ...ofKind('network').map((condition) => (ip: string) => {
      return condition.holds(requestFor({ ...request, ip }), now);
    }),
  ]);
  const moments = oneOfEach(
    Array.from({ length: hoursOfWeek }, (_, hour) => addSeconds(now, hour * hourSeconds)),
    ofKind('time').map((condition) => (at: EpochMs) => condition.holds(requestFor(request), at)),
  );
  const methods = [...new Set([...methodsTried, ...ofKind('method').flatMap(methodsOf)])];
  return paths.flatMap((path) =>
    methods.flatMap((method) =>
      addresses.flatMap((ip) =>
        moments.map((at) => ({ request: requestFor({ host, path, method, ip }), at })),
      ),
    ),
  );
}

/** The first of all items that the questions have the same answers to. */
function oneOfEach<Item>(
  items: readonly Item[],
  questions: readonly ((item: Item) => boolean)[],
): readonly Item[] {
  const first = new Map<string, Item>();
  for (const item of items) {
    const answers = questions.map((holds) => (holds(item) ? '1' : '0')).join('');
    if (!first.has(answers)) first.set(answers, item);
  }
  return [...first.values()];
}

function leadsTo(
  config: Config,
  route: Route,
  request: { readonly host: string; readonly path: string },
): boolean {
  return matchRoute(config.routes, request) === route;
}

function hostOf({ portal }: Config, { host }: Route): string {
  if (host === null) return portal.host;
  return host.isWildcard ? `evidence.${host.name}` : host.name;
}

function pathsOf(route: Route): readonly string[] {
  const patterns = [
    route.path,
    ...route.rules.flatMap(({ conditions }) =>
      conditions.flatMap((condition) => condition.patterns ?? []),
    ),
  ];
  return [...new Set(patterns.flatMap(pathsMatching))];
}

/** Paths that a pattern matches: with nothing, one segment and two in place of `**`. */
function pathsMatching({ segments }: PathPattern): readonly string[] {
  const runs: readonly (readonly string[])[] = [[], ['evidence'], ['evidence', 'of-a-run']];
  return runs.map((run) => {
    const names = segments.flatMap((segment) =>
      segment === '**' ? run : [segment.replaceAll('*', 'evidence')],
    );
    return `/${names.map(encodeURIComponent).join('/')}`;
  });
}

function addressesOf(route: Route, conditions: readonly Condition[]): readonly string[] {
  const networks = [
    ...(route.network === null ? [] : [route.network]),
    ...conditions.flatMap((condition) => networksOf(condition)),
  ];
  const inside = networks.flatMap(({ cidrs }) => cidrs.map(firstAddress));
  return [...new Set([...inside, ...outsiders])];
}

function methodsOf(condition: Condition): readonly string[] {
  return 'methods' in condition ? (condition.methods as readonly string[]) : [];
}

function networksOf(condition: Condition): readonly Network[] {
  return condition.kind === 'network' && 'networks' in condition
    ? (condition.networks as readonly Network[])
    : [];
}

function firstAddress({ text }: Cidr): string {
  return text.replace(/\/\d+$/, '');
}

function requestFor(of: {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly ip: string;
}): RequestFacts {
  return {
    id: 'req_evidence' as RequestId,
    door: 'http',
    scheme: 'https',
    authority: of.host,
    query: '',
    userAgent: 'Sallyport evidence',
    isNavigation: of.method === 'GET',
    ...of,
  };
}
