/**
 * Selects of the hot path, answered from memory for exactly as long as the database would answer
 * the same.
 *
 * SQLite tells a connection whether anybody else, in this process or another, has committed since
 * (`pragma data_version`). It is asked before anything is answered from memory, once in each turn
 * of the event loop and again after each commit of our own; after a change nothing is remembered.
 * What is answered is therefore never older than the turn it is answered in.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

interface Remembered {
  readonly statement: StatementSync;
  readonly answers: Map<string, readonly unknown[]>;
}

/** Answers that are remembered for each select; then all of them are forgotten. */
const answersKept = 10_000;

/** Reads over one connection that nothing is ever written on. */
export class RememberedReads {
  readonly #database: DatabaseSync;
  readonly #version: StatementSync;
  readonly #selects = new Map<string, Remembered>();
  #knownVersion: unknown = null;
  #isChecked = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#version = database.prepare('pragma data_version');
  }

  /**
   * What the rows of a select stand for. It is shared: nobody may change it. One select must always
   * be read in the same way.
   */
  read<Value>(
    sql: string,
    parameters: readonly (string | number)[],
    valueOf: (row: unknown) => Value,
  ): readonly Value[] {
    this.#forgetWhatChanged();
    const select = this.#prepare(sql);
    const key = parameters.length === 1 ? String(parameters[0]) : parameters.join('\u0000');
    const known = select.answers.get(key);
    if (known !== undefined) return known as readonly Value[];
    const answer = select.statement.all(...parameters).map(valueOf);
    if (select.answers.size >= answersKept) select.answers.clear();
    select.answers.set(key, answer);
    return answer;
  }

  /** Something was committed; what is remembered is to be checked before it is used again. */
  doubt(): void {
    this.#isChecked = false;
  }

  #forgetWhatChanged(): void {
    if (this.#isChecked) return;
    const version = Object.values(this.#version.get() ?? {})[0];
    if (version !== this.#knownVersion) {
      for (const { answers } of this.#selects.values()) answers.clear();
      this.#knownVersion = version;
    }
    this.#isChecked = true;
    setImmediate(() => {
      this.#isChecked = false;
    });
  }

  #prepare(sql: string): Remembered {
    let select = this.#selects.get(sql);
    if (select === undefined) {
      select = { statement: this.#database.prepare(sql), answers: new Map() };
      this.#selects.set(sql, select);
    }
    return select;
  }
}
