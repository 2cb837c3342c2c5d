/**
 * Recovery codes: the way in when the authenticator app is gone. Each works once.
 *
 * Stored as HMAC-SHA256 over person and code, under a key that is not in the database. A code has
 * 120 random bits, so a slow hash would add nothing (ASVS 5.0 §6.5.2, NIST SP 800-63B-4 §3.1.2),
 * and looking one up stays a single conditional statement.
 */

import { createHmac } from 'node:crypto';

import type { UserId } from '../../core/ids.ts';
import type { Random } from '../../platform/random.ts';
import type { Sealer } from '../../platform/seal.ts';
import type { CodeFactor, RecoveryCodeMaker } from '../method.ts';
import { formatRecoveryCode, parseRecoveryCode, recoveryCodeBytes } from './code-text.ts';

const keyPurpose = 'recovery codes';

/** Makes the factor: one of the live codes, once. */
export function createRecoveryCodeFactor(sealer: Sealer): CodeFactor {
  const keys = sealer.deriveKeys(keyPurpose);
  return {
    id: 'recovery-code',

    async verify(stores, user, typed, now) {
      const code = parseRecoveryCode(typed);
      if (code === null) return { ok: false, reason: 'wrong-code' };

      // After a rotation of the encryption key, codes from before it were hashed under the old one.
      for (const key of keys) {
        if (await stores.recoveryCodes.consume(user, hashOf(key, user, code), now)) {
          return { ok: true, proof: { method: 'recovery-code', at: now, origin: 'answer' } };
        }
      }
      return { ok: false, reason: 'wrong-code' };
    },
  };
}

/** Makes sets of codes. */
export function createRecoveryCodeMaker(sealer: Sealer, random: Random): RecoveryCodeMaker {
  const key = sealer.deriveKey(keyPurpose);
  return {
    make(user, count) {
      const codes = Array.from({ length: count }, () =>
        formatRecoveryCode(random.bytes(recoveryCodeBytes)),
      );
      return { codes, hashes: codes.map((code) => hashOf(key, user, code.replaceAll('-', ''))) };
    },
  };
}

function hashOf(key: Buffer, user: UserId, code: string): string {
  return createHmac('sha256', key).update(`${user}:${code}`).digest('base64url');
}
