/**
 * Kysely on `node:sqlite`.
 *
 * Two connections to one file in WAL mode: a writer, which one transaction or one statement has
 * for itself at a time, and a reader, on which selects outside of transactions run at once and see
 * the last commit. `node:sqlite` is synchronous, so a statement never waits inside SQLite: where
 * another process holds the lock, it is tried again from a timer, and the process goes on serving.
 */

import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';

import { StoreUnavailable } from '../types.ts';
import type { ReadsAtOnce } from './compiled-once.ts';
import { isSqliteBusy, sqliteError } from './driver-errors.ts';
import { RememberedReads } from './remembered-reads.ts';
import { WriterLock } from './writer-lock.ts';

const waitMs = 2000;
const retryMs = 20;
const statementsMax = 256;

/** The dialect; the file is opened by the first query, and again after an opening that failed. */
export class NodeSqliteDialect implements Dialect {
  readonly #file: string;
  readonly #opened: Opened = { handles: null };

  constructor(file: string) {
    this.#file = file;
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#file, this.#opened);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new NodeSqliteAdapter(this.#opened);
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** The connections as long as they are open, for whoever reads past Kysely. */
interface Opened {
  handles: Handles | null;
}

class NodeSqliteAdapter extends SqliteAdapter implements ReadsAtOnce {
  readonly #opened: Opened;

  constructor(opened: Opened) {
    super();
    this.#opened = opened;
  }

  readAtOnce<Value>(
    query: string,
    parameters: readonly (string | number)[],
    valueOf: (row: unknown) => Value,
  ): readonly Value[] | null {
    const { handles } = this.#opened;
    if (handles === null) return null;
    try {
      return handles.reads?.read(query, parameters, valueOf) ?? null;
    } catch (error) {
      if (isSqliteBusy(error)) return null;
      throw sqliteError(error);
    }
  }

  // The driver keeps writers apart itself, so that Kysely need not hold readers up.
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  // SQLite rolls schema changes back like any other; a migration is all or nothing.
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #file: string;
  readonly #opened: Opened;
  readonly #lock = new WriterLock(waitMs);
  // Kysely remembers every connection it has ever seen in a weak set. A new one for each query
  // would cost more in garbage collection than the query itself.
  readonly #idle: NodeSqliteConnection[] = [];

  constructor(file: string, opened: Opened) {
    this.#file = file;
    this.#opened = opened;
  }

  async init(): Promise<void> {
    const deadline = performance.now() + waitMs;
    this.#opened.handles = await untilFree(deadline, () => openHandles(this.#file));
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const { handles } = this.#opened;
    assert(handles !== null);
    return this.#idle.pop() ?? new NodeSqliteConnection(handles, this.#lock);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await own(connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    own(connection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    own(connection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const returned = own(connection);
    returned.rollback();
    if (this.#opened.handles !== null) this.#idle.push(returned);
  }

  async destroy(): Promise<void> {
    const { handles } = this.#opened;
    this.#idle.length = 0;
    this.#opened.handles = null;
    if (handles !== null) {
      if (handles.reader !== handles.writer) handles.reader.close();
      handles.writer.close();
    }
  }
}

interface Handles {
  readonly writer: Handle;
  readonly reader: Handle;
  /** Null in memory, where reader and writer are one and no version tells of changes. */
  readonly reads: RememberedReads | null;
}

/** One connection as Kysely knows it; it has the writer only while it needs it. */
class NodeSqliteConnection implements DatabaseConnection {
  readonly #handles: Handles;
  readonly #lock: WriterLock;
  #isInTransaction = false;

  constructor(handles: Handles, lock: WriterLock) {
    this.#handles = handles;
    this.#lock = lock;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { reader, writer } = this.#handles;
    if (this.#isInTransaction) return runNow(() => writer.run<Row>(query));
    if (SelectQueryNode.is(query.query)) {
      return await untilFree(performance.now() + waitMs, () => reader.run<Row>(query));
    }
    return await this.#withWriter(() => writer.run<Row>(query));
  }

  // oxlint-disable-next-line require-yield -- the interface asks for a generator; nothing streams.
  async *streamQuery(): AsyncIterableIterator<never> {
    assert.fail('Nothing streams from SQLite; read by pages.');
  }

  async begin(): Promise<void> {
    assert(!this.#isInTransaction, 'Transactions do not nest.');
    const deadline = performance.now() + waitMs;
    await this.#lock.acquire();
    try {
      // IMMEDIATE takes the write lock now: a transaction that has begun never finds itself locked
      // out halfway.
      await untilFree(deadline, () => {
        this.#handles.writer.database.exec('begin immediate');
      });
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#isInTransaction = true;
  }

  commit(): void {
    // When this fails, Kysely rolls back next, which ends the transaction and frees the writer.
    runNow(() => {
      this.#handles.writer.database.exec('commit');
    });
    this.#handles.reads?.doubt();
    this.#end();
  }

  rollback(): void {
    if (!this.#isInTransaction) return;
    try {
      const { database } = this.#handles.writer;
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (database.isOpen && database.isTransaction) {
        runNow(() => {
          database.exec('rollback');
        });
      }
    } finally {
      this.#end();
    }
  }

  async #withWriter<Value>(work: () => Value): Promise<Value> {
    const deadline = performance.now() + waitMs;
    await this.#lock.acquire();
    try {
      return await untilFree(deadline, work);
    } finally {
      this.#handles.reads?.doubt();
      this.#lock.release();
    }
  }

  #end(): void {
    this.#isInTransaction = false;
    this.#lock.release();
  }
}

/** A connection to the file with its prepared statements. */
class Handle {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  run<Row>(query: CompiledQuery): QueryResult<Row> {
    const { statement, returnsRows } = this.#prepare(query.sql);
    const parameters = query.parameters as readonly SQLInputValue[];
    if (returnsRows) return { rows: statement.all(...parameters) as Row[] };
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  close(): void {
    this.#statements.clear();
    if (this.database.isOpen) this.database.close();
  }

  #prepare(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (this.#statements.size >= statementsMax) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

interface PreparedStatement {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

function openHandles(file: string): Handles {
  const isInMemory = file === ':memory:';
  if (!isInMemory) {
    makeFolder(path.dirname(file));
    // SQLite gives its journal files the mode of the database.
    closeSync(openSync(file, 'a', 0o600));
  }
  const writer = openHandle(file, { readOnly: false });
  try {
    writer.database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma foreign_keys = on;
      pragma trusted_schema = off;
      pragma journal_size_limit = 16777216;
    `);
    if (isInMemory) return { writer, reader: writer, reads: null };
    const reader = openHandle(file, { readOnly: true });
    return { writer, reader, reads: new RememberedReads(reader.database) };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** Makes the folder of the file, but not the way to it: a mistyped path is a mistake, not a wish. */
function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: false, mode: 0o700 });
}

function openHandle(file: string, options: { readonly readOnly: boolean }): Handle {
  return new Handle(
    new DatabaseSync(file, {
      readOnly: options.readOnly,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowExtension: false,
      defensive: true,
      // SQLite's own waiting would stop the whole process; `untilFree` waits instead.
      timeout: 0,
    }),
  );
}

function runNow<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
}

/** Runs a statement, again and again while another process holds the lock, until the deadline. */
async function untilFree<Value>(deadline: number, work: () => Value): Promise<Value> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isSqliteBusy(error)) throw sqliteError(error);
      if (performance.now() >= deadline) {
        throw new StoreUnavailable('The database (locked by another process)', { cause: error });
      }
    }
    await sleep(retryMs);
  }
}

function own(connection: DatabaseConnection): NodeSqliteConnection {
  assert(connection instanceof NodeSqliteConnection);
  return connection;
}
