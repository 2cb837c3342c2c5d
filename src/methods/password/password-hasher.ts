/**
 * Hashes and compares passwords with argon2id (RFC 9106), off the event loop.
 *
 * A password is compared as it was chosen: nothing is cut off, trimmed or folded. The one
 * exception is Unicode's canonical composition (NFC, as RFC 8265 §4.2 has it), because keyboards
 * of different systems send different bytes for the same `é`.
 */

import { timingSafeEqual } from 'node:crypto';

import { Problem } from '../../core/problem.ts';
import type { Random } from '../../platform/random.ts';
import type { PasswordVerification } from '../method.ts';
import type { Argon2Pool } from './argon2-pool.ts';
import {
  formatPasswordHash,
  parsePasswordHash,
  type Argon2Parameters,
  type PasswordHash,
} from './password-hash.ts';

/** The longest password that is looked at. */
export const passwordBytesMax = 1024;

/** OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane. */
export const passwordCost: Argon2Parameters = { memoryKib: 19_456, passes: 2, parallelism: 1 };

const saltBytes = 16;
const tagBytes = 32;

/** Hashes and compares. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  verify(password: string, hash: string | null): Promise<PasswordVerification>;
}

/** Makes a hasher that computes in the pool. */
export function createPasswordHasher(
  pool: Argon2Pool,
  random: Random,
  cost: Argon2Parameters = passwordCost,
): PasswordHasher {
  // Compared with when there is no such user, so that the time does not tell. Nobody knows a
  // password with this tag: it is not the outcome of any computation.
  const nobody: PasswordHash = {
    ...cost,
    salt: random.bytes(saltBytes),
    tag: random.bytes(tagBytes),
  };

  async function tagOf(password: Buffer, like: PasswordHash): Promise<Buffer> {
    return pool.compute({
      message: password,
      salt: like.salt,
      memoryKib: like.memoryKib,
      passes: like.passes,
      parallelism: like.parallelism,
      tagBytes: like.tag.length,
    });
  }

  async function hash(password: string): Promise<string> {
    const fresh = { ...cost, salt: random.bytes(saltBytes), tag: Buffer.alloc(tagBytes) };
    const tag = await tagOf(passwordBytes(password), fresh);
    return formatPasswordHash({ ...fresh, tag });
  }

  // The password was right; that the queue is full just now is no reason to say otherwise.
  async function hashIfThereIsTime(password: string): Promise<string | null> {
    try {
      return await hash(password);
    } catch (thrown) {
      if (thrown instanceof Problem) return null;
      throw thrown;
    }
  }

  return {
    hash,

    async verify(password, hashText) {
      const bytes = passwordBytes(password);
      // No stored password is that long or ill-formed, whoever the user is.
      if (bytes.length > passwordBytesMax || !password.isWellFormed()) return { ok: false };

      const stored = hashText === null ? nobody : parsePasswordHash(hashText);
      const tag = await tagOf(bytes, stored);
      const isRight = timingSafeEqual(tag, stored.tag) && hashText !== null;
      if (!isRight) return { ok: false };
      return {
        ok: true,
        newHash: isCurrent(stored, cost) ? null : await hashIfThereIsTime(password),
      };
    },
  };
}

/** The bytes that are hashed. */
export function passwordBytes(password: string): Buffer {
  return Buffer.from(password.normalize('NFC'), 'utf8');
}

function isCurrent(stored: PasswordHash, cost: Argon2Parameters): boolean {
  return (
    stored.memoryKib === cost.memoryKib &&
    stored.passes === cost.passes &&
    stored.parallelism === cost.parallelism &&
    stored.salt.length === saltBytes &&
    stored.tag.length === tagBytes
  );
}
