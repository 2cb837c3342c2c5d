/** Turns `routes` into routes and rules of the core, and finds what cannot work on the way. */

import type { Cidr, Network } from '../core/cidr.ts';
import { cidrCovers } from '../core/cidr.ts';
import { overlapsPath } from '../core/path-pattern.ts';
import { conditions } from '../core/policy/conditions/registry.ts';
import { parseTimeOfDay } from '../core/policy/conditions/time.ts';
import { defaultRequirement, type Requirement } from '../core/policy/requirement.ts';
import type { Condition, Rule } from '../core/policy/rule.ts';
import type { Route } from '../core/route.ts';
import { anyTimeCondition } from './any-time.ts';
import type { Draft } from './checks/draft.ts';
import { readOrigin, type Origin } from './checks/origins.ts';
import type { WrittenRoute, WrittenRule } from './route-schema.ts';
import { didYouMean } from './source/closest-name.ts';
import type { Path } from './source/places.ts';

/** What routes are compiled against. */
export interface RouteSurroundings {
  readonly networks: ReadonlyMap<string, Network>;
  /** Of time windows in rules. */
  readonly timeZone: string;
  /** Our own public addresses: no upstream may be one of them. */
  readonly ownOrigins: readonly Origin[];
  readonly upstreams: 'required' | 'optional';
}

/** A route with the place it was written at. */
export interface CompiledRoute {
  readonly route: Route;
  readonly path: Path;
}

/** Compiles every route; those that are wrong are reported and left out. */
export function compileRoutes(
  draft: Draft,
  surroundings: RouteSurroundings,
): readonly CompiledRoute[] {
  checkNames(draft);
  return draft.written.routes.map((written, index) => {
    const path = ['routes', index];
    return { route: compileRoute({ draft, surroundings, written, path }), path };
  });
}

function checkNames(draft: Draft): void {
  const firsts = new Map<string, number>();
  for (const [index, { name }] of draft.written.routes.entries()) {
    if (draft.isDamaged(['routes', index, 'name'])) continue;
    const first = firsts.get(name.toLowerCase());
    if (first === undefined) {
      firsts.set(name.toLowerCase(), index);
      continue;
    }
    const { line } = draft.placeOf(['routes', first, 'name']);
    const message = `the route on line ${String(line)} has this name already; take another`;
    draft.report(['routes', index, 'name'], message);
  }
}

interface RouteTask {
  readonly draft: Draft;
  readonly surroundings: RouteSurroundings;
  readonly written: WrittenRoute;
  readonly path: Path;
}

function compileRoute(task: RouteTask): Route {
  const { draft, written, path } = task;
  const network = findNetwork(task, written.network, [...path, 'network']);
  checkUpstream(task);
  return {
    name: written.name,
    host: written.host,
    path: written.path,
    upstream: written.upstream === null ? null : { origin: originOf(written.upstream) },
    network,
    isAdminConsole: written.adminConsole,
    accept: written.accept,
    timeouts: {
      connectSeconds: written.timeouts.connect,
      headersSeconds: written.timeouts.headers,
      idleSeconds: written.timeouts.idle,
    },
    bodyBytesMax: written.maxBody,
    rules: written.rules.map((rule, index) => {
      const rulePath = [...path, 'rules', index];
      checkRule(draft, rule, rulePath);
      return compileRule({ ...task, routeNetwork: network }, rule, rulePath);
    }),
  };
}

function originOf(upstream: string): string {
  return URL.canParse(upstream) ? new URL(upstream).origin : upstream;
}

function checkUpstream({ draft, surroundings, written, path }: RouteTask): void {
  const at = [...path, 'upstream'];
  if (written.upstream === null) {
    if (surroundings.upstreams === 'optional' || draft.isDamaged(at)) return;
    draft.report(at, 'is missing; write where the backend is, such as http://10.0.0.5:8000');
    return;
  }
  const reading = readOrigin(written.upstream, 'http://10.0.0.5:8000');
  if (!reading.ok) {
    draft.report(at, reading.message);
    return;
  }
  const { origin } = reading;
  if (origin.path !== '/') {
    const message = `the path of the request is sent on as it is; write ${origin.text}`;
    draft.report(at, message);
    return;
  }
  const { ownOrigins } = surroundings;
  const isOwn = ownOrigins.some((own) => own.host === origin.host && own.port === origin.port);
  if (isOwn) draft.report(at, 'this is the gateway itself; write where the backend is');
}

function findNetwork(task: RouteTask, name: string | null, at: Path): Network | null {
  if (name === null) return null;
  const { draft, surroundings } = task;
  const network = surroundings.networks.get(name);
  if (network !== undefined) return network;
  const names = [...surroundings.networks.keys()];
  if (!draft.isWritten(['networks', name])) draft.report(at, unknownNetwork(name, names));
  // Nothing starts with this configuration; until then the network contains nobody.
  return { name, cidrs: [] };
}

/** What to say of a name that no network has. */
export function unknownNetwork(name: string, names: readonly string[]): string {
  const near = didYouMean(name, names);
  const list =
    names.length === 0 ? 'none is declared under networks' : `declared are ${names.join(', ')}`;
  return `there is no network "${name}"${near || `; ${list}`}`;
}

function checkRule(draft: Draft, rule: WrittenRule, path: Path): void {
  if (rule.effect !== undefined) {
    const says = rule.effect === 'public' ? 'lets everybody pass' : 'lets nobody pass';
    for (const key of ['for', 'requires'] as const) {
      if (rule[key] === undefined) continue;
      const message = `effect: ${rule.effect} ${says}; remove this or the effect`;
      draft.report([...path, key], message, 'key');
    }
  }
  const audience = rule.for;
  if (audience !== undefined && !draft.isDamaged([...path, 'for'])) {
    const named = audience.groups.length + audience.users.length + audience.services.length;
    const message = 'nobody is named; name groups, users or services, or write effect: deny';
    if (named === 0) draft.report([...path, 'for'], message, 'key');
  }
  const { methods = null, phishingResistant = false, level = 2 } = rule.requires ?? {};
  if (phishingResistant && methods !== null && !methods.includes('webauthn')) {
    const message =
      'none of these methods is phishing resistant; add webauthn or remove one of both';
    draft.report([...path, 'requires', 'methods'], message);
  }
  if (level === 1 && (phishingResistant || methods !== null)) {
    const message = 'level 1 asks for no second factor, and yet one is described; write level: 2';
    draft.report([...path, 'requires', 'level'], message);
  }
}

interface RuleTask extends RouteTask {
  readonly routeNetwork: Network | null;
}

function compileRule(task: RuleTask, rule: WrittenRule, path: Path): Rule {
  const number = Number(path.at(-1)) + 1;
  return {
    id: `${task.written.name}#${String(number)}`,
    conditions: compileConditions(task, rule.when ?? {}, [...path, 'when']),
    effect: rule.effect ?? 'protect',
    audience: rule.for ?? null,
    requires: requirementOf(rule.requires),
  };
}

function requirementOf(requires: WrittenRule['requires']): Requirement {
  if (requires === undefined) return defaultRequirement;
  return {
    level: requires.level,
    withinSeconds: requires.within,
    isPhishingResistant: requires.phishingResistant,
    methods: requires.methods,
  };
}

function compileConditions(
  task: RuleTask,
  when: NonNullable<WrittenRule['when']>,
  path: Path,
): readonly Condition[] {
  const { draft, written } = task;
  const found: Condition[] = [];
  if (when.path !== undefined) {
    const isRoutePathKnown = !draft.isDamaged([...task.path, 'path']);
    for (const [index, pattern] of when.path.entries()) {
      if (!isRoutePathKnown || overlapsPath(pattern, written.path)) continue;
      const message = `no path of ${written.path.text} matches ${pattern.text}`;
      draft.report([...path, 'path', index], `${message}; correct it`);
    }
    found.push(conditions.path(when.path));
  }
  if (when.method !== undefined) found.push(conditions.method(when.method));
  if (when.network !== undefined) {
    const at = [...path, 'network'];
    const networks = when.network.flatMap(
      (name, index) => findNetwork(task, name, [...at, index]) ?? [],
    );
    checkNetworks(task, networks, at);
    found.push(conditions.network(networks));
  }
  if (when.time !== undefined) {
    const { timeZone } = task.surroundings;
    const windows = when.time.map((window, index) => {
      const fromMinute = parseTimeOfDay(window.from) ?? 0;
      const toMinute = parseTimeOfDay(window.to) ?? 0;
      if (fromMinute === toMinute) {
        const message = 'the window ends where it begins; leave both out for a whole day';
        draft.report([...path, 'time', index], message);
      }
      return { days: window.days, fromMinute, toMinute, timeZone };
    });
    found.push(anyTimeCondition(windows));
  }
  return found;
}

/** A rule for addresses that the network of the route keeps out would never be asked. */
function checkNetworks({ draft, routeNetwork }: RuleTask, networks: readonly Network[], at: Path) {
  if (routeNetwork === null || routeNetwork.cidrs.length === 0) return;
  const blocks = networks.flatMap((network) => network.cidrs);
  if (blocks.length === 0) return;
  if (blocks.some((block) => routeNetwork.cidrs.some((other) => overlaps(block, other)))) return;
  const message = `no address is both here and in ${routeNetwork.name}, the network of the route`;
  draft.report(at, `${message}; correct one of them`);
}

function overlaps(one: Cidr, other: Cidr): boolean {
  return cidrCovers(one, other) || cidrCovers(other, one);
}
