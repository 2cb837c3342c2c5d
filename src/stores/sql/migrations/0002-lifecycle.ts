/** Tenants that ask for a second factor, passkeys, known browsers and places, and mail. */

import { PostgresAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

type ColumnType = 'text' | 'integer' | 'bigint';
type Column = readonly [
  name: string,
  type: ColumnType,
  build?: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
];

const zero = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo(0);
const emptyList = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo('[]');

const newColumns: Readonly<Record<string, readonly Column[]>> = {
  tenants: [
    ['is_mfa_required', 'integer', zero],
    ['required_since', 'bigint'],
    ['grace_ends_at', 'bigint'],
    ['grace_period_days', 'integer', zero],
  ],
  users: [
    ['must_enroll_at', 'bigint'],
    ['reminded_at', 'bigint'],
    ['networks', 'text', emptyList],
  ],
  authenticators: [
    ['credential_id', 'text'],
    ['sign_count', 'bigint', zero],
    ['is_backed_up', 'integer', zero],
    ['attested_model', 'text'],
  ],
};

/** Adds to what is there; no row changes its meaning. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, columns] of Object.entries(newColumns)) {
    for (const [name, type, build] of columns) {
      // SQLite adds one column at a time.
      await db.schema.alterTable(table).addColumn(name, type, build).execute();
    }
  }
  // On both engines any number of rows may have none.
  await db.schema
    .createIndex('authenticators_credential_id')
    .on('authenticators')
    .column('credential_id')
    .unique()
    .execute();
  await index(db, 'user_groups', ['group_name']);
  await index(db, 'audit_events', ['subject', 'seq']);

  await createUsedChallenges(db);
  await createKnown(db);
  await createOutbox(db);
}

/** Drops what was added. */
export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['outbox', 'known_places', 'devices', 'used_challenges']) {
    await db.schema.dropTable(table).execute();
  }
  for (const name of [
    'audit_events_subject_seq',
    'user_groups_group_name',
    'authenticators_credential_id',
  ]) {
    await db.schema.dropIndex(name).execute();
  }
  for (const [table, columns] of Object.entries(newColumns)) {
    for (const [name] of columns) await db.schema.alterTable(table).dropColumn(name).execute();
  }
}

async function createUsedChallenges(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('used_challenges')
    .addColumn('challenge_hash', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await index(db, 'used_challenges', ['expires_at']);
}

async function createKnown(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('devices')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('device_key', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('last_ip', 'text', (column) => column.notNull())
    .addColumn('trust_method', 'text')
    .addColumn('trust_proved_at', 'bigint')
    .addColumn('trusted_until', 'bigint')
    .addUniqueConstraint('devices_user_key', ['user_id', 'device_key'])
    .execute();
  await index(db, 'devices', ['last_seen_at']);
  await db.schema
    .createTable('known_places')
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('known_places_key', ['user_id', 'place'])
    .execute();
  await index(db, 'known_places', ['last_seen_at']);
}

async function createOutbox(db: Kysely<unknown>): Promise<void> {
  const outbox = db.schema.createTable('outbox');
  // The one difference between the engines: how a number is given out.
  await (
    isPostgres(db)
      ? outbox.addColumn('id', 'bigint', (column) =>
          column.primaryKey().generatedAlwaysAsIdentity(),
        )
      : outbox.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
  )
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('to_address', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull())
    .execute();
  await index(db, 'outbox', ['due_at']);
}

async function index(
  db: Kysely<unknown>,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await db.schema
    .createIndex([table, ...columns].join('_'))
    .on(table)
    .columns([...columns])
    .execute();
}

function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
