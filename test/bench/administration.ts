/**
 * How long the lists and numbers of the administration take with 100,000 people and ten million
 * audit events, and for how long each stops everything else in the process. Prints JSON.
 *
 * `node test/bench/administration.ts [--engine sqlite|postgres] [--people N] [--events N]
 * [--rounds N] [--only TEXT] [--keep FOLDER]`; it needs about 10 GB in /tmp for the whole size.
 * `--keep` leaves the database in a folder, and uses the one that is there.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { sql } from 'kysely';

import { systemRandom } from '../../src/platform/random.ts';
import { openDatabase, type SqlDatabase } from '../../src/stores/sql/database.ts';
import { startPostgres } from '../support/servers.ts';
import { administrationCases } from './administration/cases.ts';
import { fillDatabase } from './administration/fill.ts';
import { measureAll } from './administration/measure.ts';

const { values: asked } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    people: { type: 'string', default: '100000' },
    events: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    keep: { type: 'string' },
  },
});
const size = { people: Number(asked.people), events: Number(asked.events) };

async function run(database: SqlDatabase, isFilled: boolean): Promise<void> {
  const startedAt = performance.now();
  if (!isFilled) {
    await database.migrate();
    await fillDatabase(database, size);
  }
  const filledSeconds = Math.round((performance.now() - startedAt) / 1000);
  const cases = (await administrationCases(database, size)).filter(({ name }) =>
    name.includes(asked.only),
  );
  const results = await measureAll(cases, Number(asked.rounds));
  const tables = await sizesOf(database);
  process.stdout.write(
    `${JSON.stringify({ engine: asked.engine, ...size, filledSeconds, tables, results }, null, 2)}\n`,
  );
}

/** Megabytes of each table and index that takes more than one. */
async function sizesOf({ db }: SqlDatabase): Promise<Readonly<Record<string, number>>> {
  const { rows } = await (
    asked.engine === 'sqlite'
      ? sql<{ name: string; bytes: number }>`
          select name, sum(pgsize) as bytes from dbstat group by name`
      : sql<{ name: string; bytes: number }>`
          select relname as name, pg_relation_size(oid) as bytes from pg_class
          where relkind in ('r', 'i')`
  ).execute(db);
  return Object.fromEntries(
    rows
      .map(({ name, bytes }): [string, number] => [name, Math.round(bytes / 1e6)])
      .filter(([, megabytes]) => megabytes > 0)
      .sort(([, one], [, other]) => other - one),
  );
}

if (asked.engine === 'sqlite') {
  const folder = asked.keep ?? mkdtempSync(path.join(tmpdir(), 'administration-'));
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'sallyport.db');
  const isFilled = existsSync(file) && statSync(file).size > 1e6;
  const database = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
  await run(database, isFilled);
  await database.close();
  if (asked.keep === undefined) rmSync(folder, { recursive: true });
} else {
  const server = await startPostgres();
  const database = openDatabase(
    { kind: 'postgres', url: server.url },
    { random: systemRandom, statements: 'unlimited' },
  );
  try {
    await run(database, false);
  } finally {
    await database.close();
    await server.remove();
  }
}
