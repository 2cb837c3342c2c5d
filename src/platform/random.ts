/** The one place that makes randomness. */

import { randomBytes } from 'node:crypto';

/** Gives random bytes. */
export interface Random {
  bytes(count: number): Buffer;
}

/** The operating system's generator. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
