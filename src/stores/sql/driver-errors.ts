/**
 * Tells a database that does not answer from a mistake of ours.
 *
 * Security: whatever is not plainly our own mistake counts as "does not answer", so that an
 * unknown failure becomes a 503 and never "there is no such row".
 */

import { DatabaseError } from 'pg';

import { StoreUnavailable } from '../types.ts';

// SQLite's primary result codes that mean a wrong statement or a broken constraint; every other
// one (busy, full, read-only, input/output, corrupt, cannot open …) is the database's trouble.
const sqliteMistakes = new Set([
  1, // SQLITE_ERROR: the SQL is wrong
  19, // SQLITE_CONSTRAINT
  20, // SQLITE_MISMATCH
  21, // SQLITE_MISUSE
  25, // SQLITE_RANGE
]);

const sqliteBusy = 5;
const sqliteLocked = 6;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

// SQLSTATE classes: data exception, integrity constraint violation, syntax error.
const postgresMistakes = new Set(['22', '23', '42']);

/** What to throw for an error of `node:sqlite`. */
export function sqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  // Anything else with a code comes from Node: a closed database, a file that cannot be opened.
  if (error.code === 'ERR_SQLITE_ERROR' && sqliteMistakes.has(sqliteCode(error) ?? 0)) return error;
  if (error.code === 'ERR_INVALID_ARG_TYPE' || error.code === 'ERR_INVALID_ARG_VALUE') return error;
  return new StoreUnavailable('The database', { cause: error });
}

/** Says whether another connection holds a lock, so that trying again shortly may help. */
export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === sqliteBusy || code === sqliteLocked;
}

/** Says whether the file is damaged or no SQLite database at all. */
export function isSqliteDamage(error: unknown): boolean {
  const code = sqliteCode(error instanceof StoreUnavailable ? error.cause : error);
  return code === sqliteCorrupt || code === sqliteNotADatabase;
}

/** What to throw for an error of `pg`. */
export function postgresError(error: unknown): unknown {
  if (error instanceof DatabaseError && postgresMistakes.has((error.code ?? '').slice(0, 2))) {
    return error;
  }
  return new StoreUnavailable('The database', { cause: error });
}

/** Says whether the server answered at all, so that the connection can be used again. */
export function isPostgresAnswer(error: unknown): boolean {
  return error instanceof DatabaseError;
}

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  // The low byte is the primary code, the rest refines it (sqlite.org/rescode.html).
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}
