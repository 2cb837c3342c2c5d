/** What every authentication method looks like to the flows. */

import type { Authenticator, PasskeyState, Stores, User } from '../stores/types.ts';
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

/** What an `otpauth://` URI says, or why it is not taken, in a sentence without the secret. */
export type TotpUriReading =
  | {
      readonly ok: true;
      readonly account: string;
      readonly issuer: string | null;
      readonly secretBits: number;
      readonly credential: TotpCredential;
    }
  | { readonly ok: false; readonly sentence: string };

/** Enrolling by showing a secret and asking for the first code it makes. */
export interface TotpEnrollment {
  /** Makes a fresh secret under the settings in force. */
  begin(): TotpCredential;
  present(user: Pick<User, 'username'>, credential: TotpCredential): Promise<PendingTotp>;
  /** The picture to scan as a PNG in a `data:` URL, for programs that draw no SVG. */
  pictureOf(pending: Pick<PendingTotp, 'otpauthUrl'>): Promise<string>;
  /** The time step of the code when it is right for the secret, else null. */
  stepOf(credential: TotpCredential, code: string, now: EpochMs): number | null;
  seal(user: UserId, authenticator: AuthenticatorId, credential: TotpCredential): string;
  /** What the codes of an enrolled app look like. */
  shapeOf(authenticator: Authenticator): Pick<TotpCredential, 'digits' | 'periodSeconds'>;
  /** Reads a URI that an app was enrolled with elsewhere. */
  readUri(text: string): TotpUriReading;
}

/** What a browser needs for `navigator.credentials.create` or `.get`, as JSON (WebAuthn L3 §5.1.8). */
export type PasskeyOptions = Readonly<Record<string, unknown>>;

/** A passkey that proved itself while it was being enrolled, ready to be kept. */
export interface NewPasskey {
  /** The public key and what never changes; to be sealed. */
  readonly credential: PasskeyCredential;
  readonly state: PasskeyState;
  readonly isUserVerified: boolean;
}

/** What never changes about a passkey. */
export interface PasskeyCredential {
  /** Base64url, COSE. */
  readonly publicKey: string;
  readonly transports: readonly string[];
  /** Lower case; of zeros where the authenticator does not say. */
  readonly aaguid: string;
  /** The flag BE: it may be synchronised. */
  readonly isBackupEligible: boolean;
}

/** Why the answer of an authenticator was not taken. Told to nobody but the audit log. */
export type PasskeyRefusal =
  | 'unreadable'
  | 'not-verified'
  | 'other-user'
  | 'model-not-allowed'
  | 'user-not-verified'
  | 'backup-eligibility-changed'
  | 'counter-went-back';

/** The answer to "may this passkey be enrolled?". */
export type PasskeyEnrollmentCheck =
  | { readonly ok: true; readonly passkey: NewPasskey }
  | { readonly ok: false; readonly reason: PasskeyRefusal };

/** The answer to "is this the person's passkey, and did it answer our challenge?". */
export type PasskeyCheck =
  | { readonly ok: true; readonly proof: Proof }
  | { readonly ok: false; readonly reason: PasskeyRefusal };

/** What a response says of itself. Nothing of it is checked. */
export interface PasskeyClaims {
  /** Base64url. */
  readonly credentialId: string;
  readonly challenge: string;
  /** The flag UV of an answer. */
  readonly isUserVerified: boolean;
}

/** What the response of a passkey that is to be enrolled must fit. */
export interface PasskeyEnrollmentExpectation {
  readonly challenge: string;
  /** A security key of a known model, by its attestation. */
  readonly isHardwareNeeded: boolean;
  readonly now: EpochMs;
}

/** What an answer must fit. */
export interface PasskeyExpectation {
  /** Null: nobody has the passkey. The answer is no, after the same work. */
  readonly authenticator: Authenticator | null;
  readonly challenge: string;
  readonly isUserVerificationNeeded: boolean;
  /** The answer must say itself whose it is; what it says must be true in any case. */
  readonly isUserHandleNeeded: boolean;
  readonly now: EpochMs;
}

/**
 * Passkeys and security keys. Challenges are the flows' business: they are handed in as they were
 * issued, and are used up before anything here is asked.
 */
export interface Passkeys {
  enrollmentOptions(asked: {
    readonly user: Pick<User, 'id' | 'username' | 'displayName'>;
    readonly existing: readonly Authenticator[];
    readonly challenge: string;
    /** A security key of a known model is wanted, with its attestation. */
    readonly isHardwareNeeded: boolean;
  }): Promise<PasskeyOptions>;
  checkEnrollment(
    response: string,
    expected: PasskeyEnrollmentExpectation,
  ): Promise<PasskeyEnrollmentCheck>;
  seal(user: UserId, authenticator: AuthenticatorId, credential: PasskeyCredential): string;
  /** What one calls the thing that holds the passkey, as far as it says; anybody may claim it. */
  modelName(credential: Pick<PasskeyCredential, 'aaguid'>): string | null;
  /** `allowed` null: any passkey that the browser has for us, for signing in by it alone. */
  answerOptions(asked: {
    readonly allowed: readonly Authenticator[] | null;
    readonly challenge: string;
    readonly userVerification: 'required' | 'preferred';
  }): Promise<PasskeyOptions>;
  /** What a response claims, for looking it up; null when it is not well formed. */
  claimsOf(response: string): PasskeyClaims | null;
  /**
   * Checks a response against the passkey it claims to be of, and writes the use (counter, backup
   * state) through the stores that it is handed before it says yes.
   */
  checkAnswer(
    stores: Stores,
    response: string,
    expected: PasskeyExpectation,
  ): Promise<PasskeyCheck>;
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
