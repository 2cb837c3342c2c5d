/** Lists page by page: each begins after the row that the one before ended with. */

import { sql, type Expression, type SqlBool } from 'kysely';

import { isStorable } from './storable.ts';

/** In a list by creation, newest first: what comes after the row of an id. Nothing after none. */
export function startsAfterCreated(
  table: 'reset_requests' | 'api_keys',
  after: string,
): Expression<SqlBool> {
  if (!isStorable(after)) return sql<SqlBool>`1 = 0`;
  return sql<SqlBool>`(${sql.ref(`${table}.created_at`)}, ${sql.ref(`${table}.id`)}) <
    (select place.created_at, place.id from ${sql.table(table)} as place where place.id = ${after})`;
}
