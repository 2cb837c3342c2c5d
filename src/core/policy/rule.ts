/**
 * Rules: one line of policy each.
 *
 * `conditions` look at the request alone and pick the rule; `audience` and `requires` judge the
 * person afterwards. Who asks never changes which rule applies.
 */

import type { RequestFacts } from '../facts.ts';
import { createPathTree, type PathTree } from '../path-tree.ts';
import type { PathPattern } from '../path-pattern.ts';
import type { EpochMs } from '../time.ts';
import type { Audience } from './audience.ts';
import type { Requirement } from './requirement.ts';

/** One test of the request. */
export interface Condition {
  /** The key it has in the configuration: `path`, `method`, `network`, `time`. */
  readonly kind: string;
  /** What it asks for, as `explain` prints it. */
  readonly wants: string;
  /** What it looks at in this request, as `explain` prints it. */
  sees(request: RequestFacts, now: EpochMs): string;
  holds(request: RequestFacts, now: EpochMs): boolean;
  /** The same for a server that does not tell letters apart by their case; only for paths. */
  holdsFolded?(request: RequestFacts): boolean;
  /** Paths outside all of these it never holds for, in either reading; only for paths. */
  readonly patterns?: readonly PathPattern[];
  /** Whether this holds wherever `other` does. A yes is certain, a no may be a "cannot tell". */
  covers(other: Condition): boolean;
}

/** One line of policy. */
export interface Rule {
  /** Route name and position, from 1: `admin-console#2`. */
  readonly id: string;
  readonly conditions: readonly Condition[];
  readonly effect: 'public' | 'deny' | 'protect';
  /** Who may pass; null: everybody who is signed in. Service accounts pass only when named. */
  readonly audience: Audience | null;
  readonly requires: Requirement;
}

/**
 * The first rule whose conditions all hold, or null. A rule without conditions always applies.
 *
 * Null too where another rule would apply if letters had no case: the upstream may be a server to
 * which they have none, and a path that two servers read differently is refused, never guessed.
 */
export function firstRuleThatApplies(
  rules: readonly Rule[],
  request: RequestFacts,
  now: EpochMs,
): Rule | null {
  const candidates = indexOf(rules).candidates(request.path);
  const rule = candidates.find(({ conditions }) =>
    conditions.every((condition) => condition.holds(request, now)),
  );
  const ruleFolded = candidates.find(({ conditions }) =>
    conditions.every((condition) =>
      condition.holdsFolded === undefined
        ? condition.holds(request, now)
        : condition.holdsFolded(request),
    ),
  );
  return rule === ruleFolded ? (rule ?? null) : null;
}

// A list of rules never changes; a new configuration is a new list.
const indexes = new WeakMap<readonly Rule[], PathTree<Rule>>();

function indexOf(rules: readonly Rule[]): PathTree<Rule> {
  const known = indexes.get(rules);
  if (known !== undefined) return known;
  const index = createPathTree(rules, ({ conditions }) => {
    const condition = conditions.find(({ patterns }) => patterns !== undefined);
    return condition?.patterns ?? null;
  });
  indexes.set(rules, index);
  return index;
}
