/** Which engine it is, for the few statements that differ. */

import { PostgresAdapter, type Kysely } from 'kysely';

/** Says whether a database is PostgreSQL; otherwise it is SQLite. */
export function isPostgres(db: Pick<Kysely<never>, 'getExecutor'>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
