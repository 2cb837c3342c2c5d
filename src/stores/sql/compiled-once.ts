/** Queries of the hot path: built and compiled once for each dialect, then only filled in. */

import assert from 'node:assert/strict';

import type { CompiledQuery, Compilable, DialectAdapter } from 'kysely';

import type { Db } from './tables.ts';

/** Stands for a value while a query is being built. */
export type Slot = (name: string) => string;

/** Runs a prepared query with values for its slots. */
export type PreparedQuery<Row> = (
  db: Db,
  values: Readonly<Record<string, string | number>>,
) => Promise<readonly Row[]>;

/** Makes a query that is compiled when it first runs. */
export function compiledOnce<Row>(
  build: (db: Db, slot: Slot) => Compilable<Row>,
): PreparedQuery<Row> {
  // A transaction shares the adapter of the database that it runs on.
  const known = new WeakMap<DialectAdapter, CompiledQuery<Row>>();
  return async (db, values) => {
    const { adapter } = db.getExecutor();
    let query = known.get(adapter);
    if (query === undefined) {
      query = build(db, (name) => slotPrefix + name).compile();
      known.set(adapter, query);
    }
    const parameters = query.parameters.map((parameter) => valueOf(parameter, values));
    // Kysely's way to a connection and back takes longer than SQLite takes to answer.
    if (!db.isTransaction && readsAtOnce(adapter)) {
      const rows = adapter.readAtOnce(query.sql, parameters);
      if (rows !== null) return rows as readonly Row[];
    }
    const { rows } = await db.executeQuery<Row>({ ...query, parameters });
    return rows;
  };
}

/** An adapter of a database that can be read without waiting for a connection. */
export interface ReadsAtOnce {
  /** The rows of a select, or null when the database is not open or not free at this moment. */
  readAtOnce(query: string, parameters: readonly (string | number)[]): readonly unknown[] | null;
}

function readsAtOnce(adapter: DialectAdapter): adapter is DialectAdapter & ReadsAtOnce {
  return 'readAtOnce' in adapter;
}

const slotPrefix = '\u0000slot:';

function valueOf(
  parameter: unknown,
  values: Readonly<Record<string, string | number>>,
): string | number {
  if (typeof parameter === 'number') return parameter;
  assert(typeof parameter === 'string', 'A prepared query knows texts and numbers only.');
  if (!parameter.startsWith(slotPrefix)) return parameter;
  const value = values[parameter.slice(slotPrefix.length)];
  assert(value !== undefined, `A prepared query got no value for ${parameter}.`);
  return value;
}
