/**
 * The file of an SQLite database as a whole: copied while it is in use, checked, and put in another
 * one's place while it is not.
 */

import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { AuditEvent } from '../../core/audit-event.ts';
import { DatabaseUnusable } from '../types.ts';
import type { ChainHead } from '../types/restoring.ts';
import { eventOf } from './audit/audit-rows.ts';
import { isSqliteBusy, isSqliteDamage, sqliteError } from './driver-errors.ts';
import type { AuditEventTable } from './tables.ts';

/**
 * Copies a database, also one that is in use, as it is at one instant. The copy is one file, for
 * its owner alone, and on the disk when this returns. Throws `DatabaseUnusable` for what is none.
 */
export function copyDatabase(from: string, to: string): void {
  if (!existsSync(from)) throw new DatabaseUnusable(`There is no file ${from}.`);
  closeSync(openSync(to, 'wx', 0o600));
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    source.prepare('vacuum into ?').run(to);
  } catch (error) {
    rmSync(to, { force: true });
    throw unusable(from, error);
  } finally {
    source.close();
  }
  syncFile(to);
}

/** What is in a database file, for whoever wants to know whether it is the right one. */
export interface DatabaseSummary {
  readonly people: number;
  readonly head: ChainHead;
  /** When the latest audit event was; null: there is none. */
  readonly lastEventAt: number | null;
}

/** Checks every page of a database file. Throws `DatabaseUnusable` when it is not whole or not ours. */
export function inspectDatabase(file: string): DatabaseSummary {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const [check] = database.prepare('pragma integrity_check(1)').all();
    if (check?.['integrity_check'] !== 'ok') {
      throw new DatabaseUnusable(`The database file ${file} is damaged.`, { cause: check });
    }
    const tables = database.prepare(`select name from sqlite_master where type = 'table'`).all();
    if (!tables.some(({ name }) => name === 'schema_migrations')) {
      throw new DatabaseUnusable(`The file ${file} is no database of Sallyport.`);
    }
    const people = database.prepare(`select count(*) as people from users`).get();
    const head = database.prepare('select last_seq, last_hash from audit_head').get();
    const last = database.prepare('select max(at) as at from audit_events').get();
    return {
      people: Number(people?.['people']),
      head: { seq: Number(head?.['last_seq']), hash: String(head?.['last_hash']) },
      lastEventAt: last?.['at'] === null ? null : Number(last?.['at']),
    };
  } catch (error) {
    throw unusable(file, error);
  } finally {
    database.close();
  }
}

/** A database that nobody else has open and nobody else can open. */
export interface HeldDatabase {
  /**
   * What it has in its audit trail after an event; null when that event is not in it, so that it
   * went another way, or nothing can be read.
   */
  eventsAfter(head: ChainHead): readonly AuditEvent[] | null;
  chainHead(): ChainHead | null;
  release(): void;
}

/**
 * Takes a database for oneself. `in-use`: somebody has it open. `damaged`: it cannot be taken, nor
 * can it be said whether somebody uses it.
 */
export function takeDatabase(file: string): HeldDatabase | 'in-use' | 'damaged' {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Leaving WAL needs the file for oneself, and whoever has it open holds a lock on it.
    const [mode] = database.prepare('pragma journal_mode = delete').all();
    if (mode?.['journal_mode'] !== 'delete') {
      database.close();
      return 'in-use';
    }
    database.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    database.close();
    if (isSqliteBusy(error)) return 'in-use';
    if (isSqliteDamage(error)) return 'damaged';
    throw sqliteError(error);
  }
  return {
    chainHead: () => readable(() => chainHeadOf(database)),
    eventsAfter: (head) =>
      readable(() => {
        const at = database.prepare('select hash from audit_events where seq = ?').get(head.seq);
        if (head.seq > 0 && at?.['hash'] !== head.hash) return null;
        const rows = database
          .prepare('select * from audit_events where seq > ? order by seq')
          .all(head.seq) as unknown as readonly AuditEventTable[];
        return rows.map(eventOf);
      }),
    release: () => {
      if (database.isTransaction) database.exec('rollback');
      database.close();
    },
  };
}

/**
 * Puts a database file in the place of another, which is kept under a name of its own. At every
 * instant there is one of the two under the name, whole.
 */
export function replaceDatabase(file: string, by: string, aside: string): void {
  const like = statSync(existsSync(file) ? file : path.dirname(file));
  // As root the command may put in place what the gateway's user has to write.
  if (statSync(by).uid !== like.uid) chownSync(by, like.uid, like.gid);
  if (existsSync(file)) linkSync(file, aside);
  for (const journal of ['-wal', '-shm']) {
    // Only of a damaged one are they still there; they belong to it.
    if (existsSync(file + journal)) renameSync(file + journal, aside + journal);
  }
  renameSync(by, file);
  syncFile(path.dirname(file));
}

/** Removes what a database file may have left behind. */
export function removeDatabase(file: string): void {
  for (const part of ['', '-wal', '-shm', '-journal']) rmSync(file + part, { force: true });
}

/** Makes one file of a database that nobody uses any more. */
export function closeJournal(file: string): void {
  const held = takeDatabase(file);
  if (typeof held === 'string') throw new DatabaseUnusable(`The file ${file} is ${held}.`);
  held.release();
  syncFile(file);
}

function chainHeadOf(database: DatabaseSync): ChainHead | null {
  const row = database.prepare('select last_seq, last_hash from audit_head').get();
  if (row === undefined) return null;
  return { seq: Number(row['last_seq']), hash: String(row['last_hash']) };
}

function readable<Value>(read: () => Value | null): Value | null {
  try {
    return read();
  } catch {
    // What is replaced because it is damaged tells what it can and no more.
    return null;
  }
}

/** Has a file, or the names in a folder, on the disk when it returns. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unusable(file: string, error: unknown): unknown {
  if (!isSqliteDamage(error)) return error instanceof DatabaseUnusable ? error : sqliteError(error);
  return new DatabaseUnusable(`The file ${file} is damaged, or is no database.`, { cause: error });
}
