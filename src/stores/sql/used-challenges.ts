/** Challenges that were used and carry their own proof of coming from us. */

import type { UsedChallengeStore } from '../types.ts';
import type { Db } from './tables.ts';

/** The used challenges in a database. */
export function sqlUsedChallenges(db: Db): UsedChallengeStore {
  return {
    async consume(hash, expiresAt) {
      // Security: one statement decides, so that of equal answers arriving together on any number
      // of instances one is taken (WebAuthn L3 §13.4.3).
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('used_challenges')
        .values({ challenge_hash: hash, expires_at: expiresAt })
        .onConflict((conflict) => conflict.column('challenge_hash').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },

    async removeExpired(now) {
      await db.deleteFrom('used_challenges').where('expires_at', '<=', now).execute();
    },
  };
}
