/**
 * Proofs: what a session has shown, and when.
 *
 * A proof is one successful authentication, dated. Everything that is said of a session's
 * strength is computed from its proofs and `now` (see assurance.ts); nothing else is stored.
 */

import type { AuthenticatorId } from './ids.ts';
import type { EpochMs } from './time.ts';

/** The ways to authenticate that exist. */
export const methodIds = ['password', 'totp', 'recovery-code', 'webauthn'] as const;

/** A way to authenticate. */
export type MethodId = (typeof methodIds)[number];

/**
 * How a proof came about. An `answer` met a challenge with something enrolled before; an
 * `enrollment` is the first use of an authenticator while it was being enrolled. Both count for
 * the level, only an answer counts as fresh: somebody who holds a stolen password and enrolls
 * their own phone has proved nothing new.
 */
export type ProofOrigin = 'answer' | 'enrollment';

/** One successful authentication. */
export interface Proof {
  readonly method: MethodId;
  readonly at: EpochMs;
  readonly origin: ProofOrigin;
  readonly authenticatorId?: AuthenticatorId;
  /** WebAuthn only: the authenticator itself verified the person (PIN, fingerprint). */
  readonly isUserVerified?: boolean;
}

/**
 * The proofs with one more, which takes the place of the last of its kind: same method and origin,
 * and equally strong, so that a touch of a security key does not displace a verified person.
 */
export function withProof(proofs: readonly Proof[], proof: Proof): readonly Proof[] {
  const others = proofs.filter(
    (known) =>
      known.method !== proof.method ||
      known.origin !== proof.origin ||
      (known.isUserVerified ?? false) !== (proof.isUserVerified ?? false),
  );
  return [...others, proof];
}
