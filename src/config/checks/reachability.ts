/**
 * Finds routes and rules that can never match, where that can be proved.
 *
 * A rule that is never reached looks like protection and is none, so nothing starts with one.
 */

import { isPortalRequest, type Portal } from '../../core/locations.ts';
import type { PathPattern } from '../../core/path-pattern.ts';
import { unreachableRoutes, unreachableRules } from '../../core/policy/unreachable-rules.ts';
import type { CompiledRoute } from '../compile-routes.ts';
import type { Draft } from './draft.ts';

/** Reports every route and rule that an earlier one, or the portal, leaves nothing to. */
export function checkReachability(
  draft: Draft,
  routes: readonly CompiledRoute[],
  portal: Portal | null,
): void {
  // What was taken out for being wrong makes a pattern look wider than it was meant to be.
  const sound = routes.filter(
    ({ path }) => !draft.isDamaged([...path, 'host']) && !draft.isDamaged([...path, 'path']),
  );
  const pathOf = new Map(routes.map(({ route, path }) => [route, path]));
  for (const { route, by } of unreachableRoutes(sound.map((compiled) => compiled.route))) {
    const { line } = draft.placeOf(pathOf.get(by) ?? []);
    const taker = `route "${by.name}" on line ${String(line)}`;
    const message = `${taker} takes every request before it can match; move it above that one`;
    draft.report([...(pathOf.get(route) ?? []), 'path'], message);
  }
  for (const compiled of sound) {
    if (portal !== null) checkAgainstPortal(draft, compiled, portal);
    checkRules(draft, compiled);
  }
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

function checkRules(draft: Draft, { route, path }: CompiledRoute): void {
  const placed = route.rules.map((rule, index) => ({ rule, path: [...path, 'rules', index] }));
  const sound = placed.filter((entry) => !draft.isDamaged([...entry.path, 'when']));
  const pathOf = new Map(sound.map((entry) => [entry.rule, entry.path]));
  for (const dead of unreachableRules({ ...route, rules: sound.map(({ rule }) => rule) })) {
    // Paths outside of the route are reported where they are written.
    if (dead.why === 'outside-route') continue;
    const { line } = draft.placeOf(pathOf.get(dead.by) ?? []);
    const first = `the rule on line ${String(line)} matches every request that this one could`;
    const message = `can never match: ${first}; move this one above it`;
    draft.report(pathOf.get(dead.rule) ?? path, message);
  }
}
