/** What every authentication method looks like to the flows. */

import type { Stores, User } from '../stores/types.ts';
import type { MethodId, Proof } from '../core/proofs.ts';
import type { EpochMs } from '../core/time.ts';
import type { AuthenticatorId, UserId } from '../core/ids.ts';

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

/** What an authenticator app and we agree on. Kept with the secret: settings may change later. */
export interface TotpCredential {
  /** Base32, as a person types it. */
  readonly secret: string;
  readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512';
  readonly digits: 6 | 8;
  readonly periodSeconds: number;
}

/** A fresh secret on its way to becoming an authenticator, as a person gets to see it. */
export interface PendingTotp {
  /** Base32, as a person types it. */
  readonly secret: string;
  /** `otpauth://totp/…` */
  readonly otpauthUrl: string;
  /** The same as an SVG document. */
  readonly qrSvg: string;
  /** The name that the app will show beside the issuer. */
  readonly account: string;
  readonly digits: number;
  readonly periodSeconds: number;
}

/** Enrolling by showing a secret and asking for the first code it makes. */
export interface TotpEnrollment {
  /** Makes a fresh secret under the settings in force. */
  begin(): TotpCredential;
  present(user: Pick<User, 'username'>, credential: TotpCredential): Promise<PendingTotp>;
  /** The time step of the code when it is right for the secret, else null. */
  stepOf(credential: TotpCredential, code: string, now: EpochMs): number | null;
  seal(user: UserId, authenticator: AuthenticatorId, credential: TotpCredential): string;
}

/** Makes recovery codes: the codes for the person, their hashes for the store. */
export interface RecoveryCodeMaker {
  make(
    user: UserId,
    count: number,
  ): { readonly codes: readonly string[]; readonly hashes: readonly string[] };
}

/** The answer to "is this password right?". */
export type PasswordVerification =
  | {
      readonly ok: true;
      /** Hashed again because the stored hash was made with other parameters; else null. */
      readonly newHash: string | null;
    }
  | { readonly ok: false };

/** Why a password is not taken, for programs and in a sentence for the person who chose it. */
export interface PasswordRefusal {
  readonly reason:
    | 'too-short'
    | 'too-long'
    | 'not-typeable'
    | 'too-common'
    | 'too-close-to-the-name';
  readonly sentence: string;
}

/** What is known about whoever chooses a password. */
export interface PasswordContext {
  readonly username: string;
  readonly issuer: string;
  readonly lengthMin: number;
}

/** Passwords of local users. */
export interface Passwords {
  /** Hashes for storing. Throws the problem `too-busy` when too many are waiting. */
  hash(password: string): Promise<string>;
  /**
   * Compares with a stored hash. Null stands for "there is no such user" and takes as long as a
   * wrong password does. Throws the problem `too-busy` when too many are waiting.
   */
  verify(password: string, hash: string | null): Promise<PasswordVerification>;
  /** Says why a new password is not taken, or null when it is. */
  refusalOf(password: string, context: PasswordContext): PasswordRefusal | null;
  close(): Promise<void>;
}
