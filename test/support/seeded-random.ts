/** Randomness that is the same in every run: SHA-256 over a seed and a counter. */

import { createHash } from 'node:crypto';

import type { Random } from '../../src/platform/random.ts';

/** Makes a generator whose bytes depend on the seed alone. */
export function seededRandom(seed = 'sallyport'): Random {
  let block = 0;
  let rest: Buffer = Buffer.alloc(0);
  return {
    bytes(count) {
      while (rest.length < count) {
        const next = createHash('sha256')
          .update(`${seed}:${String(block)}`)
          .digest();
        rest = Buffer.concat([rest, next]);
        block += 1;
      }
      const taken = Buffer.from(rest.subarray(0, count));
      rest = rest.subarray(count);
      return taken;
    },
  };
}
