/** What a backup brings back and must not come to life again. */

import { StoreUnavailable } from '../types.ts';
import type { RestoringStore } from '../types/restoring.ts';
import type { Db } from './tables.ts';

/** The same for every row of a database. */
export function sqlRestoring(db: Db): RestoringStore {
  return {
    async chainHead() {
      const head = await db
        .selectFrom('audit_head')
        .select(['last_seq', 'last_hash'])
        .executeTakeFirst();
      if (head === undefined) throw new StoreUnavailable('The audit log (its head is missing)');
      return { seq: head.last_seq, hash: head.last_hash };
    },

    async withdrawAll() {
      const links = await db.deleteFrom('enrollment_links').executeTakeFirstOrThrow();
      const mails = await db.deleteFrom('outbox').executeTakeFirstOrThrow();
      await db.deleteFrom('challenges').execute();
      const devices = await db
        .updateTable('devices')
        .set({ trust_method: null, trust_proved_at: null, trusted_until: null })
        .where('trusted_until', 'is not', null)
        .executeTakeFirstOrThrow();
      return {
        links: Number(links.numDeletedRows),
        mails: Number(mails.numDeletedRows),
        trustedDevices: Number(devices.numUpdatedRows),
      };
    },

    async spendSteps(id, step) {
      await db
        .updateTable('authenticators')
        .set({ last_step: step })
        .where('id', '=', id)
        .where('last_step', '<', step)
        .execute();
    },
  };
}
