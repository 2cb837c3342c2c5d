/** Columns that are to be checked and not looked up by. */

import { sql, type RawBuilder } from 'kysely';

/**
 * A text column as an expression: no index fits it, so that a planner that knows nothing of the
 * numbers of rows (SQLite's, where nobody ran `analyze`) takes the index that another condition
 * was written for.
 */
export function checked(column: string): RawBuilder<string> {
  return sql<string>`${sql.ref(column)} || ''`;
}
