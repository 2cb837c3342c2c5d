/** What every authentication method looks like to the flows. */

import type { User } from '../stores/types.ts';
import type { MethodId, Proof } from '../core/proofs.ts';
import type { EpochMs } from '../core/time.ts';
import type { AuthenticatorId, UserId } from '../core/ids.ts';
import type { Stores } from '../stores/types.ts';

/** The answer to "is this code right?". Locking is the flows' business, not the method's. */
export type Verification =
  | { readonly ok: true; readonly proof: Proof }
  | { readonly ok: false; readonly reason: 'wrong-code' | 'code-already-used' };

/**
 * A second factor that is answered by typing a code. `verify` uses the code up before it says
 * yes, through the stores that it is handed, so that the caller decides on the transaction.
 */
export interface CodeFactor {
  readonly id: Extract<MethodId, 'totp' | 'recovery-code'>;
  verify(stores: Stores, user: UserId, code: string, now: EpochMs): Promise<Verification>;
}

/** A fresh secret on its way to becoming an authenticator. */
export interface PendingTotp {
  /** Base32, as a person types it. */
  readonly secret: string;
  /** `otpauth://totp/…` */
  readonly otpauthUrl: string;
}

/** Enrolling by showing a secret and asking for the first code it makes. */
export interface TotpEnrollment {
  begin(user: User): PendingTotp;
  /** The time step of the code when it is right for the secret, else null. */
  stepOf(secret: string, code: string, now: EpochMs): number | null;
  seal(user: UserId, authenticator: AuthenticatorId, secret: string): string;
}
