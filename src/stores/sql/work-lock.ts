/**
 * Work that must be done by one process at a time, on however many machines.
 *
 * The lock is one that ends with the process that holds it, a kill included: of the file system
 * where the database is a file, of a connection where it is a server.
 */

import { chownSync, closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { sql, type Kysely } from 'kysely';

import { isSqliteBusy, sqliteError } from './driver-errors.ts';

/** Says what became of work that must be done alone. */
export type AloneAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: 'under-way' };

const underWay = { ok: false, reason: 'under-way' } as const;

/** Does the work while nobody else does work of this name on the database file. */
export async function aloneOnFile<Value>(
  file: string,
  name: string,
  work: () => Promise<Value>,
): Promise<AloneAnswer<Value>> {
  const lock = lockFile(`${file}.${name}-lock`, file);
  try {
    if (lock === null) return underWay;
    return { ok: true, value: await work() };
  } finally {
    lock?.close();
  }
}

/** The same on a server; the connections must be for this alone. */
export async function aloneOnServer<Value>(
  connections: Kysely<unknown>,
  name: string,
  work: () => Promise<Value>,
): Promise<AloneAnswer<Value>> {
  return await connections.connection().execute(async (connection) => {
    const { rows } = await sql<{ is_ours: boolean }>`
      select pg_try_advisory_lock(hashtext(${`sallyport ${name}`})) as is_ours`.execute(connection);
    if (rows[0]?.is_ours !== true) return underWay;
    return { ok: true, value: await work() };
  });
}

/** SQLite locks files as the system does, which Node by itself cannot. Null: somebody has it. */
function lockFile(file: string, owned: string): DatabaseSync | null {
  closeSync(openSync(file, 'a', 0o600));
  // As root the command may make what the gateway's user has to lock next time.
  const [own, like] = [statSync(file), statSync(owned, { throwIfNoEntry: false })];
  if (like !== undefined && own.uid !== like.uid) chownSync(file, like.uid, like.gid);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (isSqliteBusy(error)) return null;
    throw sqliteError(error);
  }
}
