/**
 * Rules and routes that can never match, so that a mistake shows when the configuration is loaded
 * and not when somebody gets in. What is named here is certain; not all that is dead is found.
 */

import { coversHost } from '../host.ts';
import { coversPath, overlapsPath } from '../path-pattern.ts';
import type { Route } from '../route.ts';
import { isPathCondition } from './conditions/path.ts';
import type { Rule } from './rule.ts';

/** A rule that never applies, and why. */
export type UnreachableRule =
  /** An earlier rule applies wherever this one would. */
  | { readonly rule: Rule; readonly why: 'covered'; readonly by: Rule }
  /** Its paths lie outside the route's, or outside each other. */
  | { readonly rule: Rule; readonly why: 'outside-route' };

/** The rules of a route that can never apply. */
export function unreachableRules(route: Route): readonly UnreachableRule[] {
  return route.rules.flatMap((rule, index): readonly UnreachableRule[] => {
    if (isOutside(rule, route)) return [{ rule, why: 'outside-route' }];
    const by = route.rules.slice(0, index).find((earlier) => covers(earlier, rule, route));
    return by === undefined ? [] : [{ rule, why: 'covered', by }];
  });
}

/** The routes that can never be taken, each with the earlier route that takes all of its paths. */
export function unreachableRoutes(
  routes: readonly Route[],
): readonly { readonly route: Route; readonly by: Route }[] {
  return routes.flatMap((route, index) => {
    const by = routes
      .slice(0, index)
      .find(
        (earlier) => coversHost(earlier.host, route.host) && coversPath(earlier.path, route.path),
      );
    return by === undefined ? [] : [{ route, by }];
  });
}

function isOutside(rule: Rule, route: Route): boolean {
  return rule.conditions
    .filter(isPathCondition)
    .some((condition) => condition.patterns.every((pattern) => !overlapsPath(pattern, route.path)));
}

/** Whether each condition of `earlier` holds wherever all of `later` do, within the route. */
function covers(earlier: Rule, later: Rule, route: Route): boolean {
  return earlier.conditions.every(
    (condition) =>
      later.conditions.some((other) => condition.covers(other)) ||
      (isPathCondition(condition) &&
        condition.patterns.some((pattern) => coversPath(pattern, route.path))),
  );
}
