/** Where people sign in from. */

import type { UserId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PlaceStore } from '../types.ts';
import { inTransaction, lockUser } from './in-transaction.ts';
import type { Db } from './tables.ts';

/** The known places in a database. */
export function sqlPlaces(db: Db): PlaceStore {
  return {
    async see(user, place, at) {
      if (await seeAgain(db, user, place, at)) return 'known';
      // Of several places that are first seen at once, one is the first.
      return await inTransaction(db, async (db) => {
        await lockUser(db, user);
        if (await seeAgain(db, user, place, at)) return 'known';
        const hasOthers = await hasPlaces(db, user);
        await db
          .insertInto('known_places')
          .values({ user_id: user, place, last_seen_at: at })
          .execute();
        return hasOthers ? 'new' : 'first';
      });
    },

    async look(user, place) {
      const row = await db
        .selectFrom('known_places')
        .select('place')
        .where('user_id', '=', user)
        .where('place', '=', place)
        .executeTakeFirst();
      if (row !== undefined) return 'known';
      return (await hasPlaces(db, user)) ? 'new' : 'first';
    },

    async removeUnseenSince(at) {
      await db.deleteFrom('known_places').where('last_seen_at', '<', at).execute();
    },
  };
}

/** Notes that a known place was seen; false when it is not known. */
async function seeAgain(db: Db, user: UserId, place: string, at: EpochMs): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('known_places')
    .set({ last_seen_at: at })
    .where('user_id', '=', user)
    .where('place', '=', place)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function hasPlaces(db: Db, user: UserId): Promise<boolean> {
  const row = await db
    .selectFrom('known_places')
    .select('place')
    .where('user_id', '=', user)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
