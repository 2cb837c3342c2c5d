/** What a reset takes away, by whichever way it came about. */

import type { EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { FlowContext } from '../../flow-context.ts';
import { endAllSessions } from '../../sessions.ts';

/** How much there was. */
export interface Erased {
  readonly authenticators: number;
  readonly recoveryCodes: number;
  readonly trustedDevices: number;
}

/**
 * Inside a transaction: removes all authenticators and recovery codes of somebody, what their
 * browsers remember, what they have half set up, and their one-time links; lifts a lock; ends all
 * of their sessions, tokens and streams, which carry the epoch that is raised here. Where the
 * policy says so (`post_reset_require_enroll`), whoever they are obtains nothing before they have a
 * second factor again. The deadline of their tenant stays.
 */
export async function eraseSecondFactors(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  { id }: Pick<User, 'id'>,
  now: EpochMs,
): Promise<Erased> {
  await endAllSessions(stores, id, now);
  const authenticators = await stores.authenticators.removeOfUser(id);
  const recoveryCodes = await stores.recoveryCodes.countLeft(id);
  await stores.recoveryCodes.removeOfUser(id);
  await stores.challenges.removeOfUser(id);
  await stores.attempts.reset(id);
  await stores.enrollmentLinks.removeOfUser(id);
  const trustedDevices = await stores.devices.distrustAll(id);
  const { reset } = ctx.config.current().policy.mfa;
  if (reset.requiresEnrollAfterwards) await stores.users.setMustEnrollAt(id, now);
  return { authenticators, recoveryCodes, trustedDevices };
}
