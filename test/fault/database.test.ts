/**
 * A database that is locked, full, read-only or gone (F8–F11): every question gets
 * `StoreUnavailable` or a true answer, nothing is half done, and all is well again without a
 * restart.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { sql } from 'kysely';

import { defaultTenant, type AuthenticatorId, type SessionKey } from '../../src/core/ids.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { Secret } from '../../src/platform/secret.ts';
import { openDatabase, type SqlDatabase } from '../../src/stores/sql/database.ts';
import { StoreUnavailable, type Stores, type User } from '../../src/stores/types.ts';
import { addUser } from '../contract/support/engines.ts';
import { NOON } from '../support/fixed-clock.ts';
import { start, type Running } from '../support/run.ts';
import { startBlackHole, startPostgres, type ThrowAwayServer } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lineage = 'a'.repeat(64) as SessionKey;

/** What a step-up does to the database: use up the code, then write the audit event. */
async function useCode(stores: Stores, user: User, step: number): Promise<boolean> {
  return await stores.transaction(async ({ authenticators, audit }) => {
    const isNew = await authenticators.consumeStep(codesOf(user), step, NOON);
    await audit.append({
      at: NOON,
      type: 'session.stepped-up',
      severity: 'info',
      actor: user.username,
      subject: user.id,
      tenant: defaultTenant,
      ip: null,
      userAgent: 'x'.repeat(5000),
      session: null,
      requestId: null,
      details: {},
    });
    return isNew;
  });
}

async function addUserWithCodes(database: SqlDatabase): Promise<User> {
  const user = await addUser(database);
  await database.stores.authenticators.create({
    id: codesOf(user),
    userId: user.id,
    method: 'totp',
    name: 'phone',
    sealedCredential: 'sealed',
    lastStep: -1,
    passkey: null,
    createdAt: NOON,
    lastUsedAt: null,
  });
  return user;
}

function codesOf(user: User): AuthenticatorId {
  return `ath_${user.id}` as AuthenticatorId;
}

async function untilWell(database: SqlDatabase): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await database.check();
      return;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable);
      await pause(50);
    }
  }
  assert.fail('It did not recover.');
}

describe('SQLite', () => {
  const folder = temporaryFolder();
  const file = `${folder.path}/sallyport.db`;
  let database: SqlDatabase;
  let anna: User;
  before(async () => {
    database = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
    await database.migrate();
    anna = await addUserWithCodes(database);
  });
  after(async () => {
    await database.close();
    folder.remove();
  });

  /** Another process that holds the write lock until it is stopped. */
  async function lockFromOutside(): Promise<Running> {
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(${JSON.stringify(file)}, { timeout: 5000 });
      database.exec('begin immediate');
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const holder = start('node', ['--no-warnings', '-e', script]);
    await holder.says(/locked/);
    return holder;
  }

  test('that another process has locked refuses writes, answers reads and stops nobody (F8)', async () => {
    const holder = await lockFromOutside();
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 50);

    await assert.rejects(useCode(database.stores, anna, 100), StoreUnavailable);
    await assert.rejects(database.check(), StoreUnavailable);
    const principal = await database.stores.users.findPrincipal(anna.id, lineage);
    clearInterval(ticking);

    assert.equal(principal?.user.id, anna.id);
    // Waiting inside SQLite would have stopped the whole process meanwhile.
    assert.ok(ticks > 5, `the process went on ${String(ticks)} times`);
    await holder.stop('SIGKILL');
    assert.equal(await useCode(database.stores, anna, 100), true);
  });

  test('that is locked for a moment makes a write wait, not fail (F8)', async () => {
    const holder = await lockFromOutside();
    const write = useCode(database.stores, anna, 200);
    await pause(200);
    await holder.stop('SIGKILL');
    assert.equal(await write, true);
  });

  test('that is full keeps no half of a change: no code is used without its event (F9)', async () => {
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.db);
    await sql.raw(`pragma max_page_count = ${String(rows[0]?.page_count)}`).execute(database.db);
    let step = 300;
    // There may be room on the last pages for a few more.
    const fill = async (): Promise<void> => {
      for (; step < 400; step += 1) await useCode(database.stores, anna, step);
    };
    await assert.rejects(fill(), StoreUnavailable);
    const refused = step;
    const principal = await database.stores.users.findPrincipal(anna.id, lineage);
    assert.equal(principal?.user.id, anna.id);
    assert.equal((await database.stores.audit.verify()).ok, true);

    await sql`pragma max_page_count = 1073741823`.execute(database.db);
    assert.equal(await useCode(database.stores, anna, refused), true);
    assert.equal(await useCode(database.stores, anna, refused), false);
    assert.equal((await database.stores.audit.verify()).ok, true);
  });

  test('that can only be read refuses writes and answers reads (F9)', async () => {
    await sql`pragma query_only = on`.execute(database.db);
    await assert.rejects(useCode(database.stores, anna, 500), StoreUnavailable);
    await assert.rejects(database.check(), StoreUnavailable);
    assert.equal((await database.stores.users.findById(anna.id))?.id, anna.id);

    await sql`pragma query_only = off`.execute(database.db);
    assert.equal(await useCode(database.stores, anna, 500), true);
  });

  test('in which somebody waits for ever inside a transaction gives the others an answer', async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<void>();
    const stuck = database.stores.transaction(() => end);
    await assert.rejects(useCode(database.stores, anna, 600), StoreUnavailable);
    finish();
    await stuck;
    assert.equal(await useCode(database.stores, anna, 600), true);
  });

  test('that was killed in the middle of a transaction has nothing of it (F27)', async () => {
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('../../src/stores/sql/database.ts', import.meta.url).href)};
      import { randomBytes } from 'node:crypto';
      const database = openDatabase(
        { kind: 'sqlite', file: ${JSON.stringify(file)} },
        { random: { bytes: randomBytes } },
      );
      await database.stores.transaction(async ({ authenticators }) => {
        await authenticators.consumeStep(${JSON.stringify(codesOf(anna))}, 700, 0);
        console.log('in the middle');
        await new Promise(() => setInterval(() => {}, 1000));
      });`;
    const victim = start('node', ['--no-warnings', '--input-type=module', '-e', script]);
    await victim.says(/in the middle/);
    await victim.stop('SIGKILL');

    assert.equal(await useCode(database.stores, anna, 700), true);
  });

  test('that cannot be opened is unavailable', async () => {
    const nowhere = openDatabase(
      { kind: 'sqlite', file: '/proc/nowhere/sallyport.db' },
      { random: systemRandom },
    );
    await assert.rejects(nowhere.stores.users.findByUsername('anna'), StoreUnavailable);
    await assert.rejects(nowhere.migrate(), StoreUnavailable);
    await nowhere.close();
  });

  test('that was closed is unavailable', async () => {
    const closed = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
    await closed.check();
    await closed.close();
    await assert.rejects(closed.stores.users.findByUsername('anna'));
  });
});

describe('PostgreSQL', () => {
  let server: ThrowAwayServer;
  let database: SqlDatabase;
  let anna: User;
  before(async () => {
    server = await startPostgres();
    database = openDatabase({ kind: 'postgres', url: server.url }, { random: systemRandom });
    await database.migrate();
    anna = await addUserWithCodes(database);
  });
  after(async () => {
    await database.close();
    await server.remove();
  });

  test('that is stopped is unavailable, and well again once it is back (F11)', async () => {
    await server.kill();
    await assert.rejects(database.stores.users.findPrincipal(anna.id, lineage), StoreUnavailable);
    await assert.rejects(useCode(database.stores, anna, 100), StoreUnavailable);
    await assert.rejects(database.check(), StoreUnavailable);

    await server.restart();
    await untilWell(database);
    assert.equal(await useCode(database.stores, anna, 100), true);
  });

  test('that is stopped inside a transaction has nothing of it', async () => {
    await assert.rejects(
      database.stores.transaction(async ({ authenticators }) => {
        await authenticators.consumeStep(codesOf(anna), 200, NOON);
        await server.kill();
        await authenticators.consumeStep(codesOf(anna), 201, NOON);
      }),
      StoreUnavailable,
    );
    await server.restart();
    await untilWell(database);
    assert.equal(await useCode(database.stores, anna, 200), true);
  });

  test('in which somebody holds a lock for too long gives the others an answer (F8)', async () => {
    const { promise: end, resolve: finish } = Promise.withResolvers<void>();
    const isHolding = Promise.withResolvers<void>();
    const stuck = database.stores.transaction(async ({ authenticators }) => {
      await authenticators.consumeStep(codesOf(anna), 300, NOON);
      isHolding.resolve();
      await end;
    });
    await isHolding.promise;
    await assert.rejects(useCode(database.stores, anna, 300), StoreUnavailable);
    finish();
    await stuck;
    assert.equal(await useCode(database.stores, anna, 300), false);
  });

  test('that can only be read refuses writes and answers reads (F9, F11)', async () => {
    const readOnly = new URL(server.url.reveal());
    readOnly.searchParams.set('options', '-c default_transaction_read_only=on');
    const standby = openDatabase(
      { kind: 'postgres', url: new Secret(readOnly.href) },
      { random: systemRandom },
    );
    await assert.rejects(standby.check(), StoreUnavailable);
    await assert.rejects(useCode(standby.stores, anna, 400), StoreUnavailable);
    assert.equal((await standby.stores.users.findById(anna.id))?.id, anna.id);
    await standby.close();
  });

  test('that never answers is unavailable', async () => {
    const hole = await startBlackHole();
    const silent = openDatabase(
      { kind: 'postgres', url: new Secret(`postgres://anna@127.0.0.1:${String(hole.port)}/x`) },
      { random: systemRandom },
    );
    await assert.rejects(silent.stores.users.findByUsername('anna'), StoreUnavailable);
    await assert.rejects(silent.check(), StoreUnavailable);
    await hole.stop();
    await silent.close();
  });

  test('that wants another password is unavailable, not empty', async () => {
    const url = new URL(server.url.reveal());
    url.username = 'stranger';
    const stranger = openDatabase(
      { kind: 'postgres', url: new Secret(url.href) },
      { random: systemRandom },
    );
    await assert.rejects(stranger.stores.users.findByUsername('anna'), StoreUnavailable);
    await stranger.close();
  });
});
