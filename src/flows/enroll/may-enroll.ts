/** Who may add an authenticator (security G8). Asked under the held record, by every method. */

import type { SessionFacts } from '../../core/facts.ts';
import { isFromTheFuture } from '../../core/assurance.ts';
import { Problem } from '../../core/problem.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Authenticator, PrincipalRecord, Stores, User } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { assertFreshProof, hasAnythingEnrolled } from '../fresh-proof.ts';

/** How many authenticators one person may have; each is one more that could be lost. */
export const authenticatorsMax = 20;

/** How long the session that set up the first authenticator may go on without being asked again. */
const firstSetUpSeconds = 300;

/**
 * Throws unless this session may add an authenticator now, and says whether it is the first: the
 * problem `step-up-required` when the person has something enrolled and has not freshly proved it,
 * `policy-forbids` when they have as many as one may have.
 *
 * Enrollment by password alone is for people who have nothing enrolled. A set of recovery codes
 * counts as something, even when its codes are used up. Whoever has just set up their first
 * authenticator may add others in the same session, while that first one is still there.
 */
export async function assertMayEnroll(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  at: {
    readonly session: SessionFacts;
    readonly record: PrincipalRecord;
    readonly now: EpochMs;
  },
): Promise<{ readonly isFirst: boolean }> {
  const { session, record, now } = at;
  const held = { ...session, enrolled: record.enrolled };
  if (!(await hasAnythingEnrolled(stores, held))) return { isFirst: true };

  const existing = await stores.authenticators.listOfUser(session.principal.id);
  if (!isInFirstSetUp(session, existing, now)) assertFreshProof(ctx, session, now);
  if (existing.length >= authenticatorsMax) {
    throw new Problem('policy-forbids', {
      detail: `Nobody may have more than ${String(authenticatorsMax)} authenticators. Remove one first.`,
    });
  }
  return { isFirst: false };
}

/** What a reset asked of them is done: to be called where an authenticator was just enrolled. */
export async function noteEnrolled(
  stores: Stores,
  { id, mustEnrollAt }: Pick<User, 'id' | 'mustEnrollAt'>,
): Promise<void> {
  if (mustEnrollAt !== null) await stores.users.setMustEnrollAt(id, null);
}

function isInFirstSetUp(
  { proofs }: SessionFacts,
  existing: readonly Authenticator[],
  now: EpochMs,
): boolean {
  return proofs.some(
    (proof) =>
      proof.origin === 'enrollment' &&
      proof.isFirst === true &&
      !isFromTheFuture(proof.at, now) &&
      now <= addSeconds(proof.at, firstSetUpSeconds) &&
      existing.some(({ id }) => id === proof.authenticatorId),
  );
}
