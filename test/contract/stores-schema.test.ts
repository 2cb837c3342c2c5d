/** Transactions are all or nothing, and so are migrations; both engines are refused alike. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { sql } from 'kysely';

import { auditDocument, canonicalJson } from '../../src/core/audit-document.ts';
import {
  defaultTenant,
  type AuditEventId,
  type SessionKey,
  type UserId,
} from '../../src/core/ids.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openDatabase, type SqlDatabase } from '../../src/stores/sql/database.ts';
import { migrateSchema, migrateSchemaTo, revertSchema } from '../../src/stores/sql/migrate.ts';
import { DatabaseUnusable } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { addUser, aPasskey, countOf, describeEngines } from './support/engines.ts';
import { anyone, aStatusPolicy } from './support/people.ts';

/** The columns of every table, as the engine tells them. */
async function columnsOf({ db }: SqlDatabase): Promise<readonly string[]> {
  const tables = await db.introspection.getTables();
  return tables
    .flatMap(({ name, columns }) =>
      columns.map((column) =>
        [name, column.name, column.dataType, column.isNullable, column.hasDefaultValue].join(' '),
      ),
    )
    .sort();
}

/** What is in the tables that the first version has. */
async function contentsOf({ db }: SqlDatabase): Promise<readonly unknown[]> {
  const contents: unknown[] = [];
  for (const table of ['tenants', 'users', 'user_groups', 'authenticators', 'audit_events']) {
    const { rows } = await sql`select * from ${sql.table(table)} order by 1`.execute(db);
    contents.push(rows.map((row) => ({ ...(row as object) })));
  }
  return contents;
}

/** Writes the first event of a chain as the versions before signatures did. */
async function insertFirstEvent({ db }: SqlDatabase, subject: UserId): Promise<void> {
  const event = {
    id: 'evt_1' as AuditEventId,
    at: NOON,
    type: 'session.signed-in',
    severity: 'info',
    actor: 'anna',
    subject,
    tenant: defaultTenant,
    ip: null,
    userAgent: null,
    session: null,
    requestId: null,
    details: {},
    previousHash: '0'.repeat(64),
  } as const;
  const hash = createHash('sha256')
    .update(canonicalJson(auditDocument(event)))
    .digest('hex');
  await sql`insert into audit_events (seq, id, at, type, severity, actor, subject, tenant_id,
      details, previous_hash, hash)
    values (1, ${event.id}, ${NOON}, ${event.type}, 'info', 'anna', ${subject}, 'default', '{}',
      ${event.previousHash}, ${hash})`.execute(db);
  await sql`update audit_head set last_seq = 1, last_hash = ${hash}`.execute(db);
}

describeEngines((engine) => {
  describe('a transaction', () => {
    test('keeps all of its changes or none', async () => {
      const database = await engine.fresh();
      const { id } = await addUser(database);

      await assert.rejects(
        database.stores.transaction(async (stores) => {
          await stores.users.setGroups(id, ['A']);
          await stores.users.raiseSessionEpoch(id);
          await stores.accessChanges.note(id, 1);
          throw new Error('changed its mind');
        }),
      );
      await database.stores.transaction(async (stores) => {
        await stores.users.setGroups(id, ['B']);
        assert.deepEqual((await stores.users.findById(id))?.groups, ['B']);
      });

      const user = await database.stores.users.findById(id);
      assert.deepEqual([user?.groups, user?.sessionEpoch], [['B'], 0]);
      assert.deepEqual(await database.stores.accessChanges.since(0), []);
    });

    test('shows nobody else what it has not kept yet', async () => {
      const database = await engine.fresh();
      const { id } = await addUser(database);

      await database.stores.transaction(async (stores) => {
        await stores.users.setDisabled(id, true);
        assert.equal((await database.stores.users.findById(id))?.isDisabled, false);
      });
      assert.equal((await database.stores.users.findById(id))?.isDisabled, true);
    });

    test('does not nest', async () => {
      const { stores } = await engine.fresh();
      await assert.rejects(
        stores.transaction((inner) => inner.transaction(() => Promise.resolve())),
        { name: 'AssertionError' },
      );
    });

    test('that has locked a user makes the next one wait and see what it did', async () => {
      const location = await engine.newLocation();
      const [one, other] = [engine.open(location), engine.open(location)];
      await one.migrate();
      const { id } = await addUser(one);

      // Each adds a group to what it finds: if one of them did not wait, a group would be lost.
      const adds = Array.from({ length: 10 }, (_, at) =>
        (at % 2 === 0 ? one : other).stores.transaction(async ({ users }) => {
          const user = await users.lock(id);
          await users.setGroups(id, [...(user?.groups ?? []), `group-${String(at)}`]);
          return true;
        }),
      );

      assert.equal(await countOf(adds, (isDone) => isDone), 10);
      assert.equal((await one.stores.users.findById(id))?.groups.length, 10);
    });

    test('is needed to hold a lock', async () => {
      const database = await engine.fresh();
      const { id } = await addUser(database);
      await assert.rejects(database.stores.users.lock(id), { name: 'AssertionError' });
    });
  });

  describe('migrations', () => {
    test('may run again and lose nothing', async () => {
      const database = await engine.fresh();
      const user = await addUser(database);
      await database.migrate();
      assert.deepEqual(await database.stores.users.findById(user.id), user);
    });

    test('run once when instances start together', async () => {
      const location = await engine.newLocation();
      const instances = Array.from({ length: 4 }, () => engine.open(location));
      await Promise.all(instances.map((instance) => instance.migrate()));
      for (const instance of instances) await instance.check();
    });

    test('can be taken back and run again', async () => {
      const database = await engine.fresh();
      await revertSchema(database.db);
      await assert.rejects(database.check());
      await database.migrate();
      await addUser(database);
    });

    test('keep what the first version wrote, and so does taking them back', async () => {
      const database = engine.open(await engine.newLocation());
      const { db, stores } = database;
      await migrateSchemaTo(db, '0001-initial');
      const columns = await columnsOf(database);
      await sql`insert into users (id, kind, username, username_key, display_name, tenant_id,
          is_disabled, session_epoch, created_at)
        values ('usr_anna', 'user', 'Anna', 'anna', 'Anna', 'default', 0, 3, ${NOON})`.execute(db);
      await sql`insert into user_groups values ('usr_anna', 'OPS')`.execute(db);
      for (const id of ['ath_1', 'ath_2']) {
        await sql`insert into authenticators (id, user_id, method, name, sealed_credential,
            last_step, created_at)
          values (${id}, 'usr_anna', 'totp', 'phone', 'sealed', 7, ${NOON})`.execute(db);
      }
      await insertFirstEvent(database, 'usr_anna' as UserId);
      const before = await contentsOf(database);

      await database.migrate();

      const anna = await stores.users.findByUsername('anna');
      assert.deepEqual(
        [anna?.groups, anna?.networks, anna?.mustEnrollAt, anna?.remindedAt, anna?.sessionEpoch],
        [['OPS'], [], null, null, 3],
      );
      const id = 'usr_anna' as UserId;
      const record = await stores.users.findPrincipal(id, 'lineage' as SessionKey);
      assert.deepEqual([record?.enrolled, record?.tenantRules], [['totp'], noTenantRules]);
      assert.deepEqual(
        (await stores.authenticators.listOfUser(id)).map(({ passkey, lastStep }) => [
          passkey,
          lastStep,
        ]),
        [
          [null, 7],
          [null, 7],
        ],
      );
      assert.deepEqual(await stores.tenants.list(), [
        { id: 'default', name: 'Default', rules: noTenantRules, gracePeriodDays: 0 },
      ]);
      assert.equal((await stores.audit.listOfSubject(id, 5)).length, 1);
      assert.equal((await stores.audit.verify()).ok, true);

      await stores.authenticators.create(aPasskey(id));
      await stores.authenticators.remove(id, aPasskey(id).id);
      await migrateSchemaTo(db, '0001-initial');
      assert.deepEqual(await columnsOf(database), columns);
      assert.deepEqual(await contentsOf(database), before);

      await database.migrate();
      assert.deepEqual(await stores.users.findByUsername('anna'), anna);
    });

    test('keep what the second version wrote, and so does taking them back', async () => {
      const database = engine.open(await engine.newLocation());
      const { db, stores } = database;
      await migrateSchemaTo(db, '0002-lifecycle');
      const columns = await columnsOf(database);
      const id = 'usr_oezil' as UserId;
      await sql`insert into users (id, kind, username, username_key, display_name, email, tenant_id,
          is_disabled, session_epoch, created_at, must_enroll_at, networks)
        values (${id}, 'user', 'OEzil', 'oezil', 'Mesut ÖZIL', 'm@example.com', 'default', 0, 7,
          ${NOON}, ${NOON + 5}, '["office"]')`.execute(db);
      await sql`insert into sessions (session_key, lineage, user_id, session_epoch, proofs,
          created_at, last_seen_at, ip, user_agent)
        values ('key', 'key', ${id}, 7, '[]', ${NOON}, ${NOON}, '', '')`.execute(db);
      await insertFirstEvent(database, id);
      const before = await contentsOf(database);

      await database.migrate();

      const user = await stores.users.findById(id);
      assert.deepEqual(
        [user?.sessionEpoch, user?.mustEnrollAt, user?.networks, user?.enrollGuard],
        [7, NOON + 5, ['office'], null],
      );
      // People from before can be searched like any other, whatever the case of the letters.
      const at = { policy: aStatusPolicy(), now: NOON };
      const found = await stores.people.search(
        anyone({ text: 'öZi' }),
        { after: null, limit: 5 },
        at,
      );
      assert.deepEqual(
        found.map(({ user }) => user.username),
        ['OEzil'],
      );
      // An epoch may be an instant by now.
      await stores.users.liftAllSessionEpochs(NOON);
      assert.equal((await stores.users.findById(id))?.sessionEpoch, NOON);
      assert.equal((await stores.audit.verify()).ok, true);

      await migrateSchemaTo(db, '0002-lifecycle');
      assert.deepEqual(await columnsOf(database), columns);
      const { rows } = await sql<{ session_epoch: number }>`select session_epoch from users
        where id = ${id}`.execute(db);
      assert.ok((rows[0]?.session_epoch ?? 0) > 7, 'a session of before would count again');
      await sql`update users set session_epoch = 7`.execute(db);
      assert.deepEqual(await contentsOf(database), before);
      await database.migrate();
      assert.deepEqual(await stores.users.findById(id), user);
    });

    test('that are interrupted leave nothing behind', async () => {
      const database = engine.open(await engine.newLocation());
      // A table of ours is in the way of the last statements of the migration.
      await sql`create table write_probe (something integer)`.execute(database.db);

      await assert.rejects(migrateSchema(database.db), DatabaseUnusable);
      const tables = await database.db.introspection.getTables();
      const names = tables.map(({ name }) => name);
      assert.deepEqual(
        names.filter((name) => !name.startsWith('schema_migrations')),
        ['write_probe'],
      );

      await sql`drop table write_probe`.execute(database.db);
      await database.migrate();
      await addUser(database);
    });

    test('refuse a schema that a newer version wrote', async () => {
      const database = await engine.fresh();
      await sql`insert into schema_migrations values ('9999-from-the-future', '2030')`.execute(
        database.db,
      );
      await assert.rejects(database.migrate(), DatabaseUnusable);
    });
  });
});

describe('a SQLite file', () => {
  const folder = temporaryFolder();
  const open = (name: string): SqlDatabase =>
    openDatabase({ kind: 'sqlite', file: path.join(folder.path, name) }, { random: systemRandom });

  test('is for its owner alone, its journal and its folder too', async () => {
    const database = open('new-folder/private.db');
    await database.migrate();
    await addUser(database);

    const modes = ['private.db', 'private.db-wal', 'private.db-shm'].map(
      (name) => statSync(path.join(folder.path, 'new-folder', name)).mode & 0o777,
    );
    assert.deepEqual(modes, [0o600, 0o600, 0o600]);
    assert.equal(statSync(path.join(folder.path, 'new-folder')).mode & 0o777, 0o700);
    await database.close();
  });

  test('that is no database is refused', async () => {
    writeFileSync(path.join(folder.path, 'letter.db'), 'Dear operator, this is not a database.');
    const database = open('letter.db');
    await assert.rejects(database.migrate(), DatabaseUnusable);
    await database.close();
  });

  test('that is damaged is refused', async () => {
    const first = open('damaged.db');
    await first.migrate();
    for (let count = 0; count < 50; count += 1) await addUser(first);
    await first.close();
    const file = path.join(folder.path, 'damaged.db');
    const descriptor = openSync(file, 'r+');
    for (let at = 4096; at < statSync(file).size; at += 4096) {
      writeSync(descriptor, randomBytes(512), 0, 512, at);
    }
    closeSync(descriptor);

    const second = open('damaged.db');
    await assert.rejects(second.migrate(), DatabaseUnusable);
    await second.close();
    folder.remove();
  });
});
