/** Putting off the reminder that a second factor is due. */

import type { SessionFacts } from '../../core/facts.ts';
import { graceEndOf } from '../../core/policy/decide.ts';
import type { FlowContext } from '../flow-context.ts';

/**
 * Notes that the person was told today. The deadline stays where it is, and whoever has none is
 * told nothing.
 */
export async function putOffReminder(ctx: FlowContext, session: SessionFacts): Promise<void> {
  if (graceEndOf(session, ctx.config.current().policy) === null) return;
  await ctx.stores.users.setRemindedAt(session.principal.id, ctx.clock.now());
}
