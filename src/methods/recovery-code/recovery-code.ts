/**
 * Recovery codes: the way in when the authenticator app is gone. Each works once.
 *
 * Stored as HMAC-SHA256 over person and code, under a key that is not in the database. A code has
 * 120 random bits, so a slow hash would add nothing (ASVS 5.0 §6.5.2, NIST SP 800-63B-4 §3.1.2),
 * and looking one up stays a single conditional statement.
 *
 * A hash cannot be made anew under another key, since nobody has the code. So it says which key it
 * was made with, and that key is kept for as long as one of its codes is live.
 */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import type { UserId } from '../../core/ids.ts';
import type { Random } from '../../platform/random.ts';
import type { DerivedKey, Sealer } from '../../platform/seal.ts';
import type { CodeFactor, RecoveryCodeMaker } from '../method.ts';
import { formatRecoveryCode, parseRecoveryCode, recoveryCodeBytes } from './code-text.ts';

const keyPurpose = 'recovery codes';

/** Makes the factor: one of the live codes, once. */
export function createRecoveryCodeFactor(sealer: Sealer): CodeFactor {
  return {
    id: 'recovery-code',

    async verify(stores, user, typed, now) {
      const code = parseRecoveryCode(typed);
      if (code === null) return { ok: false, reason: 'wrong-code' };

      for (const hash of hashesOf(sealer, user, code)) {
        if (await stores.recoveryCodes.consume(user, hash, now)) {
          return { ok: true, proof: { method: 'recovery-code', at: now, origin: 'answer' } };
        }
      }
      return { ok: false, reason: 'wrong-code' };
    },
  };
}

/** Makes sets of codes. */
export function createRecoveryCodeMaker(sealer: Sealer, random: Random): RecoveryCodeMaker {
  return {
    make(user, count) {
      const [newest] = sealer.derivedKeys(keyPurpose);
      assert(newest !== undefined, 'There is always a key.');
      const codes = Array.from({ length: count }, () =>
        formatRecoveryCode(random.bytes(recoveryCodeBytes)),
      );
      return {
        codes,
        hashes: codes.map((code) => namedHashOf(newest, user, code.replaceAll('-', ''))),
      };
    },
  };
}

/**
 * What a code may be stored as: under each key, newest first, with its name, and as the first
 * versions wrote it, without.
 */
function hashesOf(sealer: Sealer, user: UserId, code: string): readonly string[] {
  const keys = sealer.derivedKeys(keyPurpose);
  return [
    ...keys.map((key) => namedHashOf(key, user, code)),
    ...keys.map(({ key }) => hashOf(key, user, code)),
  ];
}

function namedHashOf({ rootId, key }: DerivedKey, user: UserId, code: string): string {
  return `${rootId}.${hashOf(key, user, code)}`;
}

function hashOf(key: Buffer, user: UserId, code: string): string {
  return createHmac('sha256', key).update(`${user}:${code}`).digest('base64url');
}
