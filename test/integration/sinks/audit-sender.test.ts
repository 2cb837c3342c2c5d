/** The audit trail on its way to sinks: everything, in order, once, for as long as nothing breaks. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { AuditTrailSettings } from '../../../src/config/config.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { Secret } from '../../../src/platform/secret.ts';
import type { SqlDatabase } from '../../../src/stores/sql/database.ts';
import {
  appendEvents,
  auditSenderAtWork,
  trailOf,
  type AuditSenderAtWork,
} from '../../support/audit-sender-at-work.ts';
import { fixedClock, type FixedClock } from '../../support/fixed-clock.ts';
import { noHurry } from '../../support/outbox-at-work.ts';
import { startCollector, type TestCollector } from '../../support/syslog-collector.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { openThrowAwayDatabase } from '../../support/throw-away-database.ts';
import { untilTrue } from '../../support/until-true.ts';
import { startReceiver, type TestReceiver } from '../../support/webhook-receiver.ts';

let folder: TemporaryFolder;
let database: SqlDatabase;
let clock: FixedClock;
let collector: TestCollector;
let receiver: TestReceiver;
let senders: AuditSenderAtWork[];

beforeEach(async () => {
  folder = temporaryFolder();
  clock = fixedClock();
  const file = path.join(folder.path, 'audit.db');
  database = await openThrowAwayDatabase({ kind: 'sqlite', file }, systemRandom);
  collector = await startCollector();
  receiver = await startReceiver();
  senders = [];
});
afterEach(async () => {
  for (const sender of senders) await sender.stop(AbortSignal.abort());
  await collector.close();
  await receiver.close();
  await database.close();
  folder.remove();
});

async function startSending(
  settings: () => Partial<AuditTrailSettings>,
): Promise<AuditSenderAtWork> {
  const sender = auditSenderAtWork({ stores: database.stores, clock, settings });
  senders.push(sender);
  await sender.look();
  return sender;
}

const toSyslog = () => ({ syslog: collector.settings() });
const toWebhook = () => ({ webhook: receiver.settings() });
const toBoth = () => ({ ...toSyslog(), ...toWebhook() });

async function sinkNamed(name: string) {
  const sinks = await database.stores.auditSinks.list();
  return sinks.find(({ sink }) => sink === name);
}

/** Looks until nothing waits for anybody; time goes on meanwhile. */
async function untilNothingWaits(sender: AuditSenderAtWork): Promise<void> {
  await untilTrue(async () => {
    clock.advance(5);
    await sender.look();
    return (await database.stores.auditSinks.list()).every(({ waiting }) => waiting === 0);
  });
}

describe('sending on', () => {
  test('hands every event to every sink, in the order of the chain', async () => {
    const sender = await startSending(toBoth);
    const ids = await appendEvents(database.stores, 1203);
    await sender.look();
    await collector.untilMessages(1203);

    assert.deepEqual(collector.ids(), ids);
    assert.deepEqual(receiver.taken(), ids);
    assert.deepEqual(
      receiver.deliveries.map((delivery) => delivery.ids.length),
      [500, 500, 203],
    );
    assert.equal((await sinkNamed('syslog'))?.waiting, 0);
    assert.equal((await sinkNamed('webhook'))?.handedOverAt, clock.now());
  });

  test('begins with what comes after a sink was configured', async () => {
    await appendEvents(database.stores, 5);
    const sender = await startSending(toSyslog);
    const ids = await appendEvents(database.stores, 2);
    await sender.look();
    await collector.untilMessages(2);
    assert.deepEqual(collector.ids(), ids);
  });

  test('goes on after a restart where it stopped, without telling anything twice', async () => {
    const first = await startSending(toBoth);
    const before = await appendEvents(database.stores, 20);
    await first.look();
    await first.stop(noHurry);
    const between = await appendEvents(database.stores, 20);
    const second = await startSending(toBoth);
    const after = await appendEvents(database.stores, 20);
    await second.look();
    await collector.untilMessages(60);

    assert.deepEqual(collector.ids(), [...before, ...between, ...after]);
    assert.deepEqual(receiver.taken(), [...before, ...between, ...after]);
  });

  test('hands over at its end what came shortly before', async () => {
    const sender = await startSending(toBoth);
    const ids = await appendEvents(database.stores, 7);
    await sender.stop(noHurry);
    assert.deepEqual(collector.ids(), ids);
    assert.deepEqual(receiver.taken(), ids);
  });

  test('leaves one sink alone while another is away', async () => {
    const sender = await startSending(toBoth);
    await collector.goDown();
    const ids = await appendEvents(database.stores, 10);
    await sender.look();
    assert.deepEqual(receiver.taken(), ids);
    assert.equal((await sinkNamed('syslog'))?.waiting, 10);
    await collector.comeBack();
    await untilNothingWaits(sender);
    await collector.untilMessages(10);
    assert.deepEqual(collector.ids(), ids);
  });
});

describe('a reload', () => {
  test('adds a sink from then on and takes one away', async () => {
    let settings: Partial<AuditTrailSettings> = toSyslog();
    const sender = await startSending(() => settings);
    const first = await appendEvents(database.stores, 3);
    await sender.look();
    settings = toWebhook();
    await sender.look();
    const second = await appendEvents(database.stores, 3);
    await sender.look();

    await collector.untilMessages(3);
    assert.deepEqual(collector.ids(), first);
    assert.deepEqual(receiver.taken(), second);
    assert.equal(collector.open(), 0, 'the connection was closed');
  });

  test('leads to another collector without a gap', async () => {
    const other = await startCollector();
    let settings: Partial<AuditTrailSettings> = toSyslog();
    const sender = await startSending(() => settings);
    const first = await appendEvents(database.stores, 3);
    await sender.look();
    await collector.untilMessages(3);
    await collector.goDown();
    const second = await appendEvents(database.stores, 3);
    await sender.look();
    settings = { syslog: other.settings() };
    await sender.look();
    await untilNothingWaits(sender);
    await untilTrue(() => other.ids().at(-1) === second.at(-1));

    assert.deepEqual(collector.ids(), first);
    // What the first one may not have read is told to the other again.
    assert.deepEqual(other.ids().slice(-3), second);
    await other.close();
  });

  test('with another secret signs by it, and waits no longer', async () => {
    let secret = 'the wrong secret of all';
    const sender = await startSending(() => ({
      webhook: receiver.settings({ secret: new Secret(secret) }),
    }));
    receiver.answer(({ headers }) => ({
      status: String(headers['sallyport-signature']).includes('v1=') && isRight() ? 204 : 401,
    }));
    const isRight = (): boolean => secret === 'the right secret of all';
    const ids = await appendEvents(database.stores, 1);
    await sender.look();
    assert.deepEqual(receiver.taken(), []);
    secret = 'the right secret of all';
    await sender.look();
    assert.deepEqual(receiver.taken().slice(0, 1), ids);
  });
});

describe('a sink that fails', () => {
  test('is tried again later and later, and at once after it was put right', async () => {
    receiver.answer(() => ({ status: 503 }));
    const sender = await startSending(toWebhook);
    await appendEvents(database.stores, 1);
    await sender.look();
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const before = receiver.deliveries.length;
      clock.advance(seconds - 0.5);
      await sender.look();
      assert.equal(receiver.deliveries.length, before, `too early: ${String(seconds)} s`);
      clock.advance(0.5);
      await sender.look();
      assert.equal(receiver.deliveries.length, before + 1, `too late: ${String(seconds)} s`);
    }
  });

  test('that refuses is tried slowly', async () => {
    receiver.answer(() => ({ status: 403 }));
    const sender = await startSending(toWebhook);
    await appendEvents(database.stores, 1);
    await sender.look();
    for (const seconds of [60, 120, 240, 300, 300]) {
      const before = receiver.deliveries.length;
      clock.advance(seconds - 1);
      await sender.look();
      assert.equal(receiver.deliveries.length, before);
      clock.advance(1);
      await sender.look();
      assert.equal(receiver.deliveries.length, before + 1);
    }
  });

  test('is left alone for as long as it asks', async () => {
    receiver.answer(() => ({ status: 429, headers: { 'retry-after': '120' } }));
    const sender = await startSending(toWebhook);
    const ids = await appendEvents(database.stores, 1);
    await sender.look();
    receiver.answer(() => ({ status: 204 }));
    clock.advance(119);
    await sender.look();
    assert.deepEqual(receiver.taken(), []);
    clock.advance(3);
    await sender.look();
    assert.deepEqual(receiver.taken().slice(0, 1), ids);
  });

  test('gets the same delivery again, though more waits by then', async () => {
    receiver.answer(() => ({ status: 500 }));
    const sender = await startSending(toWebhook);
    const first = await appendEvents(database.stores, 3);
    await sender.look();
    const second = await appendEvents(database.stores, 3);
    receiver.answer(() => ({ status: 204 }));
    clock.advance(1);
    await sender.look();

    const [failed, again, next] = receiver.deliveries;
    assert.deepEqual(again?.ids, first);
    assert.equal(again?.headers['idempotency-key'], failed?.headers['idempotency-key']);
    assert.deepEqual(next?.ids, second);
  });

  test('that finds a delivery too large gets less at once', async () => {
    receiver.answer(({ ids }) => ({ status: ids.length > 100 ? 413 : 204 }));
    const sender = await startSending(toWebhook);
    const ids = await appendEvents(database.stores, 700);
    await untilNothingWaits(sender);
    assert.deepEqual(receiver.taken(), ids);
  });

  test('is named with what is wrong, since when, and no more once it is right', async () => {
    receiver.answer(() => ({ status: 503 }));
    const sender = await startSending(toWebhook);
    await appendEvents(database.stores, 4);
    await sender.look();
    const since = clock.now();
    clock.advance(1);
    await sender.look();
    const trouble = { since, failure: `${receiver.origin} answered 503` };
    assert.deepEqual(await sinkNamed('webhook'), {
      sink: 'webhook',
      waiting: 4,
      handedOverAt: null,
      trouble,
    });
    receiver.answer(() => ({ status: 204 }));
    clock.advance(2);
    await sender.look();
    assert.deepEqual(await sinkNamed('webhook'), {
      sink: 'webhook',
      waiting: 0,
      handedOverAt: clock.now(),
      trouble: null,
    });
    assert.deepEqual(sender.outcomes, [
      'webhook failed 0',
      'webhook failed 0',
      'webhook handed-over 4',
    ]);
  });

  test('for a minute is an event of the trail itself, once', async () => {
    receiver.answer(() => ({ status: 503 }));
    const sender = await startSending(toWebhook);
    await appendEvents(database.stores, 1);
    for (let tries = 0; tries < 8; tries += 1) {
      await sender.look();
      clock.advance(30);
    }
    const events = await Array.fromAsync(database.stores.audit.read({ since: null }));
    const told = events.filter(({ type }) => type === 'audit.sink-failed');
    assert.deepEqual(
      told.map(({ severity, actor, details }) => ({ severity, actor, details })),
      [
        {
          severity: 'warning',
          actor: 'system',
          details: {
            sink: 'webhook',
            failure: `${receiver.origin} answered 503`,
            since: '2026-03-02T12:00:00.000Z',
            changesRefused: false,
          },
        },
      ],
    );
    receiver.answer(() => ({ status: 204 }));
    await untilNothingWaits(sender);
    assert.deepEqual(receiver.taken(), await trailOf(database.stores));
  });
});

describe('a sink that is forgotten', () => {
  test('begins anew at the end of the trail', async () => {
    receiver.answer(() => ({ status: 403 }));
    const sender = await startSending(toWebhook);
    await appendEvents(database.stores, 50);
    await sender.look();
    assert.equal(await database.stores.auditSinks.forget('webhook'), true);
    receiver.answer(() => ({ status: 204 }));
    clock.advance(60);
    await sender.look();
    assert.deepEqual(receiver.taken(), []);
    const ids = await appendEvents(database.stores, 2);
    await sender.look();
    assert.deepEqual(receiver.taken(), ids);
  });
});
