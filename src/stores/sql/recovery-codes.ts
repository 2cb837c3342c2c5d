/**
 * Recovery codes: hashes only. A set is live once its owner confirmed to have stored it; used
 * codes stay until their set is dropped, so that it is known that there was one.
 */

import type { UserId } from '../../core/ids.ts';
import type { RecoveryCodeStore } from '../types.ts';
import { noteFactors } from './people/factors.ts';
import { inTransaction, lockUser } from './in-transaction.ts';
import type { Db } from './tables.ts';

/** The recovery codes in a database. */
export function sqlRecoveryCodes(db: Db): RecoveryCodeStore {
  return {
    createUnconfirmed: (user, hashes, at) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        await removeSet(db, user, { isConfirmed: 0 });
        const rows = hashes.map((hash) => ({
          user_id: user,
          code_hash: hash,
          is_confirmed: 0,
          created_at: at,
          used_at: null,
        }));
        if (rows.length > 0) await db.insertInto('recovery_codes').values(rows).execute();
      }),

    confirm: (user, _at, old) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        if (!(await hasCodes(db, user, { isConfirmed: 0 }))) return false;
        if (old === 'drop') await removeSet(db, user, { isConfirmed: 1 });
        await db
          .updateTable('recovery_codes')
          .set({ is_confirmed: 1 })
          .where('user_id', '=', user)
          .execute();
        await noteFactors(db, user);
        return true;
      }),

    consume: (user, hash, at) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        const { numUpdatedRows } = await db
          .updateTable('recovery_codes')
          .set({ used_at: at })
          .where('user_id', '=', user)
          .where('code_hash', '=', hash)
          .where('is_confirmed', '=', 1)
          .where('used_at', 'is', null)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) return false;
        // It may have been the last one.
        await noteFactors(db, user);
        return true;
      }),

    async countLeft(user) {
      const { codes } = await db
        .selectFrom('recovery_codes')
        .select((eb) => eb.fn.countAll<number>().as('codes'))
        .where('user_id', '=', user)
        .where('is_confirmed', '=', 1)
        .where('used_at', 'is', null)
        .executeTakeFirstOrThrow();
      return codes;
    },

    hasUnconfirmed: (user, hash) => hasCodes(db, user, { isConfirmed: 0, hash }),
    hasConfirmed: (user) => hasCodes(db, user, { isConfirmed: 1 }),

    removeOfUser: (user) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        await db.deleteFrom('recovery_codes').where('user_id', '=', user).execute();
        await noteFactors(db, user);
      }),
  };
}

async function hasCodes(
  db: Db,
  user: UserId,
  set: { readonly isConfirmed: 0 | 1; readonly hash?: string | undefined },
): Promise<boolean> {
  const row = await db
    .selectFrom('recovery_codes')
    .select('code_hash')
    .where('user_id', '=', user)
    .where('is_confirmed', '=', set.isConfirmed)
    .$if(set.hash !== undefined, (query) => query.where('code_hash', '=', set.hash ?? ''))
    .executeTakeFirst();
  return row !== undefined;
}

async function removeSet(
  db: Db,
  user: UserId,
  set: { readonly isConfirmed: 0 | 1 },
): Promise<void> {
  await db
    .deleteFrom('recovery_codes')
    .where('user_id', '=', user)
    .where('is_confirmed', '=', set.isConfirmed)
    .execute();
}
