/** A condition on the time of day that several windows satisfy. */

import { conditions } from '../core/policy/conditions/registry.ts';
import type { TimeWindow } from '../core/policy/conditions/time.ts';
import type { Condition } from '../core/policy/rule.ts';

interface AnyTimeCondition extends Condition {
  readonly windows: readonly Condition[];
}

/** Holds while the clock is inside one of the windows. There is at least one. */
export function anyTimeCondition(windows: readonly TimeWindow[]): Condition {
  const each = windows.map((window) => conditions.time(window));
  const condition: AnyTimeCondition = {
    kind: 'time',
    windows: each,
    wants: each.map((window) => window.wants).join(' or '),
    sees: (request, now) => each[0]?.sees(request, now) ?? '',
    holds: (request, now) => each.some((window) => window.holds(request, now)),
    covers: (other) =>
      isAnyTime(other) && other.windows.every((inner) => each.some((outer) => outer.covers(inner))),
  };
  return condition;
}

function isAnyTime(condition: Condition): condition is AnyTimeCondition {
  return condition.kind === 'time' && 'windows' in condition;
}
