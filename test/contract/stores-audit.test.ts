/**
 * The audit chain shows every change, removal and reordering (G12), on every engine; whoever can
 * write to the database tries each.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';

import * as fc from 'fast-check';
import { sql } from 'kysely';

import { auditDocument, canonicalJson } from '../../src/core/audit-document.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { NOON } from '../support/fixed-clock.ts';
import { anAuditEvent, auditEventsIn } from './support/audit.ts';
import { describeEngines } from './support/engines.ts';

describeEngines((engine) => {
  async function aChainOfFive(): Promise<{ database: SqlDatabase; ids: readonly string[] }> {
    const database = await engine.fresh();
    await database.stores.audit.appendAll(Array.from({ length: 5 }, () => anAuditEvent()));
    return { database, ids: (await auditEventsIn(database)).map(({ id }) => id) };
  }

  describe('an audit event', () => {
    let database: SqlDatabase;
    before(async () => {
      database = await engine.fresh();
    });

    test('is read as it was appended', async () => {
      const appended = await database.stores.audit.append(anAuditEvent());

      assert.deepEqual(await auditEventsIn(database), [appended]);
      assert.equal(appended.previousHash, '0'.repeat(64));
      assert.match(appended.id, /^evt_/);
    });

    test('has a hash that anybody can compute from the exported members', async () => {
      const event = await database.stores.audit.append(anAuditEvent({ details: { z: 1, a: 'é' } }));

      const text = canonicalJson(auditDocument(event));
      assert.match(text, /"at":"2026-03-02T12:00:00.000Z","details":\{"a":"é","z":1\},"id"/);
      assert.equal(createHash('sha256').update(text).digest('hex'), event.hash);
    });

    test('verifies whatever text is in it (property)', async () => {
      const text = fc.string({ unit: 'binary' });
      const lone = fc.constantFrom('\ud800', 'x\udc00y', '\0', 'a\0b');
      await fc.assert(
        fc.asyncProperty(fc.oneof(text, lone), async (value) => {
          await database.stores.audit.append(
            anAuditEvent({
              actor: value,
              userAgent: value,
              details: { [value]: value, list: [value] },
            }),
          );
        }),
        { numRuns: 50 },
      );
      assert.equal((await database.stores.audit.verify()).ok, true);
    });
  });

  describe('the audit chain', () => {
    test('of no events is whole', async () => {
      const { audit } = (await engine.fresh()).stores;
      assert.deepEqual(await audit.verify(), { ok: true, events: 0 });
    });

    test('is whole after appends from two instances at once, over several pages', async () => {
      const location = await engine.newLocation();
      const [one, other] = [engine.open(location), engine.open(location)];
      await one.migrate();
      await one.stores.audit.appendAll(Array.from({ length: 990 }, () => anAuditEvent()));
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 === 0 ? one : other).stores.audit.append(anAuditEvent()),
        ),
      );

      assert.deepEqual(await other.stores.audit.verify(), { ok: true, events: 1010 });
      assert.equal((await auditEventsIn(one)).length, 1010);
    });

    test('is whole while it grows', async () => {
      const database = await engine.fresh();
      const growing = (async () => {
        for (let time = 0; time < 30; time += 1) {
          await database.stores.audit.appendAll([anAuditEvent(), anAuditEvent()]);
        }
      })();
      for (let time = 0; time < 10; time += 1) {
        assert.equal((await database.stores.audit.verify()).ok, true);
      }
      await growing;
      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 60 });
    });

    test('is read from an instant on', async () => {
      const database = await engine.fresh();
      await database.stores.audit.appendAll([
        anAuditEvent({ at: NOON }),
        anAuditEvent({ at: NOON + 1 }),
        anAuditEvent({ at: NOON + 2 }),
      ]);
      const events = await auditEventsIn(database, NOON + 1);
      assert.deepEqual(
        events.map(({ at }) => at),
        [NOON + 1, NOON + 2],
      );
    });

    test('is read newest first for one user, as far as asked', async () => {
      const database = await engine.fresh();
      const ben = 'usr_ben' as UserId;
      await database.stores.audit.appendAll(
        Array.from({ length: 6 }, (_, at) =>
          anAuditEvent({ at: NOON + at, subject: at % 2 === 0 ? ben : null }),
        ),
      );
      const latest = await database.stores.audit.listOfSubject(ben, 2);

      const everything = await auditEventsIn(database);
      assert.deepEqual(latest, [everything[4], everything[2]]);
      assert.equal((await database.stores.audit.listOfSubject(ben, 50)).length, 3);
      assert.deepEqual(await database.stores.audit.listOfSubject('usr_no' as UserId, 50), []);
    });

    test('of ten thousand events is not read through for one user', async () => {
      const database = await engine.fresh();
      await database.stores.audit.appendAll(
        Array.from({ length: 10_000 }, (_, at) =>
          anAuditEvent({ at: NOON + at, subject: `usr_${String(at % 100)}` as UserId }),
        ),
      );
      await sql`analyze audit_events`.execute(database.db);

      const latest = await database.stores.audit.listOfSubject('usr_7' as UserId, 20);
      assert.deepEqual([latest.length, latest[0]?.at], [20, NOON + 9907]);

      const { sql: query } = database.db
        .selectFrom('audit_events')
        .selectAll()
        .where('subject', '=', sql.lit('usr_7'))
        .orderBy('at', 'desc')
        .orderBy('seq', 'desc')
        .limit(sql.lit(20))
        .compile();
      const explain = engine.name === 'SQLite' ? 'explain query plan' : 'explain';
      const plan = await sql`${sql.raw(`${explain} ${query}`)}`.execute(database.db);
      const text = JSON.stringify(plan.rows);
      assert.match(text, /audit_events_subject_at_seq/);
      assert.doesNotMatch(text, /sort|temp b-tree/i);
    });

    test('does not keep an event whose transaction failed', async () => {
      const database = await engine.fresh();
      await database.stores.audit.append(anAuditEvent());
      await assert.rejects(
        database.stores.transaction(async ({ audit }) => {
          await audit.append(anAuditEvent());
          throw new Error('the change did not happen');
        }),
      );
      await database.stores.audit.append(anAuditEvent());

      assert.deepEqual(await database.stores.audit.verify(), { ok: true, events: 2 });
    });
  });

  describe('somebody who can write to the database', () => {
    // prettier-ignore
    const frauds = [
      // what they do                  how                                                              named
      ['changes a member',             `update audit_events set actor = 'ben' where seq = 3`,                3],
      ['changes the time',             `update audit_events set at = at + 1 where seq = 1`,                  1],
      ['changes the details',          `update audit_events set details = '{}' where seq = 5`,               5],
      ['breaks the details',           `update audit_events set details = '{' where seq = 2`,                2],
      ['changes the kind',             `update audit_events set severity = 'none' where seq = 2`,            2],
      ['removes one in the middle',    `delete from audit_events where seq = 3`,                             4],
      ['removes the first',            `delete from audit_events where seq = 1`,                             2],
      ['removes the last',             `delete from audit_events where seq = 5`,                             4],
      ['removes the last two',         `delete from audit_events where seq > 3`,                             3],
      ['removes all',                  `delete from audit_events`,                                           0],
      ['removes the end\'s record',    `delete from audit_head`,                                             0],
      ['moves the end\'s record',      `update audit_head set last_seq = 4`,                                 5],
      ['changes the end\'s hash',      `update audit_head set last_hash = '${'a'.repeat(64)}'`,              5],
      ['puts in a hash of their own',  `update audit_events set hash = '${'a'.repeat(64)}' where seq = 5`,   5],
    ] as const;

    for (const [does, how, named] of frauds) {
      test(`is found out when they: ${does}`, async () => {
        const { database, ids } = await aChainOfFive();
        await sql.raw(how).execute(database.db);

        const found = await database.stores.audit.verify();

        assert.equal(found.ok, false);
        assert.equal(found.brokenAt, named === 0 ? 'the beginning' : ids[named - 1]);
        assert.notEqual(found.why, '');
      });
    }

    test('is found out when they: swap two events', async () => {
      const { database, ids } = await aChainOfFive();
      for (const [from, to] of [
        [2, 99],
        [3, 2],
        [99, 3],
      ] as const) {
        await sql`update audit_events set seq = ${to} where seq = ${from}`.execute(database.db);
      }

      const found = await database.stores.audit.verify();
      assert.deepEqual([found.ok, !found.ok && found.brokenAt], [false, ids[2]]);
    });

    test('is found out when they: put one back in under another number', async () => {
      const { database } = await aChainOfFive();
      await sql`
        insert into audit_events
        select 6, 'evt_more', at, type, severity, actor, subject, tenant_id, ip, user_agent,
          session_key, request_id, details, hash, hash from audit_events where seq = 5
      `.execute(database.db);
      assert.equal((await database.stores.audit.verify()).ok, false);
    });
  });
});
