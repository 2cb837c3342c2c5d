/**
 * What operators see of a gateway at work: health, metrics under the names that their dashboards
 * rely on, and refusals in the audit trail (G1, G2).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { type FakeUpstream, startFakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { type Enrolled, enrollAtSignIn } from '../support/http-verbs.ts';
import { startRedis, type ThrowAwayServer } from '../support/servers.ts';
import { passwordOf, startGateway, type TestGateway } from '../support/start-gateway.ts';

const clock = fixedClock();
let upstream: FakeUpstream;
let redis: ThrowAwayServer;
let gateway: TestGateway;
let anna: Enrolled;

before(async () => {
  upstream = await startFakeUpstream();
  redis = await startRedis();
  gateway = await startGateway({
    clock,
    settings: {
      server: { management: '127.0.0.1:0' },
      storage: {
        database: 'sqlite:./data/sallyport.db',
        sessions: redis.url.reveal(),
        encryptionKeyFile: './data/encryption.key',
      },
      audit: { allowed: 'all' },
      routes: [
        {
          name: 'console',
          path: '/console/**',
          upstream: upstream.origin,
          rules: [{ when: { path: '/console/closed' }, for: { groups: ['OTHERS'] } }, {}],
        },
      ],
    },
  });
  await gateway.addUser({ username: 'anna', groups: ['SEC-OPS'] });
  anna = await enrollAtSignIn(gateway.newClient(), {
    target: '/console/users/7',
    username: 'anna',
    password: passwordOf('anna'),
    clock,
  });
});
after(async () => {
  await gateway.close();
  await upstream.stop();
  await redis.remove();
});

describe('a gateway at work', () => {
  test('is healthy and ready, and says so by exact path only', async () => {
    // prettier-ignore
    const cases = [
      ['GET',  '/healthz',             200],
      ['HEAD', '/healthz',             200],
      ['GET',  '/readyz',              200],
      ['GET',  '/healthz/',            404],
      ['GET',  '/console/x',           404],
      ['POST', '/healthz',             405],
    ] as const;
    for (const [method, path, expected] of cases) {
      const { status } = await fetch(`${String(gateway.management)}${path}`, { method });
      assert.equal(status, expected, `${method} ${path}`);
    }
  });

  test('says nothing of itself on the public listener', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      assert.equal((await fetch(gateway.origin + path)).status, 404, path);
    }
  });

  test('counts under the names that dashboards rely on', async () => {
    await anna.client.visit('/console/closed');
    const metrics = await metricsOf(gateway);

    // prettier-ignore
    const expected = [
      ['sallyport_decisions_total{decision="allow",reason="assurance-met",route="console"}', 1],
      ['sallyport_decisions_total{decision="deny",reason="not-admitted",route="console"}',    1],
      ['sallyport_decisions_total{decision="sign-in",reason="not-signed-in",route="console"}', 1],
      ['sallyport_authentications_total{method="password",outcome="success"}',               1],
      ['sallyport_authentications_total{method="totp",outcome="success"}',                   1],
      ['sallyport_upstream_duration_seconds_count{route="console"}',                         1],
      ['sallyport_audit_events_total{type="authenticator.enrolled",severity="notice"}',      1],
      ['sallyport_active_sessions',                                                          1],
      ['sallyport_open_streams',                                                             0],
      ['sallyport_store_errors_total',                                                       0],
    ] as const;
    assert.deepEqual(
      expected.map(([name]) => [name, metrics.get(name)]),
      expected.map(([name, count]) => [name, count]),
    );
    assert.ok((metrics.get('sallyport_request_duration_seconds_count{route="console"}') ?? 0) > 2);
  });

  test('keeps refusals in the audit trail, and what passed where that is asked for', async () => {
    await anna.client.visit('/console/closed');
    const denied = await auditedEvent('request.denied');
    const allowed = await auditedEvent('request.allowed');

    const { requestId, session, previousHash: _before, hash: _hash, id: _id, ...rest } = denied;
    assert.match(requestId ?? '', /^req_/);
    assert.match(session ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      at: clock.now(),
      type: 'request.denied',
      severity: 'notice',
      actor: 'anna',
      subject: denied.subject,
      tenant: 'default',
      ip: '127.0.0.1',
      userAgent: '',
      details: {
        door: 'http',
        method: 'GET',
        host: '127.0.0.1',
        path: '/console/closed',
        route: 'console',
        rule: 'console#1',
        reason: 'not-admitted',
      },
    });
    assert.equal(allowed.details['path'], '/console/users/7');
  });
});

describe('a gateway whose sessions are gone', () => {
  test('is alive, not ready, lets nobody through, and counts it', async () => {
    await redis.kill();

    assert.equal((await anna.client.visit('/console/users/7')).status, 503);
    assert.equal((await anna.client.visit('/_mfa/account')).status, 503);
    assert.equal((await fetch(`${String(gateway.management)}/healthz`)).status, 200);
    assert.equal((await fetch(`${String(gateway.management)}/readyz`)).status, 503);
    const metrics = await metricsOf(gateway);
    assert.ok((metrics.get('sallyport_store_errors_total') ?? 0) >= 2);
  });
});

/** The metrics by name, with their labels as they are written. */
async function metricsOf({ management }: TestGateway): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${String(management)}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const split = line.lastIndexOf(' ');
      return [line.slice(0, split), Number(line.slice(split + 1))];
    }),
  );
}

/** The first event of a type; refusals are written in batches, a moment after the answer. */
async function auditedEvent(type: AuditEvent['type']): Promise<AuditEvent> {
  const { audit } = gateway.composition.flows.stores;
  for (let tries = 0; tries < 100; tries += 1) {
    for await (const event of audit.read({ since: null })) if (event.type === type) return event;
    await sleep(50);
  }
  return assert.fail(`no ${type} was written`);
}
