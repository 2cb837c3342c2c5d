/**
 * Proofs: what a session has shown, and when.
 *
 * A proof is one successful authentication, dated. Everything that is said of a session's
 * strength is computed from its proofs and `now` (see assurance.ts); nothing else is stored.
 */

import type { AuthenticatorId, DeviceId } from './ids.ts';
import type { EpochMs } from './time.ts';

/** The ways to authenticate that exist. */
export const methodIds = ['password', 'totp', 'recovery-code', 'webauthn'] as const;

/** A way to authenticate. */
export type MethodId = (typeof methodIds)[number];

/**
 * How a proof came about.
 *
 * - `answer`: it met a challenge with something enrolled before.
 * - `enrollment`: the first use of an authenticator while it was being enrolled. It counts for the
 *   level and is never fresh: somebody who holds a stolen password and enrolls their own phone has
 *   proved nothing new.
 * - `remembered`: an answer that was given earlier in a browser that the person trusts, under its
 *   own old date. It counts where a rule asks for two factors and nothing more.
 */
export type ProofOrigin = 'answer' | 'enrollment' | 'remembered';

/** One successful authentication. */
export interface Proof {
  readonly method: MethodId;
  readonly at: EpochMs;
  readonly origin: ProofOrigin;
  readonly authenticatorId?: AuthenticatorId;
  /** WebAuthn only: the authenticator itself verified the person (PIN, fingerprint). */
  readonly isUserVerified?: boolean;
  /** WebAuthn only: the model (AAGUID, lower case) when the maker's attestation was verified. */
  readonly attestedModel?: string;
  /** `remembered` only: the trusted device. */
  readonly deviceId?: DeviceId;
  /** `password` only: it came with a one-time link that this person was sent. */
  readonly isByLink?: boolean;
  /** `enrollment` only: nothing was enrolled before. */
  readonly isFirst?: boolean;
}

/**
 * The proofs with one more, which takes the place of the last of its kind: same method and origin,
 * and equally strong, so that a touch of a security key does not displace a verified person, nor
 * the second enrollment the first.
 */
export function withProof(proofs: readonly Proof[], proof: Proof): readonly Proof[] {
  const others = proofs.filter(
    (known) =>
      known.method !== proof.method ||
      known.origin !== proof.origin ||
      (known.isByLink ?? false) !== (proof.isByLink ?? false) ||
      (known.isUserVerified ?? false) !== (proof.isUserVerified ?? false) ||
      (known.isFirst ?? false) !== (proof.isFirst ?? false),
  );
  return [...others, proof];
}
