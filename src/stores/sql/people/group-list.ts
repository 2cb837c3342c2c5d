/**
 * Somebody's groups as one text beside their record, so that reading a user is one look-up and
 * lists of 100,000 people need not look into another table for each.
 */

import assert from 'node:assert/strict';

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import { isPostgres } from '../is-postgres.ts';
import type { Db } from '../tables.ts';

// A character that no group name has. It stands around each name.
const separator = '\u001f';

/** The text of some groups. */
export function groupList(groups: readonly string[]): string {
  for (const name of groups) assert(!name.includes(separator), 'A group name has a control sign.');
  const names = [...new Set(groups)].toSorted();
  return names.length === 0 ? '' : [separator, ...names.map((name) => name + separator)].join('');
}

/** The groups of a text, in order. */
export function groupsIn(list: string): readonly string[] {
  return list === '' ? [] : list.slice(1, -1).split(separator).toSorted();
}

/** How an engine finds a text in another, letter by letter. */
export type FindText = 'instr' | 'strpos';

/** What finds a text on this engine. */
export function findTextOf(db: Db): FindText {
  return isPostgres(db) ? 'strpos' : 'instr';
}

/** The user of a row is in this group. */
export function isInGroup(group: string, find: FindText): RawBuilder<SqlBool> {
  return sql`${sql.raw(find)}(users.group_list, ${separator + group + separator}) > 0`;
}
