/** Databases of one test: real ones, only less durable, since their files go away with the test. */

import { sql } from 'kysely';

import type { Random } from '../../src/platform/random.ts';
import {
  openDatabase,
  type DatabaseLocation,
  type SqlDatabase,
} from '../../src/stores/sql/database.ts';

/**
 * Opens a database with the schema in it. SQLite does not wait for the disk after each commit,
 * which is most of what it would do all day; nothing but a loss of power could tell.
 */
export async function openThrowAwayDatabase(
  location: DatabaseLocation,
  random: Random,
): Promise<SqlDatabase> {
  const database = openDatabase(location, { random });
  if (location.kind === 'sqlite') await sql`pragma synchronous = off`.execute(database.db);
  await database.migrate();
  return database;
}
