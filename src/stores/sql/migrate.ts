/**
 * Brings a database to this version's schema, all or nothing, as often as one likes.
 *
 * Refuses what it cannot answer for: a damaged file, and a schema that a newer version wrote.
 */

import { sql, SqliteAdapter } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';

import { DatabaseUnusable, StoreUnavailable } from '../types.ts';
import { isSqliteDamage } from './driver-errors.ts';
import * as initial from './migrations/0001-initial.ts';
import * as lifecycle from './migrations/0002-lifecycle.ts';
import * as administration from './migrations/0003-administration.ts';
import type { Db } from './tables.ts';

const migrationTable = 'schema_migrations';
const migrationLockTable = 'schema_migrations_lock';

// In order. The names are kept in the database.
const migrations = {
  '0001-initial': initial,
  '0002-lifecycle': lifecycle,
  '0003-administration': administration,
} as const satisfies Record<string, Migration>;

/** A migration by name. */
export type MigrationName = keyof typeof migrations;

/** Checks the database and runs the migrations that are missing; says which were. */
export async function migrateSchema(db: Db): Promise<readonly MigrationName[]> {
  try {
    await assertUndamaged(db);
    const applied = await appliedMigrations(db);
    const { error } = await migrator(db).migrateToLatest();
    if (error !== undefined) throw error;
    return (Object.keys(migrations) as MigrationName[]).filter((name) => !applied.has(name));
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error;
    if (isSqliteDamage(error)) {
      throw new DatabaseUnusable('The database file is damaged, or is no database.', {
        cause: error,
      });
    }
    if (error instanceof StoreUnavailable) throw error;
    throw new DatabaseUnusable('The schema could not be brought up to date.', { cause: error });
  }
}

/** Takes the schema back to nothing; for tests of the migrations. */
export async function revertSchema(db: Db): Promise<void> {
  const applied = await migrator(db).getMigrations();
  for (const migration of applied) {
    if (migration.executedAt === undefined) continue;
    const { error } = await migrator(db).migrateDown();
    if (error !== undefined) throw error;
  }
}

/** Takes the schema forward or back to where one migration left it; for tests of the migrations. */
export async function migrateSchemaTo(db: Db, name: MigrationName): Promise<void> {
  const { error } = await migrator(db).migrateTo(name);
  if (error !== undefined) throw error;
}

function migrator(db: Db): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableName: migrationTable,
    migrationLockTableName: migrationLockTable,
    allowUnorderedMigrations: false,
  });
}

async function assertUndamaged(db: Db): Promise<void> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return;
  const tables = await db.introspection.getTables();
  for (const { name } of tables) {
    // The audit log is as long as it is old, and has a check of its own (`audit verify`).
    if (name === 'audit_events') continue;
    const { rows } = await sql<{
      quick_check: string;
    }>`pragma quick_check(${sql.table(name)})`.execute(db);
    const [row] = rows;
    if (row?.quick_check !== 'ok') {
      throw new DatabaseUnusable(`The database file is damaged (table ${name}).`, {
        cause: row?.quick_check,
      });
    }
  }
}

/** The migrations that this database has had. Throws `DatabaseUnusable` for one that is unknown. */
async function appliedMigrations(db: Db): Promise<ReadonlySet<string>> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === migrationTable)) return new Set();
  const { rows } = await sql<{ name: string }>`
    select name from ${sql.table(migrationTable)}`.execute(db);
  const unknown = rows.filter(({ name }) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new DatabaseUnusable(
      'The database was written by a newer version of Sallyport; install that version, or restore ' +
        'a backup from before the update.',
    );
  }
  return new Set(rows.map(({ name }) => name));
}
