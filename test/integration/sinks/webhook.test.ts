/** Deliveries to a webhook: signed, known again when they come twice, and taken only by a 2xx. */

import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { after, afterEach, before, describe, test } from 'node:test';
import tls from 'node:tls';

import type { WebhookSettings } from '../../../src/config/config.ts';
import { auditFormats } from '../../../src/core/audit-formats.ts';
import type { AuditEventId } from '../../../src/core/ids.ts';
import { SinkFailure } from '../../../src/sinks/sink.ts';
import { webhookSink } from '../../../src/sinks/webhook.ts';
import type { NumberedEvent } from '../../../src/stores/types/audit-trail.ts';
import { anEvent } from '../../support/audit-events.ts';
import { fixedClock, NOON } from '../../support/fixed-clock.ts';
import { freePort, listening } from '../../support/listening.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeAuthority } from '../../support/throw-away-authority.ts';
import {
  startReceiver,
  verifiedAt,
  type Delivery,
  type TestReceiver,
} from '../../support/webhook-receiver.ts';

const clock = fixedClock();
const never = new AbortController().signal;
const events: readonly NumberedEvent[] = [1, 2, 3].map((seq) => ({
  seq,
  event: anEvent({ id: `evt_${String(seq)}` as AuditEventId, actor: 'Zoë' }),
}));

let receiver: TestReceiver;
before(async () => {
  receiver = await startReceiver();
});
afterEach(() => {
  receiver.answer(() => ({ status: 204 }));
  receiver.forget();
});
after(() => receiver.close());

async function deliver(settings: WebhookSettings = receiver.settings()): Promise<void> {
  const sink = webhookSink(settings, { clock, timeoutMilliseconds: 400 });
  await sink.deliver(events, never);
}

async function refusal(settings?: WebhookSettings): Promise<SinkFailure> {
  const error: unknown = await deliver(settings).then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SinkFailure, String(error));
  return error;
}

/** How long a receiver that says so is left alone. */
async function asked(retryAfter: string): Promise<number | null> {
  receiver.answer(() => ({ status: 429, headers: { 'retry-after': retryAfter } }));
  return (await refusal()).retryAfterSeconds;
}

function only(deliveries: readonly Delivery[]): Delivery {
  const [first] = deliveries;
  assert.ok(first !== undefined && deliveries.length === 1);
  return first;
}

describe('a delivery', () => {
  test('holds the events as an export does, oldest first', async () => {
    await deliver();
    const { method, path, headers, body } = only(receiver.deliveries);
    assert.deepEqual(
      [method, path, headers['content-type']],
      ['POST', '/events', 'application/json'],
    );
    const lines = events.map(({ event }) => auditFormats.jsonl.line(event));
    assert.equal(body, `{"events":[${lines.join(',')}]}`);
  });

  test('is signed with its time, and with the secret that both know', async () => {
    await deliver();
    const delivery = only(receiver.deliveries);
    assert.equal(verifiedAt(delivery), NOON);
    assert.equal(verifiedAt(delivery, 'another secret'), null);
    assert.equal(verifiedAt({ ...delivery, body: delivery.body.replace('evt_1', 'evt_9') }), null);
  });

  test('has the same key when it is tried again, and a new signature', async () => {
    receiver.answer(() => ({ status: 500 }));
    await refusal();
    clock.advance(60);
    receiver.answer(() => ({ status: 200 }));
    await deliver();
    const [first, second] = receiver.deliveries;
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.headers['idempotency-key'], 'evt_1-evt_3');
    assert.equal(second.headers['idempotency-key'], 'evt_1-evt_3');
    assert.equal(verifiedAt(second), clock.now());
    assert.notEqual(verifiedAt(first), verifiedAt(second));
  });
});

describe('an answer', () => {
  for (const status of [200, 201, 202, 204]) {
    test(`of ${status} is a receipt`, async () => {
      receiver.answer(() => ({ status }));
      await deliver();
      assert.equal(receiver.deliveries.length, 1);
    });
  }

  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    test(`of ${status} means later`, async () => {
      receiver.answer(() => ({ status }));
      const { kind, message } = await refusal();
      assert.equal(kind, 'unreachable');
      assert.equal(message, `${receiver.origin} answered ${status}`);
    });
  }

  for (const status of [400, 401, 403, 404, 410, 422]) {
    test(`of ${status} is a refusal`, async () => {
      receiver.answer(() => ({ status }));
      assert.equal((await refusal()).kind, 'refused');
    });
  }

  test('of 413 asks for less', async () => {
    receiver.answer(() => ({ status: 413 }));
    assert.equal((await refusal()).kind, 'too-large');
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`of ${status} leads nowhere`, async () => {
      const elsewhere = `${receiver.origin}/elsewhere`;
      receiver.answer(() => ({ status, headers: { location: elsewhere } }));
      const { kind, message } = await refusal();
      assert.equal(kind, 'refused');
      assert.equal(message, `${receiver.origin} answered ${status}, and is not followed`);
      assert.equal(only(receiver.deliveries).path, '/events');
    });
  }

  test('says when to come again, in seconds or as a date', async () => {
    assert.equal(await asked('120'), 120);
    assert.equal(await asked(new Date(clock.now() + 90_000).toUTCString()), 90);
    assert.equal(await asked(new Date(clock.now() - 90_000).toUTCString()), 0);
    assert.equal(await asked('soon'), null);
    assert.equal(await asked('-5'), null);
  });

  test('that never ends costs nothing', async () => {
    receiver.answer(() => ({ status: 200, isEndless: true }));
    const before = process.memoryUsage().rss;
    for (let times = 0; times < 20; times += 1) await deliver();
    assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
    assert.equal(receiver.deliveries.length, 20);
  });

  test('that never comes ends in time', async () => {
    receiver.answer(() => ({ status: null }));
    const { kind, message } = await refusal();
    assert.deepEqual([kind, message], ['unreachable', `${receiver.origin} does not answer`]);
  });
});

describe('what is said of trouble', () => {
  test('holds neither path, query nor secret', async () => {
    receiver.answer(() => ({ status: 403 }));
    const url = `${receiver.origin}/events/hunter2?token=hunter2`;
    const { message, cause } = await refusal(receiver.settings({ url }));
    assert.doesNotMatch(`${message} ${String(cause)}`, /hunter2|a-secret-of-the-receiver/);
  });

  test('names why a receiver cannot be reached', async () => {
    const origin = `http://127.0.0.1:${String(await freePort())}`;
    const { message } = await refusal(receiver.settings({ url: `${origin}/x` }));
    assert.equal(message, `${origin} cannot be reached (ECONNREFUSED)`);
  });
});

describe('over https', () => {
  const folder = temporaryFolder();
  after(() => {
    tls.setDefaultCACertificates(tls.getCACertificates('bundled'));
    folder.remove();
  });

  test('a receiver that nobody vouches for gets nothing', async () => {
    const authority = await makeAuthority(folder.path);
    let received = 0;
    const server = createServer(await authority.certify(['DNS:localhost']), (req, res) => {
      received += 1;
      req.resume();
      res.end();
    });
    const { port } = await listening(server);
    const settings = receiver.settings({ url: `https://localhost:${String(port)}/events` });
    const { message } = await refusal(settings);
    assert.match(message, /cannot be reached \([A-Z_]+\)$/);
    assert.equal(received, 0);

    tls.setDefaultCACertificates([authority.cert]);
    await deliver(settings);
    assert.equal(received, 1);
    server.closeAllConnections();
    server.close();
  });
});
