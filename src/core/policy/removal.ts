/** What of their second step a person may give up. */

import type { SessionFacts } from '../facts.ts';
import type { AuthenticatorId } from '../ids.ts';
import type { MethodId } from '../proofs.ts';
import { enrollmentMissing, usableSecondFactors } from './decide.ts';
import { type AccessPolicy, methodsRequiredOf, tierOf } from './mfa-policy.ts';

/** Why an authenticator stays: another must be there first, or it is the whole second step. */
export type RemovalRefusal = 'policy-needs-it' | 'last-one';

/** An authenticator, as far as it matters here. */
export interface HeldAuthenticator {
  readonly id: AuthenticatorId;
  readonly method: MethodId;
  /** Null for other methods. */
  readonly passkey: { readonly attestedModel: string | null } | null;
}

/**
 * Why this one of the person's authenticators may not go, or null when it may. Pages ask to say so
 * before anybody tries.
 *
 * The last second factor never goes by being removed: whoever may do without one says so by
 * switching the second step off, which asks for more.
 */
export function removalRefusal(
  session: SessionFacts,
  all: readonly HeldAuthenticator[],
  id: AuthenticatorId,
  policy: AccessPolicy,
): RemovalRefusal | null {
  const rest = all.filter((authenticator) => authenticator.id !== id);
  const after: SessionFacts = {
    ...session,
    enrolled: [...new Set(rest.map(({ method }) => method))],
    attestedModels: rest.flatMap(({ passkey }) => passkey?.attestedModel ?? []),
  };
  const missing = enrollmentMissing(session, policy);
  const isMissed = enrollmentMissing(after, policy).some((method) => !missing.includes(method));
  if (isMissed) return 'policy-needs-it';
  if (usableSecondFactors(after, policy).length > 0) return null;
  return mustHaveSecondFactor(session, policy) ? 'policy-needs-it' : 'last-one';
}

/** Says whether tier or tenant oblige this person to have a second factor, now or before long. */
export function mustHaveSecondFactor(session: SessionFacts, policy: AccessPolicy): boolean {
  const { principal, enrollBy } = session;
  if (!policy.mfa.isEnabled) return false;
  return (
    enrollBy !== null || methodsRequiredOf(tierOf(principal, policy.tiers), policy.mfa).length > 0
  );
}
