/**
 * Columns that are to be checked and not looked up by. Nobody runs `analyze` on SQLite, so it knows
 * nothing of the numbers of rows and would guess which condition is the one to follow; these say
 * so. PostgreSQL knows, and decides for itself.
 */

import { sql, type RawBuilder } from 'kysely';

import { isPostgres } from './is-postgres.ts';
import type { Db } from './tables.ts';

/** A text column that SQLite takes no index for. */
export function checked(db: Db, column: string): RawBuilder<string> {
  const name = sql.ref<string>(column);
  return isPostgres(db) ? sql<string>`${name}` : sql<string>`${name} || ''`;
}

/** A column of numbers that SQLite takes no index for. */
export function checkedNumber(db: Db, column: string): RawBuilder<number> {
  const name = sql.ref<number>(column);
  return isPostgres(db) ? sql<number>`${name}` : sql<number>`${name} + 0`;
}
