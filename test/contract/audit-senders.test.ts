/** Several instances over one audit trail: each event is sent on in its order, and once (F12). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { Stores } from '../../src/stores/types.ts';
import { aNewEvent } from '../support/audit-events.ts';
import {
  appendEvents,
  auditSenderAtWork,
  trailOf,
  type AuditSenderAtWork,
} from '../support/audit-sender-at-work.ts';
import { fixedClock, NOON, type FixedClock } from '../support/fixed-clock.ts';
import { noHurry } from '../support/outbox-at-work.ts';
import { startReceiver, type TestReceiver } from '../support/webhook-receiver.ts';
import { describeEngines, sharedDatabase } from './support/engines.ts';

describeEngines((engine) => {
  describe('instances that send one trail on', () => {
    let databases: readonly SqlDatabase[];
    let clock: FixedClock;
    let receiver: TestReceiver;
    let senders: AuditSenderAtWork[];

    beforeEach(async () => {
      const location = await engine.newLocation();
      databases = [engine.open(location), engine.open(location)];
      await storesOf(0).migrate();
      clock = fixedClock();
      receiver = await startReceiver();
      senders = [];
    });
    afterEach(async () => {
      for (const sender of senders) await sender.stop(AbortSignal.abort());
      await receiver.close();
    });

    function storesOf(instance: 0 | 1): SqlDatabase {
      const database = databases[instance];
      assert.ok(database !== undefined);
      return database;
    }

    function toReceiver() {
      return { webhook: receiver.settings(), waitingMax: 100 };
    }

    function startSending(instance: 0 | 1): AuditSenderAtWork {
      const { stores } = storesOf(instance);
      const sender = auditSenderAtWork({ stores, clock, settings: toReceiver });
      senders.push(sender);
      return sender;
    }

    async function look(): Promise<void> {
      for (const sender of senders) await sender.look();
    }

    test('send each event once between them while both live', async () => {
      startSending(0);
      startSending(1);
      await look();
      const written: string[] = [];
      for (let rounds = 0; rounds < 5; rounds += 1) {
        const [one, other] = await Promise.all([
          appendEvents(storesOf(0).stores, 20),
          appendEvents(storesOf(1).stores, 20),
        ]);
        written.push(...one, ...other);
        clock.advance(7);
        await Promise.all(senders.map((sender) => sender.look()));
      }
      await look();
      assert.deepEqual(receiver.taken(), await trailOf(storesOf(0).stores));
      assert.deepEqual(receiver.taken().toSorted(), written.toSorted());
    });

    test('take over from one that stopped at once, and from one that died in time', async () => {
      const first = startSending(0);
      await first.look();
      const second = startSending(1);
      const before = await appendEvents(storesOf(0).stores, 3);
      await look();
      await first.stop(noHurry);
      const after = await appendEvents(storesOf(1).stores, 3);
      clock.advance(6);
      await second.look();
      assert.deepEqual(receiver.taken(), [...before, ...after]);

      // As one that was killed leaves it.
      await second.stop(noHurry);
      const now = clock.now();
      const { auditSinks } = storesOf(0).stores;
      const taken = { sink: 'webhook', holder: 'dead', now, leaseUntil: now + 60_000 };
      assert.ok((await auditSinks.take(taken)) !== null);
      const third = startSending(0);
      const last = await appendEvents(storesOf(0).stores, 3);
      clock.advance(30);
      await third.look();
      assert.equal(receiver.taken().length, 6);
      clock.advance(30);
      await third.look();
      assert.deepEqual(receiver.taken(), [...before, ...after, ...last]);
    });

    test('see alike that too much waits, whoever holds the sink', async () => {
      receiver.answer(() => ({ status: 503 }));
      startSending(0);
      startSending(1);
      await look();
      const events = Array.from({ length: 101 }, () => aNewEvent());
      await storesOf(0).stores.audit.appendAll(events);
      await look();
      assert.deepEqual(
        senders.map(({ gate }) => [gate.isFull(), gate.waiting()]),
        [
          [true, 101],
          [true, 101],
        ],
      );
      receiver.answer(() => ({ status: 204 }));
      clock.advance(60);
      await look();
      await look();
      assert.deepEqual(
        senders.map(({ gate }) => gate.isFull()),
        [false, false],
      );
    });
  });

  describe('the state of a sink', () => {
    let stores: Stores;
    let otherInstance: Stores;
    const lease = { sink: 'webhook', now: NOON, leaseUntil: NOON + 60_000 };

    beforeEach(async () => {
      ({ stores, otherInstance } = await sharedDatabase(engine));
      await appendEvents(stores, 3);
    });

    test('begins at the end of the trail, and belongs to one holder at a time', async () => {
      assert.deepEqual(await stores.auditSinks.take({ ...lease, holder: 'one' }), {
        lastSeq: 3,
        headSeq: 3,
      });
      assert.equal(await otherInstance.auditSinks.take({ ...lease, holder: 'other' }), null);
      const later = { ...lease, now: NOON + 60_000, leaseUntil: NOON + 120_000 };
      assert.ok((await otherInstance.auditSinks.take({ ...later, holder: 'other' })) !== null);
      assert.equal(await stores.auditSinks.advance('webhook', 'one', 3, NOON), false);
    });

    test('goes to exactly one of those who ask together', async () => {
      const holders = Array.from({ length: 10 }, (_, at) => `holder-${String(at)}`);
      const taken = await Promise.all(
        holders.map((holder, at) =>
          (at % 2 === 0 ? stores : otherInstance).auditSinks.take({ ...lease, holder }),
        ),
      );
      assert.equal(taken.filter((state) => state !== null).length, 1);
    });

    test('moves forward by what was handed over and back by what is in doubt', async () => {
      const { auditSinks } = stores;
      await auditSinks.take({ ...lease, holder: 'one' });
      await appendEvents(stores, 4);
      await auditSinks.noteTrouble('webhook', 'one', { since: NOON, failure: 'it is away' });
      assert.equal(await auditSinks.countWaiting(['webhook']), 4);
      assert.equal(await auditSinks.advance('webhook', 'one', 6, NOON + 1000), true);
      assert.deepEqual(await auditSinks.list(), [
        { sink: 'webhook', waiting: 1, handedOverAt: NOON + 1000, trouble: null },
      ]);
      await auditSinks.takeBack('webhook', 'one', 4);
      await auditSinks.takeBack('webhook', 'other', 0);
      await auditSinks.takeBack('webhook', 'one', 5);
      assert.equal(await auditSinks.countWaiting(['webhook', 'syslog']), 3);
      const events = await auditSinks.read(4, 2);
      assert.deepEqual(
        events.map(({ seq }) => seq),
        [5, 6],
      );
      assert.deepEqual(
        events.map(({ event }) => event.id),
        (await trailOf(stores)).slice(4, 6),
      );
    });

    test('is let go of and forgotten', async () => {
      const { auditSinks } = stores;
      await auditSinks.take({ ...lease, holder: 'one' });
      await auditSinks.release('webhook', 'other');
      assert.equal(await auditSinks.take({ ...lease, holder: 'other' }), null);
      await auditSinks.release('webhook', 'one');
      assert.ok((await auditSinks.take({ ...lease, holder: 'other' })) !== null);
      await appendEvents(stores, 2);
      assert.equal(await auditSinks.forget('webhook'), true);
      assert.equal(await auditSinks.forget('webhook'), false);
      assert.equal(await auditSinks.countWaiting(['webhook']), 0);
      const again = await auditSinks.take({ ...lease, holder: 'one' });
      assert.equal(again?.lastSeq, 5);
    });
  });
});
