/**
 * Whoever can write to the database, but has no key, cannot hide that they cut the audit chain or
 * made another one (G12), on every engine. The attacks know how the rows are made.
 */

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';

import { sql } from 'kysely';

import type { ChainKeys } from '../../src/stores/sql/audit/audit-signature.ts';
import type { DatabaseLocation, SqlDatabase } from '../../src/stores/sql/database.ts';
import { migrateSchemaTo } from '../../src/stores/sql/migrate.ts';
import { NOON } from '../support/fixed-clock.ts';
import { anAuditEvent, auditEventsIn } from './support/audit.ts';
import { describeEngines } from './support/engines.ts';

/** A ring of keys, newest first, as the sealer has one. */
function keyRing(...keys: Buffer[]): { ring: Buffer[]; keys: ChainKeys } {
  return {
    ring: keys,
    keys: {
      newest: () => keys[0] ?? assert.fail('no key'),
      find: (fits) => keys.find(fits) ?? null,
    },
  };
}

const chainKeys = keyRing(Buffer.alloc(32, 7)).keys;

interface Head {
  readonly last_seq: number;
  readonly last_hash: string;
  readonly first_seq: number;
  readonly first_previous_hash: string;
  readonly mac: string | null;
}

async function headIn({ db }: SqlDatabase): Promise<Head> {
  const head = await db.selectFrom('audit_head').selectAll().executeTakeFirstOrThrow();
  return head;
}

/** Cuts events off the end and sets the head back, as whoever can write would. */
async function cutAfter(database: SqlDatabase, seq: number): Promise<void> {
  const { hash } = await database.db
    .selectFrom('audit_events')
    .select('hash')
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow();
  await sql`delete from audit_events where seq > ${seq}`.execute(database.db);
  await sql`update audit_head set last_seq = ${seq}, last_hash = ${hash}`.execute(database.db);
}

async function assertBroken(database: SqlDatabase): Promise<void> {
  const { audit } = database.stores;
  assert.equal((await audit.verify()).ok, false, 'a whole check');
  assert.equal((await audit.verify('since-checked')).ok, false, 'a check since the last one');
}

describeEngines((engine) => {
  const open = async (
    location: DatabaseLocation,
    keys: ChainKeys = chainKeys,
  ): Promise<SqlDatabase> => {
    const database = engine.open(location, { chainKeys: () => keys });
    await database.migrate();
    await database.beginSigning(NOON);
    return database;
  };
  const fresh = async (keys?: ChainKeys): Promise<SqlDatabase> =>
    await open(await engine.newLocation(), keys);

  async function aChainOf(events: number, keys?: ChainKeys): Promise<SqlDatabase> {
    const database = await fresh(keys);
    for (let count = 0; count < events; count += 1) {
      await database.stores.audit.append(anAuditEvent({ at: NOON + count }));
    }
    return database;
  }

  describe('the ends of the audit chain', () => {
    test('are signed from the first event on, whatever is appended', async () => {
      const database = await aChainOf(3);
      await database.stores.transaction(({ audit }) =>
        audit.appendAll(Array.from({ length: 250 }, () => anAuditEvent())),
      );
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 253 });
    });

    test('stay signed when a transaction is undone', async () => {
      const database = await aChainOf(2);
      await assert.rejects(
        database.stores.transaction(async ({ audit }) => {
          await audit.append(anAuditEvent());
          throw new Error('changed its mind');
        }),
      );
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 2 });
    });

    test('stay signed when instances append at once', async () => {
      const location = await engine.newLocation();
      const [one, other] = [await open(location), await open(location)];
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 === 0 ? one : other).stores.audit.append(anAuditEvent()),
        ),
      );
      assert.deepEqual(await other.stores.audit.verify(), { ok: true, events: 20 });
    });

    test('are signed with the newest key, and one from before still counts', async () => {
      const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
      const { ring, keys } = keyRing(oldKey);
      const database = await aChainOf(2, keys);
      const { audit } = database.stores;
      assert.deepEqual(await audit.verify('since-checked'), { ok: true, events: 2 });
      ring.unshift(newKey);
      await audit.append(anAuditEvent());
      ring.pop();
      // How far it was checked was noted under the key that is gone: it is checked once more.
      assert.deepEqual(await audit.verify('since-checked'), { ok: true, events: 3 });
    });

    test('are not believed under a key that was never ours', async () => {
      const location = await engine.newLocation();
      const database = await open(location);
      await database.stores.audit.append(anAuditEvent());
      const stranger = await open(location, keyRing(randomBytes(32)).keys);
      await assertBroken(stranger);
    });

    test('of a database from before are signed once it is brought up to date, and it says so', async () => {
      const location = await engine.newLocation();
      const old = engine.open(location);
      await old.migrate();
      await old.stores.audit.append(anAuditEvent());
      await migrateSchemaTo(old.db, '0002-lifecycle');

      const database = await open(location);

      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 2 });
      const [, signed] = await auditEventsIn(database);
      assert.deepEqual(
        [signed?.type, signed?.severity, signed?.actor, signed?.details],
        ['audit.signed', 'notice', 'system', { reason: 'the database was brought up to date' }],
      );
    });

    test('are signed once when instances start together on a new database', async () => {
      const location = await engine.newLocation();
      const instances = await Promise.all(Array.from({ length: 3 }, () => open(location)));
      for (const { stores } of instances) await stores.audit.append(anAuditEvent());
      assert.deepEqual(await instances[0]?.stores.audit.verify(), { ok: true, events: 3 });
    });
  });

  describe('somebody who can write to the database and has no key', () => {
    test('is found out when they cut the end off and set the head back', async () => {
      const database = await aChainOf(5);
      await cutAfter(database, 3);
      const found = await database.stores.audit.verify();
      assert.equal(found.ok, false);
      assert.match(found.why, /not signed/);
    });

    test('is found out still after others have appended to what they left', async () => {
      const database = await aChainOf(5);
      await cutAfter(database, 3);
      for (let count = 0; count < 5; count += 1) {
        await database.stores.audit.append(anAuditEvent());
      }
      await assertBroken(database);
    });

    test('is found out when they take the signature away, at once and after a restart', async () => {
      const location = await engine.newLocation();
      const database = await open(location);
      for (let count = 0; count < 5; count += 1) {
        await database.stores.audit.append(anAuditEvent());
      }
      await cutAfter(database, 2);
      await sql`update audit_head set mac = null`.execute(database.db);
      await assertBroken(database);

      const restarted = await open(location);
      await restarted.stores.audit.append(anAuditEvent());
      await assertBroken(restarted);
    });

    test('is found out when they cut the beginning off and call it pruned', async () => {
      const database = await aChainOf(5);
      const events = await auditEventsIn(database);
      await sql`delete from audit_events where seq < 3`.execute(database.db);
      await sql`update audit_head set first_seq = 3,
        first_previous_hash = ${events[1]?.hash}`.execute(database.db);
      await assertBroken(database);
    });

    test('is found out when they write the whole chain anew', async () => {
      const database = await aChainOf(3);
      // Another installation without a key of ours makes a perfect chain of its own.
      const forged = await engine.fresh();
      await forged.stores.audit.appendAll([anAuditEvent({ actor: 'nobody' })]);
      const [row] = await forged.db.selectFrom('audit_events').selectAll().execute();
      const head = await headIn(forged);
      await sql`delete from audit_events`.execute(database.db);
      await database.db
        .insertInto('audit_events')
        .values(row ?? assert.fail())
        .execute();
      await database.db
        .updateTable('audit_head')
        .set({ last_seq: head.last_seq, last_hash: head.last_hash })
        .execute();
      assert.equal((await forged.stores.audit.verify()).ok, true);
      await assertBroken(database);
    });

    test('cannot make a signature from what stands in the database', async () => {
      const database = await aChainOf(5);
      await cutAfter(database, 3);
      const head = await headIn(database);
      const text = JSON.stringify([
        'ends',
        head.first_seq,
        head.first_previous_hash,
        head.last_seq,
        head.last_hash,
      ]);
      const guesses = [
        createHash('sha256').update(text).digest('hex'),
        createHmac('sha256', head.last_hash).update(text).digest('hex'),
        createHmac('sha256', Buffer.alloc(0)).update(text).digest('hex'),
        head.mac ?? '',
        '',
        'zz',
        '00'.repeat(32),
      ];
      for (const mac of guesses) {
        await sql`update audit_head set mac = ${mac}`.execute(database.db);
        await assertBroken(database);
      }
    });

    test('cannot use the signature of a checkpoint as that of the ends', async () => {
      const database = await aChainOf(2);
      await database.stores.audit.verify();
      await database.stores.audit.append(anAuditEvent());
      await cutAfter(database, 2);
      await sql`update audit_head set mac = checked_mac`.execute(database.db);
      await assertBroken(database);
    });
  });

  describe('a check of the audit chain', () => {
    test('since the last one reads only what is new', async () => {
      const database = await aChainOf(4);
      const { audit } = database.stores;
      assert.deepEqual(await audit.verify('since-checked'), { ok: true, events: 4 });
      assert.deepEqual(await audit.verify('since-checked'), { ok: true, events: 0 });
      await audit.append(anAuditEvent());
      assert.deepEqual(await audit.verify('since-checked'), { ok: true, events: 1 });
      assert.deepEqual(await audit.verify(), { ok: true, events: 5 });
    });

    test('since the last one begins at the beginning when somebody claims it was made', async () => {
      const database = await aChainOf(4);
      await sql`update audit_events set actor = 'ben' where seq = 2`.execute(database.db);
      const last = await headIn(database);
      for (const mac of ['00'.repeat(32), last.mac]) {
        await sql`update audit_head set checked_seq = ${last.last_seq},
          checked_hash = ${last.last_hash}, checked_mac = ${mac}`.execute(database.db);
        assert.equal((await database.stores.audit.verify('since-checked')).ok, false);
      }
    });

    test('that found something wrong is not noted as one that did not', async () => {
      const database = await aChainOf(4);
      await sql`update audit_events set actor = 'ben' where seq = 2`.execute(database.db);
      await assertBroken(database);
      await assertBroken(database);
    });

    test('finds the end cut off behind where the last one ended', async () => {
      const database = await aChainOf(6);
      await database.stores.audit.verify();
      await cutAfter(database, 4);
      await assertBroken(database);
    });
  });

  describe('an operator who signs the chain anew', () => {
    test('makes it whole again, and that stands in the trail with high severity', async () => {
      const database = await aChainOf(5);
      await cutAfter(database, 3);
      await assertBroken(database);

      assert.equal(
        (await database.stores.audit.signAnew({ actor: 'cli', at: NOON, reason: 'INC-7' })).ok,
        true,
      );

      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 4 });
      const signed = (await auditEventsIn(database)).at(-1);
      assert.deepEqual(
        [signed?.type, signed?.severity, signed?.actor, signed?.details],
        ['audit.signed', 'high', 'cli', { reason: 'INC-7' }],
      );
    });

    test('signs nothing where the events themselves do not fit', async () => {
      const database = await aChainOf(5);
      await sql`update audit_events set actor = 'ben' where seq = 2`.execute(database.db);
      assert.equal(
        (await database.stores.audit.signAnew({ actor: 'cli', at: NOON, reason: 'INC-7' })).ok,
        false,
      );
      await assertBroken(database);
      assert.equal((await auditEventsIn(database)).length, 5);
    });
  });
});
