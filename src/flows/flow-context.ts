/** What flows work with, and the values that go in and out of them. No HTTP, no SQL. */

import type { LiveConfig } from '../config/config.ts';
import type { RequestId, SessionKey, UserId } from '../core/ids.ts';
import type { MethodId, Proof } from '../core/proofs.ts';
import type { EpochMs } from '../core/time.ts';
import type {
  CodeFactor,
  Passkeys,
  Passwords,
  RecoveryCodeMaker,
  TotpEnrollment,
} from '../methods/method.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { Sealer } from '../platform/seal.ts';
import type { Limits, Sessions, Stores } from '../stores/types.ts';

/** Everything that flows are handed, most general first. */
export interface FlowContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly config: LiveConfig;
  readonly stores: Stores;
  readonly sessions: Sessions;
  readonly sealer: Sealer;
  readonly passwords: Passwords;
  readonly codeFactors: Readonly<Record<'totp' | 'recovery-code', CodeFactor>>;
  readonly totpEnrollment: TotpEnrollment;
  readonly recoveryCodeMaker: RecoveryCodeMaker;
  readonly passkeys: Passkeys;
  readonly limits: Limits;
  /** Where an address is, as people and the store of known places name it. */
  readonly placeOf: (ip: string) => string;
  /** For metrics: how an attempt to authenticate came out. */
  readonly count: (method: MethodId, outcome: 'success' | 'failure' | 'locked') => void;
  /** Mail was written down, perhaps in a transaction that is not done yet: look for it soon. */
  readonly mailWritten?: () => void;
}

/** Where a request came from, for limits and audit events. */
export interface Visit {
  readonly ip: string;
  readonly userAgent: string;
  readonly requestId: RequestId;
  /**
   * SHA-256 of the secret in the device cookie, hex. A browser that brought none of ours is given
   * the cookie of this key when a session begins. Null: no browser is asked for one here.
   */
  readonly deviceKey: string | null;
}

/**
 * The session that a flow ends in. The caller writes it under a new id and removes the old one
 * first; when that was gone already, the new one must not come into being.
 */
export interface NewSession {
  readonly userId: UserId;
  /** The epoch of the session before it, or of the user when this is a new sign-in. */
  readonly sessionEpoch: number;
  /** Null for a new sign-in: the lineage is then the new session's own key. */
  readonly lineage: SessionKey | null;
  readonly proofs: readonly Proof[];
  readonly createdAt: EpochMs;
}
