/** Old events go from the beginning of the chain, and what is left stays provable (G12). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sql } from 'kysely';

import type { ChainKeys } from '../../src/stores/sql/audit/audit-signature.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { AuditChainBroken } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { anAuditEvent, auditEventsIn } from './support/audit.ts';
import { countOf, describeEngines } from './support/engines.ts';

const key = Buffer.alloc(32, 7);
const chainKeys: ChainKeys = { newest: () => key, find: (fits) => (fits(key) ? key : null) };

function prune(
  { stores }: SqlDatabase,
  before: number,
  sinks: readonly string[] = [],
): Promise<number> {
  return stores.audit.prune({ before, sinks, now: NOON + 1_000_000 });
}

describeEngines((engine) => {
  const open = async (
    location: Awaited<ReturnType<typeof engine.newLocation>>,
  ): Promise<SqlDatabase> => {
    const database = engine.open(location, { chainKeys: () => chainKeys });
    await database.migrate();
    await database.beginSigning(NOON);
    return database;
  };

  /** A chain whose events lie a millisecond apart, the first at noon. */
  async function aChainOf(events: number): Promise<SqlDatabase> {
    const database = await open(await engine.newLocation());
    await database.stores.audit.appendAll(
      Array.from({ length: events }, (_, at) => anAuditEvent({ at: NOON + at })),
    );
    return database;
  }

  describe('pruning the audit trail', () => {
    test('removes what is older, says so in the trail, and the rest is whole', async () => {
      const database = await aChainOf(10);
      const all = await auditEventsIn(database);

      assert.equal(await prune(database, NOON + 4), 4);

      const left = await auditEventsIn(database);
      assert.deepEqual(left.slice(0, -1), all.slice(4));
      const pruned = left.at(-1);
      assert.deepEqual(
        [pruned?.type, pruned?.severity, pruned?.actor, pruned?.at, pruned?.details],
        [
          'audit.pruned',
          'notice',
          'system',
          NOON + 1_000_000,
          { up_to: all[3]?.id, hash: all[3]?.hash, events: 4 },
        ],
      );
      assert.equal(left[0]?.previousHash, all[3]?.hash);
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 7 });
      assert.equal((await database.stores.audit.verify('since-checked')).ok, true);
    });

    test('again and again leaves a whole chain, and nothing to prune is no event', async () => {
      const database = await aChainOf(10);
      for (const [before, removed] of [
        [NOON + 2, 2],
        [NOON + 2, 0],
        [NOON + 7, 5],
        [NOON, 0],
      ] as const) {
        assert.equal(await prune(database, before), removed);
        assert.equal((await database.stores.audit.verify()).ok, true);
      }
      assert.equal((await auditEventsIn(database)).length, 3 + 2);
    });

    test('goes over many pages', async () => {
      const database = await aChainOf(2600);
      assert.equal(await prune(database, NOON + 2500), 2500);
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 101 });
      assert.equal((await auditEventsIn(database)).length, 101);
    });

    test('always leaves the latest event', async () => {
      const database = await aChainOf(3);
      assert.equal(await prune(database, NOON + 100), 2);
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 2 });
      const empty = await aChainOf(0);
      assert.equal(await prune(empty, NOON + 100), 0);
      assert.deepEqual(await empty.stores.audit.verify(), { ok: true, events: 0 });
    });

    test('stops at the first that is young enough, whatever clock wrote the ones after it', async () => {
      const database = await open(await engine.newLocation());
      for (const at of [1, 2, 50, 3, 4]) {
        await database.stores.audit.append(anAuditEvent({ at: NOON + at }));
      }
      assert.equal(await prune(database, NOON + 10), 2);
      assert.equal((await database.stores.audit.verify()).ok, true);
    });

    test('keeps what a sink has yet to be sent, and minds no sink that is not named', async () => {
      const database = await aChainOf(2);
      const { auditSinks, audit } = database.stores;
      const lease = { holder: 'one', now: NOON, leaseUntil: NOON + 60_000 };
      await auditSinks.take({ sink: 'syslog', ...lease });
      await auditSinks.take({ sink: 'gone', ...lease });
      await audit.appendAll([anAuditEvent({ at: NOON + 2 }), anAuditEvent({ at: NOON + 3 })]);
      await auditSinks.advance('syslog', 'one', 3, NOON);

      assert.equal(await prune(database, NOON + 100, ['syslog', 'unknown']), 3);
      assert.deepEqual(
        (await auditSinks.read(3, 10)).map(({ seq }) => seq),
        [4, 5],
      );
    });

    test('by several at once happens once', async () => {
      const location = await engine.newLocation();
      const [one, other] = [await open(location), await open(location)];
      await one.stores.audit.appendAll(
        Array.from({ length: 30 }, (_, at) => anAuditEvent({ at: NOON + at })),
      );
      const work = [one, other, one, other].map((database) => prune(database, NOON + 20));
      assert.equal(await countOf(work, (removed) => removed === 20), 1);
      assert.deepEqual(await one.stores.audit.verify(), { ok: true, events: 11 });
    });

    test('does not disturb a check or an append that happens meanwhile', async () => {
      const location = await engine.newLocation();
      const [one, other] = [await open(location), await open(location)];
      await one.stores.audit.appendAll(
        Array.from({ length: 1500 }, (_, at) => anAuditEvent({ at: NOON + at })),
      );
      const checks = Array.from({ length: 4 }, () => other.stores.audit.verify());
      const appends = Array.from({ length: 10 }, () =>
        other.stores.audit.append(anAuditEvent({ at: NOON + 5000 })),
      );
      for (const before of [300, 700, 1100, 1499]) await prune(one, NOON + before);
      await Promise.all(appends);
      assert.equal(await countOf(checks, ({ ok }) => ok), 4);
      assert.equal((await one.stores.audit.verify()).ok, true);
    });

    test('that was interrupted before it removed is finished by the next', async () => {
      const database = await aChainOf(6);
      // The chain begins later by the event; the rows before it are still there.
      const { db } = database;
      const gone = await db.selectFrom('audit_events').selectAll().where('seq', '<=', 3).execute();
      assert.equal(await prune(database, NOON + 3), 3);
      await db.insertInto('audit_events').values(gone).execute();
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 4 });

      await prune(database, NOON);
      assert.equal((await auditEventsIn(database)).length, 4);
    });

    test('removes nothing that shows that somebody was at work', async () => {
      const changed = await aChainOf(6);
      await sql`update audit_events set actor = 'ben' where seq = 2`.execute(changed.db);
      await assert.rejects(prune(changed, NOON + 4), AuditChainBroken);

      const cut = await aChainOf(6);
      await sql`delete from audit_events where seq = 1`.execute(cut.db);
      await assert.rejects(prune(cut, NOON + 4), AuditChainBroken);

      const unsigned = await aChainOf(6);
      await sql`update audit_head set mac = null`.execute(unsigned.db);
      await assert.rejects(prune(unsigned, NOON + 4), AuditChainBroken);

      for (const { db } of [changed, unsigned]) {
        const rows = await db.selectFrom('audit_events').select('seq').execute();
        assert.equal(rows.length, 6);
      }
    });
  });
});
