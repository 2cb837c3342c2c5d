/** Queries of the hot path: built and compiled once for each dialect, then only filled in. */

import assert from 'node:assert/strict';

import type { CompiledQuery, Compilable, DialectAdapter } from 'kysely';

import type { Db } from './tables.ts';

/** Stands for a value while a query is being built. */
export type Slot = (name: string) => string;

/** Runs a prepared query with values for its slots. What it returns is shared and never changed. */
export type PreparedQuery<Value> = (
  db: Db,
  values: Readonly<Record<string, string | number>>,
) => Promise<readonly Value[]>;

/** Makes a query that is compiled when it first runs; `valueOf` says what each row stands for. */
export function compiledOnce<Row, Value>(
  build: (db: Db, slot: Slot) => Compilable<Row>,
  valueOf: (row: Row) => Value,
): PreparedQuery<Value> {
  // A transaction shares the adapter of the database that it runs on.
  const known = new WeakMap<DialectAdapter, CompiledQuery<Row>>();
  return async (db, values) => {
    const { adapter } = db.getExecutor();
    let query = known.get(adapter);
    if (query === undefined) {
      query = build(db, (name) => slotPrefix + name).compile();
      known.set(adapter, query);
    }
    const parameters = query.parameters.map((parameter) => filled(parameter, values));
    // Kysely's way to a connection and back takes longer than SQLite takes to answer.
    if (!db.isTransaction && readsAtOnce(adapter)) {
      const known = adapter.readAtOnce(query.sql, parameters, valueOf as (row: unknown) => Value);
      if (known !== null) return known;
    }
    const { rows } = await db.executeQuery<Row>({ ...query, parameters });
    return rows.map(valueOf);
  };
}

/** An adapter of a database that can be read without waiting for a connection. */
export interface ReadsAtOnce {
  /**
   * What the rows of a select stand for, or null when the database is not open or not free at this
   * moment. One select is always read in the same way.
   */
  readAtOnce<Value>(
    query: string,
    parameters: readonly (string | number)[],
    valueOf: (row: unknown) => Value,
  ): readonly Value[] | null;
}

function readsAtOnce(adapter: DialectAdapter): adapter is DialectAdapter & ReadsAtOnce {
  return 'readAtOnce' in adapter;
}

const slotPrefix = '\u0000slot:';

function filled(
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
