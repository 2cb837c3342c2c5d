/**
 * Finds routes and rules that can never match, where that can be proved.
 *
 * A rule that is never reached looks like protection and is none, so nothing starts with one.
 */

import { coversHost } from '../../core/host.ts';
import { isPortalRequest, type Portal } from '../../core/locations.ts';
import { coversPath, type PathPattern } from '../../core/path-pattern.ts';
import { conditions } from '../../core/policy/conditions/registry.ts';
import type { Rule } from '../../core/policy/rule.ts';
import type { Route } from '../../core/route.ts';
import type { CompiledRoute } from '../compile-routes.ts';
import type { Draft } from './draft.ts';

/** Reports every route and rule that an earlier one, or the portal, leaves nothing to. */
export function checkReachability(
  draft: Draft,
  routes: readonly CompiledRoute[],
  portal: Portal | null,
): void {
  const sound = routes.filter(
    ({ path }) => !draft.isDamaged([...path, 'host']) && !draft.isDamaged([...path, 'path']),
  );
  for (const [index, later] of sound.entries()) {
    if (portal !== null) checkAgainstPortal(draft, later, portal);
    const earlier = sound.slice(0, index).find(({ route }) => coversRoute(route, later.route));
    if (earlier !== undefined) {
      const { line } = draft.placeOf(earlier.path);
      const taker = `route "${earlier.route.name}" on line ${String(line)}`;
      const message = `${taker} takes every request before it can match; move it above that one`;
      draft.report([...later.path, 'path'], message);
    }
    checkRules(draft, later);
    checkAudiences(draft, later);
  }
}

function coversRoute(earlier: Route, later: Route): boolean {
  return coversHost(earlier.host, later.host) && coversPath(earlier.path, later.path);
}

function checkAgainstPortal(draft: Draft, { route, path }: CompiledRoute, portal: Portal): void {
  const { host } = route;
  if (host !== null && (host.isWildcard || host.name !== portal.host)) return;
  if (host === null && portal.basePath === '') return;
  // Literal segments in front that lie in the portal's path keep the whole pattern inside it.
  const literal = literalStart(route.path);
  if (!isPortalRequest(portal, { host: portal.host, path: literal })) return;
  const message = `${portal.url} is the portal, which answers first; this route can never match`;
  draft.report([...path, 'path'], message);
}

/** The path up to the first segment with a wildcard. */
function literalStart(pattern: PathPattern): string {
  const end = pattern.segments.findIndex((segment) => segment.includes('*'));
  const literal = end === -1 ? pattern.segments : pattern.segments.slice(0, end);
  return `/${literal.join('/')}`;
}

/** Service accounts have no session: where no token is taken, a rule for them alone admits nobody. */
function checkAudiences(draft: Draft, { route, path }: CompiledRoute): void {
  if (route.accept.includes('bearer')) return;
  for (const [index, { audience }] of route.rules.entries()) {
    if (audience === null || audience.services.length === 0) continue;
    if (audience.groups.length > 0 || audience.users.length > 0) continue;
    const message =
      'admits nobody: services identify themselves by bearer tokens; write accept: [bearer] in this route';
    draft.report([...path, 'rules', index, 'for'], message);
  }
}

function checkRules(draft: Draft, { route, path }: CompiledRoute): void {
  const isSound = (index: number) => !draft.isDamaged([...path, 'rules', index, 'when']);
  for (const [index, rule] of route.rules.entries()) {
    if (!isSound(index)) continue;
    const coverer = route.rules
      .slice(0, index)
      .findIndex((earlier, at) => isSound(at) && coversRule(earlier, rule, route));
    if (coverer === -1) continue;
    const { line } = draft.placeOf([...path, 'rules', coverer]);
    const first = `the rule on line ${String(line)} matches every request that this one could`;
    draft.report([...path, 'rules', index], `can never match: ${first}; move this one above it`);
  }
}

/** Whether every condition of the earlier rule holds wherever the later rule could apply. */
function coversRule(earlier: Rule, later: Rule, route: Route): boolean {
  // A request that the route did not take is not asked about, so the route's own path and
  // network count as conditions of every rule.
  const narrowed = [
    ...later.conditions,
    conditions.path([route.path]),
    ...(route.network === null ? [] : [conditions.network([route.network])]),
  ];
  return earlier.conditions.every((condition) => narrowed.some((other) => condition.covers(other)));
}
