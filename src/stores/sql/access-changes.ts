/** Whose access changed lately, for whoever keeps connections open. */

import type { TenantId, UserId } from '../../core/ids.ts';
import type { AccessChangeStore } from '../types.ts';
import type { Db } from './tables.ts';

/** The access changes in a database. */
export function sqlAccessChanges(db: Db): AccessChangeStore {
  return {
    async note(whose, at) {
      // Ids of users begin with `usr_`, which the name of no tenant does.
      await db.insertInto('access_changes').values({ user_id: whose, at }).execute();
    },

    async since(at) {
      const rows = await db
        .selectFrom('access_changes')
        .select(['id', 'user_id'])
        .where('at', '>=', at)
        .orderBy('at')
        .orderBy('id')
        .execute();
      return rows.map((row) => ({ id: row.id, whose: row.user_id as UserId | TenantId }));
    },

    async removeBefore(at) {
      await db.deleteFrom('access_changes').where('at', '<', at).execute();
    },
  };
}
