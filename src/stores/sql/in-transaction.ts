/** Several statements that belong together, whether or not the caller has a transaction already. */

import type { Db } from './tables.ts';

/** Runs the work in the transaction that `db` is, or in one of its own. */
export function inTransaction<Value>(db: Db, work: (db: Db) => Promise<Value>): Promise<Value> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/**
 * Holds the user's row until the transaction ends, so that changes to what belongs to one user
 * follow one another. Writing a value to itself is the lock that both engines have.
 */
export async function lockUser(db: Db, id: string): Promise<void> {
  await db
    .updateTable('users')
    .set((eb) => ({ session_epoch: eb.ref('session_epoch') }))
    .where('id', '=', id)
    .execute();
}
