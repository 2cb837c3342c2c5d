/** Who may add an authenticator (security G8). Asked under the held record, by every method. */

import type { SessionFacts } from '../../core/facts.ts';
import { clockSkewSeconds, isFromTheFuture } from '../../core/assurance.ts';
import { Problem } from '../../core/problem.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type {
  Authenticator,
  EnrollGuard,
  PrincipalRecord,
  Stores,
  User,
} from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { assertFreshProof, hasAnythingEnrolled } from '../fresh-proof.ts';

/** How many authenticators one person may have; each is one more that could be lost. */
export const authenticatorsMax = 20;

/** How long the session that set up the first authenticator may go on without being asked again. */
const firstSetUpSeconds = 300;

/** How long an administrator who is present vouches for whoever signs in. */
export const supervisedSeconds = 900;

/**
 * Throws unless this session may add an authenticator now, and says whether it is the first: the
 * problem `enrollment-link-required` while a reset's guard stands and is not met,
 * `step-up-required` when the person has something enrolled and has not freshly proved it,
 * `policy-forbids` when they have as many as one may have.
 *
 * Enrollment by password alone is for people who have nothing enrolled and were not reset. A set of
 * recovery codes counts as something, even when its codes are used up. Whoever has just set up
 * their first authenticator may add others in the same session, while that first one is still there.
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
  assertGuardIsMet(session, record.user, now);
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

/** Throws the problem `enrollment-link-required` while a reset's guard stands and is not met. */
export function assertGuardIsMet(
  session: Pick<SessionFacts, 'proofs'>,
  { enrollGuard }: Pick<User, 'enrollGuard'>,
  now: EpochMs,
): void {
  if (isGuardMet(session, enrollGuard, now)) return;
  throw new Problem('enrollment-link-required', {
    detail:
      'Open the one-time link that you were sent, or ask your administrator to be present, and sign in again.',
  });
}

/**
 * Says whether nothing stands against enrolling in this session: there is no guard, an
 * administrator is present, or the session began with a one-time link.
 *
 * Security: a window that ends later than one that is opened now was opened before the clock went
 * back; it is over.
 */
export function isGuardMet(
  { proofs }: Pick<SessionFacts, 'proofs'>,
  guard: EnrollGuard | null,
  now: EpochMs,
): boolean {
  if (guard === null) return true;
  const { since, supervisedUntil } = guard;
  const isSupervised =
    supervisedUntil !== null &&
    now < supervisedUntil &&
    !isFromTheFuture(addSeconds(supervisedUntil, -supervisedSeconds), now);
  return (
    isSupervised || proofs.some((proof) => proof.isByLink === true && isSince(proof, since, now))
  );
}

// The clocks of two instances may differ; a session from before the reset is dead by its epoch.
function isSince({ at }: { readonly at: EpochMs }, since: EpochMs, now: EpochMs): boolean {
  return at >= addSeconds(since, -clockSkewSeconds) && !isFromTheFuture(at, now);
}

/** Says whether a reset's guard keeps this session from enrolling; for pages, before anybody tries. */
export async function isKeptFromEnrolling(
  ctx: Pick<FlowContext, 'stores' | 'clock'>,
  session: SessionFacts,
): Promise<boolean> {
  const user = await ctx.stores.users.findById(session.principal.id);
  return user !== null && !isGuardMet(session, user.enrollGuard, ctx.clock.now());
}

/**
 * What a reset asked of them is done, and nothing guards the account any more but what was enrolled:
 * to be called where an authenticator was just enrolled.
 */
export async function noteEnrolled(
  stores: Stores,
  { id, mustEnrollAt, enrollGuard }: Pick<User, 'id' | 'mustEnrollAt' | 'enrollGuard'>,
): Promise<void> {
  if (mustEnrollAt !== null) await stores.users.setMustEnrollAt(id, null);
  if (enrollGuard === null) return;
  await stores.users.setEnrollGuard(id, null);
  await stores.enrollmentLinks.removeOfUser(id);
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
