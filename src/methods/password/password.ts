/** Passwords of local users: the hasher in its threads, and the rules for new ones. */

import type { Random } from '../../platform/random.ts';
import type { Passwords } from '../method.ts';
import {
  createArgon2Pool,
  defaultArgon2PoolOptions,
  type Argon2PoolOptions,
} from './argon2-pool.ts';
import type { Argon2Parameters } from './password-hash.ts';
import { createPasswordHasher, passwordCost } from './password-hasher.ts';
import { passwordRefusal } from './password-rules.ts';

/** Makes the method. Whoever makes it closes it. */
export function createPasswords(
  random: Random,
  options: Argon2PoolOptions = defaultArgon2PoolOptions,
  cost: Argon2Parameters = passwordCost,
): Passwords {
  const pool = createArgon2Pool(options);
  const hasher = createPasswordHasher(pool, random, cost);
  return {
    hash: async (password) => hasher.hash(password),
    verify: async (password, hash) => hasher.verify(password, hash),
    refusalOf: passwordRefusal,
    close: async () => pool.close(),
  };
}
