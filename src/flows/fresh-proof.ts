/** Who may change how they authenticate (security G8). */

import { assuranceShortfall } from '../core/assurance.ts';
import type { SessionFacts } from '../core/facts.ts';
import { admissibleProofs } from '../core/policy/decide.ts';
import { defaultRequirement } from '../core/policy/requirement.ts';
import { Problem } from '../core/problem.ts';
import type { EpochMs } from '../core/time.ts';
import type { Stores } from '../stores/types.ts';
import type { FlowContext } from './flow-context.ts';

/** Says whether password and second factor were answered within the window of a step-up. */
export function hasFreshProof(
  ctx: Pick<FlowContext, 'config'>,
  session: SessionFacts,
  now: EpochMs,
): boolean {
  const { policy } = ctx.config.current();
  const requirement = { ...defaultRequirement, withinSeconds: policy.stepUpWithinSeconds };
  return assuranceShortfall(requirement, admissibleProofs(session, policy), now) === null;
}

/** Throws the problem `step-up-required` unless `hasFreshProof`. */
export function assertFreshProof(
  ctx: Pick<FlowContext, 'config'>,
  session: SessionFacts,
  now: EpochMs,
): void {
  if (hasFreshProof(ctx, session, now)) return;
  throw new Problem('step-up-required', {
    detail: 'Confirm with your password and your second factor first.',
  });
}

/**
 * Says whether a person has enrolled anything, whether or not it counts at the moment. A set of
 * recovery codes is something, even when its codes are used up.
 */
export async function hasAnythingEnrolled(
  stores: Pick<Stores, 'recoveryCodes'>,
  { principal, enrolled }: SessionFacts,
): Promise<boolean> {
  return enrolled.length > 0 || (await stores.recoveryCodes.hasConfirmed(principal.id));
}

/**
 * Throws the problem `step-up-required` without a fresh proof, for whoever has anything to prove.
 *
 * Security: asked of what is enrolled, not of what counts. A method that is switched off for a
 * while, or a tier that asks for other keys, must not open an account to its password alone.
 */
export async function assertFreshProofOfOwner(
  ctx: Pick<FlowContext, 'config'>,
  stores: Pick<Stores, 'recoveryCodes'>,
  session: SessionFacts,
  now: EpochMs,
): Promise<void> {
  if (await hasAnythingEnrolled(stores, session)) assertFreshProof(ctx, session, now);
}

/** Says whether a passkey was used within the window of a step-up. */
export function hasFreshPasskey(
  ctx: Pick<FlowContext, 'config'>,
  session: SessionFacts,
  now: EpochMs,
): boolean {
  const { policy } = ctx.config.current();
  const requirement = {
    ...defaultRequirement,
    isPhishingResistant: true,
    withinSeconds: policy.stepUpWithinSeconds,
  };
  return assuranceShortfall(requirement, admissibleProofs(session, policy), now) === null;
}

/** Throws the problem `step-up-required` unless `hasFreshPasskey`. */
export function assertFreshPasskey(
  ctx: Pick<FlowContext, 'config'>,
  session: SessionFacts,
  now: EpochMs,
): void {
  if (hasFreshPasskey(ctx, session, now)) return;
  throw new Problem('step-up-required', { detail: 'Confirm with your passkey first.' });
}
