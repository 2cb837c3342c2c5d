/** What a syslog collector gets over TCP and TLS, and what one that cannot be trusted gets. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import type { SyslogSettings } from '../../../src/config/config.ts';
import { auditFormats } from '../../../src/core/audit-formats.ts';
import type { AuditEventId } from '../../../src/core/ids.ts';
import { SinkFailure, type AuditSink } from '../../../src/sinks/sink.ts';
import { syslogSink, type SyslogPatience } from '../../../src/sinks/syslog.ts';
import type { NumberedEvent } from '../../../src/stores/types/audit-trail.ts';
import { anEvent } from '../../support/audit-events.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { freePort } from '../../support/listening.ts';
import { startBlackHole } from '../../support/servers.ts';
import { startCollector, type TestCollector } from '../../support/syslog-collector.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import {
  makeAuthority,
  type TestAuthority,
  type TestCertificate,
} from '../../support/throw-away-authority.ts';
import { untilTrue } from '../../support/until-true.ts';

const clock = fixedClock();
const never = new AbortController().signal;
const quick = { connectMilliseconds: 500, stallMilliseconds: 300, farewellMilliseconds: 300 };

let collector: TestCollector;
let sink: AuditSink | null = null;

afterEach(async () => {
  await sink?.close();
  sink = null;
  await collector.close();
});

function sinkTo(settings: SyslogSettings, patience: Partial<SyslogPatience> = quick): AuditSink {
  sink = syslogSink(settings, {
    clock,
    hostname: () => 'id.example.com',
    processId: 4711,
    patience,
  });
  return sink;
}

/** Events numbered from `from` on; the id says the number. */
function numbered(from: number, count: number, padding = ''): readonly NumberedEvent[] {
  return Array.from({ length: count }, (_, at) => ({
    seq: from + at,
    event: anEvent({ id: `evt_${String(from + at)}` as AuditEventId, userAgent: padding }),
  }));
}

function idsOf(events: readonly NumberedEvent[]): readonly string[] {
  return events.map(({ event }) => event.id);
}

async function refusalOf(delivery: Promise<void>): Promise<SinkFailure> {
  const refusal: unknown = await delivery.then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  );
  assert.ok(refusal instanceof SinkFailure);
  return refusal;
}

describe('over TCP', () => {
  test('events come whole and in their order, over one connection', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings());
    const [first, second] = [numbered(1, 3), numbered(4, 2)];
    await to.deliver(first, never);
    await to.deliver(second, never);
    await collector.untilMessages(5);

    assert.deepEqual(collector.ids(), idsOf([...first, ...second]));
    assert.equal(collector.connections(), 1);
    const [message] = collector.messages;
    assert.equal(message?.hostname, 'id.example.com');
    assert.equal(message?.processId, '4711');
    assert.equal(message?.facility, 13);
    assert.equal(message?.text, auditFormats.jsonl.line(first[0]?.event ?? anEvent()));
  });

  test('a collector that is not there is said to be so', async () => {
    collector = await startCollector();
    const port = await freePort();
    const refusal = await refusalOf(
      sinkTo(collector.settings({ port })).deliver(numbered(1, 1), never),
    );
    assert.equal(
      refusal.message,
      `tcp://127.0.0.1:${String(port)} cannot be written to (ECONNREFUSED)`,
    );
    assert.equal(refusal.kind, 'unreachable');
  });

  test('a connection is made anew when the collector closed it, and what was read stays read', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings());
    await to.deliver(numbered(1, 1), never);
    await collector.untilMessages(1);
    clock.advance(10);
    collector.hangUp('closed');
    await untilTrue(() => collector.open() === 0);
    await to.deliver(numbered(2, 1), never);
    await collector.untilMessages(2);
    assert.equal(collector.connections(), 2);
    assert.deepEqual(collector.ids(), ['evt_1', 'evt_2']);
    assert.equal(to.takeDoubt(), null);
  });

  test('what a collector may not have read before it closed is in doubt', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings());
    await to.deliver(numbered(1, 1), never);
    clock.advance(10);
    await to.deliver(numbered(2, 3), never);
    await to.deliver(numbered(5, 1), never);
    await collector.untilMessages(5);
    clock.advance(2);
    collector.hangUp('closed');
    const doubt = await nextDoubt(to);
    assert.equal(doubt, 1, 'the last that surely arrived');
    assert.equal(to.takeDoubt(), null, 'a doubt is told once');
  });

  test('a collector that was killed may have read nothing for long', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings());
    await to.deliver(numbered(7, 1), never);
    clock.advance(900);
    await to.deliver(numbered(8, 1), never);
    await collector.untilMessages(2);
    clock.advance(30);
    collector.hangUp('killed');
    assert.equal(await nextDoubt(to), 6);
  });

  test('a collector that stops reading is noticed, and nothing that it left is counted', async () => {
    collector = await startCollector();
    collector.behave('reads-nothing');
    const to = sinkTo(collector.settings());
    let seq = 1;
    let refusal: SinkFailure | null = null;
    while (refusal === null) {
      const events = numbered(seq, 500, 'x'.repeat(512));
      refusal = await to.deliver(events, never).then(
        () => null,
        (error: unknown) => error as SinkFailure,
      );
      seq += 500;
      assert.ok(seq < 100_000, 'it takes everything');
    }
    assert.match(refusal.message, /takes nothing any more$/);
    assert.equal(to.takeDoubt(), 0, 'all of it is to be handed over again');
  });

  test('a collector that reads slowly gets everything', async () => {
    collector = await startCollector();
    collector.behave({ lags: 20 });
    const to = sinkTo(collector.settings(), { ...quick, stallMilliseconds: 2000 });
    const events = numbered(1, 2000, 'x'.repeat(512));
    await to.deliver(events, never);
    await collector.untilMessages(2000);
    assert.deepEqual(collector.ids(), idsOf(events));
  });

  test('half a message is no message: its event is in doubt', async () => {
    collector = await startCollector();
    collector.behave({ closesAfterOctets: 1000 });
    const to = sinkTo(collector.settings());
    await to.deliver(numbered(1, 5), never).catch(() => undefined);
    assert.equal(await nextDoubt(to), 0);
    assert.ok(collector.messages.length < 5);
  });

  test('a delivery ends at once when it is told to', async () => {
    collector = await startCollector();
    const hole = await startBlackHole();
    const stopping = new AbortController();
    const settings = collector.settings({ port: hole.port, isTls: true, host: 'localhost' });
    const delivery = sinkTo(settings, { connectMilliseconds: 60_000 }).deliver(
      numbered(1, 1),
      stopping.signal,
    );
    setTimeout(() => stopping.abort(), 50);
    await refusalOf(delivery);
    await hole.stop();
  });

  test('the end is in good order: a collector that has read everything leaves no doubt', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings());
    await to.deliver(numbered(1, 50), never);
    await to.close();
    assert.equal(to.takeDoubt(), null);
    assert.equal(collector.messages.length, 50);

    collector.behave('reads-nothing');
    await to.deliver(numbered(51, 1), never);
    await to.close();
    assert.equal(to.takeDoubt(), 50);
  });
});

describe('over TLS', () => {
  let folder: TemporaryFolder;
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let certificate: TestCertificate;

  before(async () => {
    folder = temporaryFolder();
    authority = await makeAuthority(folder.path);
    stranger = await makeAuthority(folder.path, 'stranger');
    certificate = await authority.certify(['DNS:localhost', 'IP:127.0.0.1']);
  });
  after(() => folder.remove());

  for (const host of ['localhost', '127.0.0.1']) {
    test(`events come to ${host} where its certificate leads to the authority`, async () => {
      collector = await startCollector(certificate);
      const to = sinkTo(collector.settings({ host, certificates: authority.cert }));
      await to.deliver(numbered(1, 3), never);
      await collector.untilMessages(3);
      assert.deepEqual(collector.ids(), ['evt_1', 'evt_2', 'evt_3']);
      await to.close();
      assert.equal(to.takeDoubt(), null);
    });
  }

  test('a certificate of another authority gets nothing', async () => {
    collector = await startCollector(certificate);
    const to = sinkTo(collector.settings({ host: 'localhost', certificates: stranger.cert }));
    const { message } = await refusalOf(to.deliver(numbered(1, 1), never));
    assert.match(message, /^tls:\/\/localhost:\d+ cannot be written to \([A-Z_]+\)$/);
    assert.equal(collector.messages.length, 0);
  });

  test('a certificate that only its own authority vouches for gets nothing by default', async () => {
    collector = await startCollector(certificate);
    const to = sinkTo(collector.settings({ host: 'localhost' }));
    await refusalOf(to.deliver(numbered(1, 1), never));
    assert.equal(collector.messages.length, 0);
  });

  test('a certificate for another name gets nothing', async () => {
    collector = await startCollector(await authority.certify(['DNS:elsewhere.example']));
    const to = sinkTo(collector.settings({ host: 'localhost', certificates: authority.cert }));
    const { message } = await refusalOf(to.deliver(numbered(1, 1), never));
    assert.match(message, /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.equal(collector.messages.length, 0);
  });

  test('a collector that speaks no TLS gets nothing', async () => {
    collector = await startCollector();
    const to = sinkTo(collector.settings({ isTls: true, certificates: authority.cert }));
    collector.behave('reads-nothing');
    await refusalOf(to.deliver(numbered(1, 1), never));
  });
});

async function nextDoubt(to: AuditSink): Promise<number> {
  let doubt: number | null = null;
  await untilTrue(() => {
    doubt = to.takeDoubt();
    return doubt !== null;
  });
  assert.ok(doubt !== null);
  return doubt;
}
