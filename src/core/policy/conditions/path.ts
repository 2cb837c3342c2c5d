/** The condition `path`: the request's path matches one of the patterns. */

import {
  coversPath,
  matchesPath,
  matchesPathFolded,
  type PathPattern,
} from '../../path-pattern.ts';
import type { Condition } from '../rule.ts';

interface PathCondition extends Condition {
  readonly kind: 'path';
  readonly patterns: readonly PathPattern[];
}

/** Holds when the canonical path matches one of the patterns. */
export function pathCondition(patterns: readonly PathPattern[]): Condition {
  const condition: PathCondition = {
    kind: 'path',
    patterns,
    wants: patterns.map((pattern) => pattern.text).join(' or '),
    sees: (request) => request.path,
    holds: (request) => patterns.some((pattern) => matchesPath(pattern, request.path)),
    holdsFolded: (request) => patterns.some((pattern) => matchesPathFolded(pattern, request.path)),
    covers: (other) =>
      isPathCondition(other) &&
      other.patterns.every((inner) => patterns.some((outer) => coversPath(outer, inner))),
  };
  return condition;
}

function isPathCondition(condition: Condition): condition is PathCondition {
  return condition.kind === 'path';
}
