/** The authentication methods that exist. The only file beside compose.ts that names them. */

import type { EpochMs } from '../core/time.ts';
import type { Random } from '../platform/random.ts';
import type { Sealer } from '../platform/seal.ts';
import type {
  CodeFactor,
  Passkeys,
  Passwords,
  RecoveryCodeMaker,
  TotpEnrollment,
} from './method.ts';
import { createPasswords } from './password/password.ts';
import {
  createRecoveryCodeFactor,
  createRecoveryCodeMaker,
} from './recovery-code/recovery-code.ts';
import { createTotpEnrollment, createTotpFactor, type TotpSettings } from './totp/totp.ts';
import { createPasskeys, type PasskeySettings } from './webauthn/passkeys.ts';

/** Every method, as the flows use them. */
export interface Methods {
  readonly passwords: Passwords;
  readonly codeFactors: Readonly<Record<'totp' | 'recovery-code', CodeFactor>>;
  readonly totpEnrollment: TotpEnrollment;
  readonly recoveryCodeMaker: RecoveryCodeMaker;
  readonly passkeys: Passkeys;
}

/** What methods are made of. */
export interface MethodParts {
  readonly random: Random;
  readonly sealer: Sealer;
  /** Asked anew each time, so that a reload of the configuration counts at once. */
  readonly totpSettings: () => TotpSettings;
  readonly passkeySettings: () => PasskeySettings;
  /** The time on the wall at an instant of our clock, which never goes back. */
  readonly wallTime: (now: EpochMs) => EpochMs;
}

/** Makes the methods. Whoever calls it closes `passwords`. */
export function createMethods(parts: MethodParts): Methods {
  const { random, sealer, totpSettings, passkeySettings, wallTime } = parts;
  const totp = { sealer, random, settings: totpSettings, wallTime };
  return {
    passwords: createPasswords(random),
    codeFactors: {
      totp: createTotpFactor(totp),
      'recovery-code': createRecoveryCodeFactor(sealer),
    },
    totpEnrollment: createTotpEnrollment(totp),
    recoveryCodeMaker: createRecoveryCodeMaker(sealer, random),
    passkeys: createPasskeys({ sealer, settings: passkeySettings }),
  };
}
