/** Reports of evidence, and what a run of it looks through. */

import { sql, type RawBuilder, type SqlBool, type TableMetadata } from 'kysely';

import type { EvidenceId, TenantId, UserId } from '../../core/ids.ts';
import type { EvidenceStore, StoredText } from '../types/administration.ts';
import { isStorable } from './storable.ts';
import type { Db } from './tables.ts';

/** The reports in a database. */
export function sqlEvidence(db: Db): EvidenceStore {
  return {
    async add({ id, at, by, isPassed, report }) {
      await db
        .insertInto('evidence_reports')
        .values({ id, at, by, is_passed: isPassed ? 1 : 0, report })
        .execute();
    },

    async find(id) {
      if (!isStorable(id)) return null;
      const row = await db
        .selectFrom('evidence_reports')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { at, by, report } = row;
      return { id, at, by, isPassed: row.is_passed !== 0, report };
    },

    async list(limit) {
      const rows = await db
        .selectFrom('evidence_reports')
        .select(['id', 'at', 'by', 'is_passed'])
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ id, at, by, is_passed: passed }) => ({
        id: id as EvidenceId,
        at,
        by,
        isPassed: passed !== 0,
      }));
    },

    async *textsAbout(about) {
      for (const table of await db.introspection.getTables()) yield* textsOf(db, table, about);
    },
  };
}

interface About {
  readonly users: readonly UserId[];
  readonly tenant: TenantId;
}

/** Of a table that is about nobody: what it holds is gone within minutes, or a handful of rows. */
const rowsMax = 20_000;

async function* textsOf(
  db: Db,
  { name, columns }: TableMetadata,
  about: About,
): AsyncGenerator<StoredText> {
  const texts = columns.filter(({ dataType }) => isText(dataType)).map((column) => column.name);
  const rowsAbout = conditionOf(name, new Set(columns.map((column) => column.name)), about);
  if (texts.length === 0 || rowsAbout === null) return;
  // The names come from the catalogue of the database itself.
  const { rows } = await sql<Readonly<Record<string, string | null>>>`
    select ${sql.join(texts.map((text) => sql.ref(text)))} from ${sql.table(name)}
    where ${rowsAbout} limit ${sql.lit(rowsMax)}`.execute(db);
  for (const row of rows) {
    for (const column of texts) {
      const text = row[column];
      if (typeof text === 'string') yield { table: name, column, text };
    }
  }
}

function isText(dataType: string): boolean {
  return /^(?:text|varchar|character varying|jsonb?)/i.test(dataType);
}

/** Which rows are about somebody; null: none that matter. */
function conditionOf(
  table: string,
  columns: ReadonlySet<string>,
  { users, tenant }: About,
): RawBuilder<SqlBool> | null {
  const isOneOf = (column: string): RawBuilder<SqlBool> =>
    users.length === 0
      ? sql<SqlBool>`1 = 0`
      : sql<SqlBool>`${sql.ref(column)} in (${sql.join(users)})`;
  if (table === 'evidence_reports') return null;
  if (table === 'users') return isOneOf('id');
  if (table === 'tenants') return sql<SqlBool>`id = ${tenant}`;
  const ofPerson = ['user_id', 'subject'].find((column) => columns.has(column));
  if (ofPerson !== undefined) return isOneOf(ofPerson);
  return columns.has('tenant_id') ? sql<SqlBool>`tenant_id = ${tenant}` : sql<SqlBool>`1 = 1`;
}
