/** Administration: resets, one-time links, API keys, reports, and an audit trail that is kept. */

import { PostgresAdapter, sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

import { searchText } from '../../search-text.ts';

type ColumnType = 'text' | 'integer' | 'bigint';
type Column = readonly [
  name: string,
  type: ColumnType,
  build?: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder,
];

const needed = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();
const ofUser = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('users.id').onDelete('cascade');
const ofTenant = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('tenants.id');
const firstNumber = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo(1);
const chainStart = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo('0'.repeat(64));
const nothing = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo(0);
const emptyText = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().defaultTo('');

const newColumns: Readonly<Record<string, readonly Column[]>> = {
  users: [
    ['search_text', 'text', emptyText],
    ['group_list', 'text', emptyText],
    ['factors', 'integer', nothing],
    ['guarded_since', 'bigint'],
    ['supervised_until', 'bigint'],
  ],
  audit_head: [
    ['first_seq', 'bigint', firstNumber],
    ['first_previous_hash', 'text', chainStart],
    ['mac', 'text'],
    ['checked_seq', 'bigint'],
    ['checked_hash', 'text'],
    ['checked_mac', 'text'],
  ],
};

const newTables: Readonly<Record<string, readonly Column[]>> = {
  reset_requests: [
    ['id', 'text', key],
    ['tenant_id', 'text', ofTenant],
    ['user_id', 'text', ofUser],
    ['username', 'text', needed],
    ['tier', 'text', needed],
    ['requested_by', 'text', needed],
    ['requested_by_name', 'text', needed],
    ['reason', 'text', needed],
    ['ticket', 'text', needed],
    ['proofing', 'text', needed],
    ['approvals_needed', 'integer', needed],
    ['state', 'text', needed],
    ['created_at', 'bigint', needed],
    ['expires_at', 'bigint', needed],
    ['ended_at', 'bigint'],
    ['ended_by', 'text'],
    ['ended_by_name', 'text'],
    ['end_reason', 'text'],
  ],
  reset_approvals: [
    [
      'request_id',
      'text',
      (column) => column.notNull().references('reset_requests.id').onDelete('cascade'),
    ],
    ['approver', 'text', needed],
    ['approver_name', 'text', needed],
    ['role', 'text', needed],
    ['at', 'bigint', needed],
  ],
  enrollment_links: [
    ['hash', 'text', key],
    ['user_id', 'text', ofUser],
    ['kind', 'text', needed],
    ['created_by', 'text', needed],
    ['created_at', 'bigint', needed],
    ['expires_at', 'bigint', needed],
  ],
  api_keys: [
    ['id', 'text', key],
    ['user_id', 'text', ofUser],
    ['tenant_id', 'text', ofTenant],
    ['name', 'text', needed],
    ['hash', 'text', needed],
    ['created_by', 'text', needed],
    ['created_at', 'bigint', needed],
    ['expires_at', 'bigint'],
    ['last_used_at', 'bigint'],
  ],
  idempotency_keys: [
    ['key', 'text', key],
    ['fingerprint', 'text', needed],
    ['status', 'integer'],
    ['sealed_body', 'text'],
    ['expires_at', 'bigint', needed],
  ],
  evidence_reports: [
    ['id', 'text', key],
    ['at', 'bigint', needed],
    ['by', 'text', needed],
    ['is_passed', 'integer', needed],
    ['report', 'text', needed],
  ],
  mfa_days: [
    ['tenant_id', 'text', ofTenant],
    ['day', 'text', needed],
    ['total', 'integer', needed],
    ['enrolled', 'integer', needed],
    ['in_grace', 'integer', needed],
    ['missing', 'integer', needed],
  ],
  refusal_counts: [
    ['tenant_id', 'text', needed],
    ['hour', 'bigint', needed],
    ['reason', 'text', needed],
    ['refusals', 'bigint', needed],
  ],
  audit_sinks: [
    ['name', 'text', key],
    ['last_seq', 'bigint', needed],
    ['holder', 'text', needed],
    ['lease_until', 'bigint', needed],
    ['handed_over_at', 'bigint'],
    ['failing_since', 'bigint'],
    ['failure', 'text'],
  ],
};

// Lists and numbers of people are answered by an index of these alone.
const listing = 'users_listing';
const listed = [
  'tenant_id',
  'username_key',
  'kind',
  'is_disabled',
  'factors',
  'created_at',
  'must_enroll_at',
  'id',
];
// Texts of any length, which an index of PostgreSQL does not take; it can do without.
const listedTexts = ['group_list', 'search_text'];

// In the order of the columns.
const indexes: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['reset_requests', ['tenant_id', 'created_at', 'id']],
  ['reset_requests', ['user_id', 'created_at']],
  ['enrollment_links', ['expires_at']],
  ['api_keys', ['tenant_id', 'created_at', 'id']],
  ['api_keys', ['user_id']],
  ['idempotency_keys', ['expires_at']],
  ['evidence_reports', ['at']],
  ['attempts', ['locked_until']],
  // Sessions are counted at each reading of the metrics.
  ['sessions', ['last_seen_at', 'created_at']],
  // The audit trail, newest first, by whatever narrows it down most.
  ['audit_events', ['tenant_id', 'at', 'seq']],
  ['audit_events', ['tenant_id', 'type', 'severity', 'at', 'seq']],
  ['audit_events', ['tenant_id', 'ip', 'at', 'seq']],
  ['audit_events', ['subject', 'at', 'seq']],
  ['audit_events', ['actor', 'at', 'seq']],
  ['audit_events', ['request_id']],
];

// What longer ones take the place of.
const oldIndexes: typeof indexes = [
  ['sessions', ['last_seen_at']],
  ['audit_events', ['at']],
  ['audit_events', ['subject', 'seq']],
];

const uniques: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['reset_approvals', ['request_id', 'approver']],
  ['reset_approvals', ['request_id', 'role']],
  ['enrollment_links', ['user_id', 'kind']],
  ['mfa_days', ['tenant_id', 'day']],
  ['refusal_counts', ['tenant_id', 'hour', 'reason']],
];

/** Adds to what is there; no row changes its meaning. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, columns] of Object.entries(newColumns)) {
    for (const [name, type, build] of columns) {
      // SQLite adds one column at a time.
      await db.schema.alterTable(table).addColumn(name, type, build).execute();
    }
  }
  for (const [table, columns] of Object.entries(newTables)) {
    let creation = db.schema.createTable(table);
    for (const [name, type, build] of columns) creation = creation.addColumn(name, type, build);
    await creation.execute();
  }
  await fillSearchText(db);
  await fillFactors(db);
  await fillGroupList(db);
  for (const [table, columns] of oldIndexes) {
    await db.schema.dropIndex(nameOf(table, columns)).execute();
  }
  for (const [table, columns] of indexes) await createIndex(db, table, columns);
  await db.schema
    .createIndex(listing)
    .on('users')
    .columns(isPostgres(db) ? listed : [...listed, ...listedTexts])
    .execute();
  // A session's key is long, and its beginning tells it from the others well enough.
  await sql`create index audit_events_session on audit_events
    (substr(session_key, 1, 16), at, seq)`.execute(db);
  for (const [table, columns] of uniques) {
    await db.schema
      .createIndex(nameOf(table, columns))
      .on(table)
      .columns([...columns])
      .unique()
      .execute();
  }
  // Of several that ask for one person's reset at once, one gets it.
  await sql`create unique index reset_requests_open on reset_requests (user_id)
    where state in ('pending', 'approved')`.execute(db);
  await setEpochWidth(db, 'bigint');
}

/** Drops what was added. */
export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of Object.keys(newTables).toReversed()) {
    await db.schema.dropTable(table).execute();
  }
  await db.schema.dropIndex('audit_events_session').execute();
  await db.schema.dropIndex(listing).execute();
  for (const [table, columns] of indexes) {
    if (table in newTables) continue;
    await db.schema.dropIndex(nameOf(table, columns)).execute();
  }
  for (const [table, columns] of oldIndexes) await createIndex(db, table, columns);
  for (const [table, columns] of Object.entries(newColumns)) {
    for (const [name] of columns) await db.schema.alterTable(table).dropColumn(name).execute();
  }
  await setEpochWidth(db, 'integer');
}

/** After a restore, epochs begin at an instant, which is wider than 32 bits. SQLite has one width. */
async function setEpochWidth(db: Kysely<unknown>, width: 'integer' | 'bigint'): Promise<void> {
  if (!isPostgres(db)) return;
  for (const table of ['users', 'sessions']) {
    // Going back, what does not fit becomes the greatest that does; equal ones stay equal.
    await sql`alter table ${sql.table(table)} alter column session_epoch
      type ${sql.raw(width)} using least(session_epoch, 2147483647)`.execute(db);
  }
}

interface Searched {
  readonly id: string;
  readonly username: string;
  readonly display_name: string;
  readonly email: string | null;
  readonly search_text: string;
}

async function fillSearchText(db: Kysely<unknown>): Promise<void> {
  const users = db as Kysely<{ users: Searched }>;
  for (let after = ''; ;) {
    const rows = await users
      .selectFrom('users')
      .select(['id', 'username', 'display_name', 'email'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(1000)
      .execute();
    for (const { id, username, display_name: displayName, email } of rows) {
      await users
        .updateTable('users')
        .set({ search_text: searchText({ username, displayName, email }) })
        .where('id', '=', id)
        .execute();
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function fillFactors(db: Kysely<unknown>): Promise<void> {
  await sql`update users set factors =
    (case when exists (select 1 from authenticators
      where authenticators.user_id = users.id and method = 'totp') then 1 else 0 end)
    + (case when exists (select 1 from authenticators
      where authenticators.user_id = users.id and method = 'webauthn') then 2 else 0 end)
    + (case when exists (select 1 from recovery_codes where recovery_codes.user_id = users.id
      and is_confirmed = 1 and used_at is null) then 4 else 0 end)`.execute(db);
}

async function fillGroupList(db: Kysely<unknown>): Promise<void> {
  const separator = sql.lit('\u001f');
  await sql`update users set group_list =
    (select ${separator} || string_agg(group_name, ${separator}) || ${separator}
      from user_groups where user_groups.user_id = users.id)
    where id in (select user_id from user_groups)`.execute(db);
}

async function createIndex(
  db: Kysely<unknown>,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await db.schema
    .createIndex(nameOf(table, columns))
    .on(table)
    .columns([...columns])
    .execute();
}

function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

function nameOf(table: string, columns: readonly string[]): string {
  return [table, ...columns].join('_');
}
