/** What a person has to do next, after each step of a sign-in. */

import { levelOf } from '../core/assurance.ts';
import type { SessionFacts } from '../core/facts.ts';
import { admissibleProofs, enrollmentDue, usableSecondFactors } from '../core/policy/decide.ts';
import type { FlowContext } from './flow-context.ts';

/**
 * Says which page comes next: the second factor that the person has, then what the policy obliges
 * them to enroll, then wherever they wanted to go.
 *
 * Asked anew after every step and before every page: there is no path through the pages that
 * skips one. An obligation that cannot be met yet keeps the answer at `enroll`.
 */
export function nextPage(
  ctx: Pick<FlowContext, 'config' | 'clock'>,
  session: SessionFacts,
): 'challenge' | 'enroll' | 'done' {
  const { policy } = ctx.config.current();
  const now = ctx.clock.now();
  const level = levelOf(admissibleProofs(session, policy), now);
  if (level < 2 && usableSecondFactors(session, policy).length > 0) return 'challenge';
  return enrollmentDue(session, policy, now) === null ? 'done' : 'enroll';
}
