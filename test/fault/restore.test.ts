/**
 * Backups and restores as operators do them (F44): of a gateway that serves, on both engines, with
 * sessions in Redis that the backup never heard of, and killed in the middle.
 */

import assert from 'node:assert/strict';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { Kysely, PostgresDialect, sql } from 'kysely';

import { openPostgresPool } from '../../src/stores/sql/postgres-pool.ts';
import { gatewayProcess, wallClock, type GatewayProcess } from '../support/gateway-process.ts';
import { enrollAtSignIn, signIn, type Enrolled } from '../support/http-verbs.ts';
import { run } from '../support/run.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startPostgres, startRedis, type ThrowAwayServer } from '../support/servers.ts';

const password = 'wintry-lantern-94-otter';
const target = '/reports';

async function addPerson(at: GatewayProcess, username: string): Promise<void> {
  const added = await at.command(['user', 'add', username, '--password-stdin'], {
    input: password,
  });
  assert.equal(added.code, 0, added.stderr);
}

async function enroll(at: GatewayProcess, username: string): Promise<Enrolled> {
  const client = at.newClient();
  const person = await enrollAtSignIn(client, { target, username, password, clock: wallClock() });
  assert.equal(person.landed.status, 200, at.output());
  return person;
}

/** Says whether somebody is still let through. */
async function isIn({ client }: Enrolled): Promise<boolean> {
  const answer = await client.visit(target);
  assert.ok([200, 302].includes(answer.status), answer.body);
  return answer.status === 200;
}

/** The types of the events in a database file. */
function eventsIn(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('select type from audit_events order by seq').all();
  database.close();
  return rows.map((row) => String(row['type']));
}

/** A bearer token, obtained with a recovery code. */
async function tokenOf(at: GatewayProcess, { username, recoveryCodes }: Enrolled): Promise<string> {
  const body = JSON.stringify({ username, password, backup_code: recoveryCodes[9] });
  const headers = { 'content-type': 'application/json' };
  const answer = await at.newClient().call('/_mfa/api/v1/auth/login', {
    method: 'POST',
    headers,
    body,
  });
  assert.equal(answer.status, 200, answer.body);
  return (JSON.parse(answer.body) as { readonly token: string }).token;
}

async function isBearerIn(at: GatewayProcess, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  const { status, body } = await at.newClient().call('/_mfa/api/v1/mfa', { headers });
  assert.ok([200, 401].includes(status), body);
  return status === 200;
}

describe('a backup of SQLite, and its restore', () => {
  let redis: ThrowAwayServer;
  let at: GatewayProcess;
  let file: string;
  let anna: Enrolled;
  before(async () => {
    redis = await startRedis();
    at = await gatewayProcess({ sessions: redis.url.reveal() });
    file = path.join(at.folder, 'monday.db');
    for (const name of ['anna', 'ben']) await addPerson(at, name);
    await at.start();
    anna = await enroll(at, 'anna');
  });
  after(async () => {
    await at.remove();
    await redis.remove();
  });

  test('is made while the gateway serves, whole, for its owner alone', async () => {
    const made = await at.command(['backup', '--out', file]);

    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /2 accounts and the audit trail up to event \d+, \d+ KiB, checked\./);
    assert.match(made.stdout, /It is of no use without .*encryption\.key/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const database = new DatabaseSync(file, { readOnly: true });
    assert.equal(database.prepare('pragma integrity_check').get()?.['integrity_check'], 'ok');
    database.close();
    assert.ok(!readFileSync(file).includes(readFileSync(at.keyFile)));
    assert.equal(await isIn(anna), true);
  });

  test('is never written over a file that is there', async () => {
    const again = await at.command(['backup', '--out', file]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /already\. Nothing was written\./);
  });

  test('is not restored under a gateway that runs', async () => {
    const { code, stderr } = await at.command(['restore', '--from', file]);
    assert.equal(code, 1);
    assert.match(stderr, /open\. Stop the gateway first\. Nothing was changed\./);
    assert.equal(await isIn(anna), true);
  });

  test('brings back the accounts, and no session of before or since (G6)', async () => {
    // Since the backup: tokens were given out, a person signed in, a code was used, an account
    // was disabled.
    const token = await tokenOf(at, anna);
    assert.equal(await isBearerIn(at, token), true);
    const ben = await enroll(at, 'ben');
    const lost = at.newClient();
    await signIn(lost, { target, username: 'anna', password });
    const page = await lost.open('/_mfa/challenge/recovery-code');
    await lost.submit(page, { recovery_code: anna.recoveryCodes[0] ?? '' });
    assert.equal((await at.command(['user', 'disable', 'ben'])).code, 0);
    assert.equal((await at.command(['user', 'enable', 'ben'])).code, 0);
    assert.equal((await at.stop()).code, 0);

    const restored = await at.command(['restore', '--from', file]);

    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stdout, /The database before it is kept: /);
    assert.match(restored.stdout, /anna +recovery-code\.used: that code works again/);
    assert.match(restored.stdout, /ben +authenticator\.enrolled: it is gone/);
    assert.match(restored.stdout, /ben +user\.disabled/);
    await at.start();
    assert.equal(await isIn(anna), false);
    assert.equal(await isIn(ben), false);
    assert.equal(await isIn({ ...anna, client: lost }), false);
    assert.equal(await isBearerIn(at, token), false);
    // Her app is what it was; the code that was typed a moment ago is not taken again.
    const again = at.newClient();
    await signIn(again, { target, username: 'anna', password });
    const verified = await at.command(['audit', 'verify']);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });

  test('keeps what was replaced, which can be restored in turn', async () => {
    await at.stop();
    const folder = path.join(at.folder, 'data');
    const kept = readdirSync(folder).find((name) => name.includes('.replaced-')) ?? '';
    assert.equal(statSync(path.join(folder, kept)).mode & 0o777, 0o600);

    const back = await at.command(['restore', '--from', path.join(folder, kept)]);
    assert.equal(back.code, 0, back.stderr);
    // It went another way than what it replaces now: nobody can say what changed.
    assert.match(back.stdout, /is not known here/);
    const listed = await at.command(['user', 'list', '--json']);
    assert.match(listed.stdout, /"username":\s*"ben"[^}]*totp/);
  });

  test('that is damaged, or of something else, is refused before anything is changed', async () => {
    const before = eventsIn(path.join(at.folder, 'data/sallyport.db'));
    const damaged = path.join(at.folder, 'damaged.db');
    const bytes = readFileSync(file);
    seededRandom('damage').bytes(4096).copy(bytes, 8192);
    writeFileSync(damaged, bytes);
    const other = path.join(at.folder, 'other.db');
    const database = new DatabaseSync(other);
    database.exec('create table letters (text)');
    database.close();

    for (const from of [damaged, other, at.configFile, path.join(at.folder, 'nowhere.db')]) {
      const { code, stderr } = await at.command(['restore', '--from', from]);
      assert.equal(code, 1, from);
      assert.match(stderr, /damaged|no database|There is no file/, from);
    }
    assert.deepEqual(eventsIn(path.join(at.folder, 'data/sallyport.db')), before);
  });

  test('is refused when the key that it needs is not here (F37)', async () => {
    const aside = `${at.keyFile}.aside`;
    renameSync(at.keyFile, aside);
    writeFileSync(at.keyFile, seededRandom('another').bytes(32), { mode: 0o600 });

    const { code, stderr } = await at.command(['restore', '--from', file]);
    assert.equal(code, 1);
    assert.match(stderr, /Restore the right one/);
    renameSync(aside, at.keyFile);
  });

  test('takes the place of a database that is damaged', async () => {
    const live = path.join(at.folder, 'data/sallyport.db');
    writeFileSync(live, 'this was a database');

    const restored = await at.command(['restore', '--from', file]);
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stderr, /is damaged: whether a gateway has it open cannot be said/);
    await at.start();
    assert.equal((await at.newClient().open(target)).status, 200);
    await at.stop();
  });

  test('that is killed leaves the one or the other, and never one that nobody saw to', async (t) => {
    const live = path.join(at.folder, 'data/sallyport.db');
    const random = seededRandom('when to kill');
    for (let time = 0; time < 6; time += 1) {
      const before = eventsIn(live);
      const running = at.begin(['restore', '--from', file]);
      await pause(500 + (random.bytes(2).readUInt16BE() / 0xffff) * 2500);
      const { code } = await running.stop('SIGKILL');
      const now = eventsIn(live);
      t.diagnostic(`${String(code)}: ${String(before.length)} → ${String(now.length)} events`);
      assert.ok(isDeepStrictEqual(now, before) || now.at(-1) === 'backup.restored', now.join());
    }
    const finished = await at.command(['restore', '--from', file]);
    assert.equal(finished.code, 0, finished.stderr);
    assert.deepEqual(
      readdirSync(path.dirname(live)).filter((name) => name.includes('restoring')),
      [],
    );
  });

  test('on a new machine needs the configuration, the backup and the key, and nothing else', async () => {
    const other = await gatewayProcess();
    assert.equal((await other.command(['migrate'])).code, 0);
    const folder = path.dirname(other.keyFile);
    for (const name of readdirSync(folder))
      renameSync(path.join(folder, name), `${folder}-${name}`);
    copyFileSync(at.keyFile, other.keyFile);

    const restored = await other.command(['restore', '--from', file]);
    assert.equal(restored.code, 0, restored.stderr);
    await other.start();
    const challenge = await signIn(other.newClient(), { target, username: 'anna', password });
    assert.match(challenge.url.pathname, /\/challenge$/);
    await other.remove();
  });
});

describe('a backup of PostgreSQL, and its restore', () => {
  let postgres: ThrowAwayServer;
  let redis: ThrowAwayServer;
  let at: GatewayProcess;
  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    at = await gatewayProcess({
      database: postgres.url.reveal(),
      sessions: redis.url.reveal(),
    });
  });
  after(async () => {
    await at.remove();
    await Promise.all([postgres.remove(), redis.remove()]);
  });

  test('is made and restored by its own tools; the rest is ours', async () => {
    for (const name of ['anna', 'ben']) await addPerson(at, name);
    await at.start();
    const anna = await enroll(at, 'anna');
    const file = path.join(at.folder, 'monday.dump');
    const told = await at.command(['backup', '--out', file]);
    assert.equal(told.code, 1);
    const [, dump = ''] = /^ {2}(pg_dump .*)$/m.exec(told.stderr) ?? [];
    const dumped = await run('sh', ['-c', dump]);
    assert.equal(dumped.code, 0, dumped.stderr);

    const ben = await enroll(at, 'ben');
    assert.equal((await at.command(['user', 'disable', 'anna'])).code, 0);
    assert.equal((await at.command(['user', 'enable', 'anna'])).code, 0);
    const exported = path.join(at.folder, 'audit.jsonl');
    writeFileSync(exported, (await at.command(['audit', 'export'])).stdout);
    await at.stop();

    await emptied(postgres);
    const toldAgain = await at.command(['restore', '--from', file]);
    assert.equal(toldAgain.code, 1);
    const [, restore = ''] = /^ {2}(pg_restore .*)$/m.exec(toldAgain.stderr) ?? [];
    const restored = await run('sh', ['-c', restore]);
    assert.equal(restored.code, 0, restored.stderr);
    const seen = await at.command(['restore', '--after-restore', '--audit', exported]);

    assert.equal(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, /ben +authenticator\.enrolled: it is gone/);
    assert.match(seen.stdout, /anna +user\.disabled/);
    await at.start();
    assert.equal(await isIn(anna), false);
    assert.equal(await isIn(ben), false);
    const challenge = await signIn(at.newClient(), { target, username: 'anna', password });
    assert.match(challenge.url.pathname, /\/challenge$/);
    const verified = await at.command(['audit', 'verify']);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });
});

/** Removes everything from the database, as for a restore into an empty one. */
async function emptied(server: ThrowAwayServer): Promise<void> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({
      pool: openPostgresPool(server.url.reveal(), { connectionsMax: 1, statements: 'unlimited' }),
    }),
  });
  await sql`drop schema public cascade`.execute(db);
  await sql`create schema public`.execute(db);
  await db.destroy();
}
