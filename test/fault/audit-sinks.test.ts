/**
 * Collectors of the audit trail that are away (F12). What must be audited is refused while too much
 * waits and nothing of it happens (G12); what is proxied passes or not, as the operator says; and
 * all is well again without a restart.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';

import { createLog } from '../../src/platform/log.ts';
import { AuditTrailFull } from '../../src/stores/types.ts';
import { ask } from '../support/ask.ts';
import { aNewEvent } from '../support/audit-events.ts';
import { installation, runCommand, type Installation } from '../support/command.ts';
import { type FakeUpstream, startFakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock, type FixedClock } from '../support/fixed-clock.ts';
import { enrollAtSignIn, signIn } from '../support/http-verbs.ts';
import { start, type Running } from '../support/run.ts';
import { startBlackHole } from '../support/servers.ts';
import { projectFolder } from '../support/source-files.ts';
import { passwordOf, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { startCollector, type TestCollector } from '../support/syslog-collector.ts';
import { untilTrue } from '../support/until-true.ts';
import { startReceiver, type TestReceiver } from '../support/webhook-receiver.ts';

const limit = 100;

let upstream: FakeUpstream;
before(async () => {
  upstream = await startFakeUpstream();
});
after(() => upstream.stop());

describe('too many audit events wait (F12, G12)', () => {
  let receiver: TestReceiver;
  let clock: FixedClock;
  let gateway: TestGateway;

  afterEach(async () => {
    await gateway.close();
    await receiver.close();
  });

  async function open(
    whenFull: 'pass' | 'refuse',
    log = createLog({ level: 'silent', destination: 2 }),
  ) {
    receiver = await startReceiver();
    clock = fixedClock();
    const settings = receiver.settings();
    gateway = await startGateway({
      clock,
      log,
      settings: {
        server: { management: '127.0.0.1:0', trustedProxies: ['127.0.0.1'] },
        audit: {
          webhook: { url: settings.url, secret: settings.secret.reveal() },
          waiting: limit,
          whenFull,
        },
        routes: [
          {
            name: 'console',
            path: '/console/**',
            upstream: upstream.origin,
            rules: [
              { when: { path: '/console/public/**' }, effect: 'public' },
              { when: { path: '/console/closed' }, effect: 'deny' },
              {},
            ],
          },
        ],
      },
    });
    await gateway.addUser({ username: 'anna', groups: ['SEC-OPS'] });
    await gateway.addUser({ username: 'ben', groups: [] });
  }

  /** The receiver goes away, and more happens than may wait. */
  async function fillUp(): Promise<void> {
    const { auditSender, flows } = gateway.composition;
    await auditSender.look();
    receiver.answer(() => ({ status: 503 }));
    const events = Array.from({ length: limit + 1 }, () => aNewEvent({ type: 'request.denied' }));
    await flows.stores.audit.appendAll(events);
    await auditSender.look();
  }

  async function recover(): Promise<void> {
    receiver.answer(() => ({ status: 204 }));
    await untilTrue(async () => {
      clock.advance(30);
      await gateway.composition.auditSender.look();
      const sinks = await gateway.composition.flows.stores.auditSinks.list();
      return sinks.every(({ waiting }) => waiting === 0);
    });
  }

  /** What nobody may change meanwhile. */
  async function everything(): Promise<unknown> {
    const { stores, sessions } = gateway.composition.flows;
    const users = await stores.users.list({ after: null, limit: 100 });
    return Promise.all(
      users.map(async (user) => ({
        user,
        hash: await stores.users.passwordHashOf(user.id),
        authenticators: await stores.authenticators.listOfUser(user.id),
        codes: await stores.recoveryCodes.countLeft(user.id),
        sessions: (await sessions.listOfUser(user.id, clock.now())).map(({ key }) => key),
        devices: await stores.devices.listOfUser(user.id),
      })),
    );
  }

  test('nobody signs in, nothing changes, and the answer says to come again', async () => {
    await open('pass');
    await fillUp();
    const before = await everything();
    for (const password of [passwordOf('anna'), 'wrong-password-of-hers']) {
      const client = gateway.newClient();
      const answer = await signIn(client, { target: '/_mfa/account', username: 'anna', password });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['sallyport-response'], 'store-unavailable');
      assert.ok(Number(answer.headers['retry-after']) > 0);
      assert.equal(client.cookie('sallyport'), null);
    }
    assert.deepEqual(await everything(), before);
    await recover();
    const again = await signIn(gateway.newClient(), {
      target: '/_mfa/account',
      username: 'anna',
      password: passwordOf('anna'),
    });
    assert.equal(again.status, 200);
  });

  test('whoever is signed in changes nothing of their account', async () => {
    await open('pass');
    const target = '/_mfa/account';
    const password = passwordOf('anna');
    const { client, landed } = await enrollAtSignIn(gateway.newClient(), {
      target,
      username: 'anna',
      password,
      clock,
    });
    assert.equal(landed.status, 200);
    await fillUp();
    const before = await everything();
    const page = await client.open(target);
    assert.equal(page.status, 200, 'looking is no change');
    const signedOut = await client.submit(page, {}, '/_mfa/sign-out');
    assert.equal(signedOut.status, 503);
    assert.deepEqual(await everything(), before);
    await recover();
    assert.equal((await client.submit(page, {}, '/_mfa/sign-out')).status, 200);
  });

  test('a command changes nothing either, and says why', async () => {
    await open('pass');
    await fillUp();
    const at = installationOf(gateway);
    const before = await everything();
    const answer = await at.run('user disable ben');
    assert.equal(answer.code, 1);
    assert.match(
      answer.stderr,
      /nothing was changed: too many audit events wait for a collector; see sallyport audit sinks/,
    );
    assert.deepEqual(await everything(), before);

    const listed = await at.run('audit sinks');
    assert.match(listed.stdout, /^webhook +101 +\S+ +failing since \S+: \S+ answered 503$/m);
    assert.match(listed.stdout, /More than 100 \(audit\.waiting\) wait/);
    const forgotten = await at.run('audit sinks --forget webhook');
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.equal((await at.run('user disable ben')).code, 0);
    await gateway.composition.auditSender.look();
    assert.equal(gateway.composition.auditGate.isFull(), false);
    const types = await typesIn(gateway);
    assert.deepEqual(types.slice(-2), ['settings.changed', 'user.disabled']);
  });

  test('refusals are written down all the same', async () => {
    await open('pass');
    await fillUp();
    const { status } = await gateway.newClient().call('/console/closed');
    assert.equal(status, 403);
    const { flows } = gateway.composition;
    await untilTrue(async () => {
      const events = await Array.fromAsync(flows.stores.audit.read({ since: null }));
      return events.some(({ details }) => details['path'] === '/console/closed');
    });
  });

  test('a proxied request passes where the operator lets it', async () => {
    await open('pass');
    const { client } = await enrollAtSignIn(gateway.newClient(), {
      target: '/console/',
      username: 'anna',
      password: passwordOf('anna'),
      clock,
    });
    await fillUp();
    assert.equal((await client.call('/console/')).status, 200);
    assert.equal((await client.call('/console/public/x')).status, 200);
  });

  test('nothing passes at any door where the operator does not let it', async () => {
    await open('refuse');
    const { client } = await enrollAtSignIn(gateway.newClient(), {
      target: '/console/',
      username: 'anna',
      password: passwordOf('anna'),
      clock,
    });
    const cookie = client.cookieHeader();
    assert.deepEqual(await throughEveryDoor(cookie), [200, 200, 101, 200, 200]);
    await fillUp();
    const reached = upstream.requests.length;
    assert.deepEqual(await throughEveryDoor(cookie), [503, 503, 503, 503, 503]);
    assert.equal(upstream.requests.length, reached);
    assert.equal((await client.call('/console/closed')).status, 403, 'a no stays a no');
    const ready = await fetch(`${gateway.management ?? ''}/readyz`);
    assert.equal(ready.status, 200);
    await ready.text();

    await recover();
    assert.deepEqual(await throughEveryDoor(cookie), [200, 200, 101, 200, 200]);
  });

  /** HTTP, a public rule, an upgrade, and the two kinds of forward auth. */
  async function throughEveryDoor(cookie: string): Promise<readonly number[]> {
    const { port } = gateway.address;
    const host = new URL(gateway.origin).host;
    const headers = { host, cookie };
    const original = {
      ...headers,
      'x-forwarded-for': '10.20.0.7',
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-forwarded-uri': '/console/',
    };
    const replies = [
      await ask(port, { path: '/console/', headers }),
      await ask(port, { path: '/console/public/x', headers: { host } }),
      await upgrade(`ws://127.0.0.1:${String(port)}/console/socket`, headers),
      await ask(port, { path: '/_mfa/forward-auth', headers: original }),
      await ask(port, { path: '/_mfa/forward-auth/nginx', headers: original }),
    ];
    return replies.map(({ status }) => status);
  }

  test('it is seen in numbers and in the trail, and it is over within seconds', async () => {
    await open('pass');
    await fillUp();
    const during = await metricsOf(gateway);
    assert.match(during, /^sallyport_audit_full 1$/m);
    assert.match(during, /^sallyport_audit_waiting\{sink="webhook"\} 10\d$/m);
    assert.match(during, /^sallyport_audit_sink_failures_total\{sink="webhook"\} 1$/m);
    receiver.answer(() => ({ status: 204 }));
    // Looked at by the gateway itself, as when nobody is testing.
    const began = performance.now();
    await untilTrue(async () => {
      clock.advance(30);
      return (await metricsOf(gateway)).includes('sallyport_audit_full 0');
    });
    assert.ok(performance.now() - began < 5000);
    await recover();
    const later = await metricsOf(gateway);
    assert.match(later, /^sallyport_audit_waiting\{sink="webhook"\} 0$/m);
    assert.match(later, /^sallyport_audit_chain_ok 1$/m);
    assert.match(later, /^sallyport_audit_handed_over_timestamp_seconds\{sink="webhook"\} 1772/m);
  });

  test('an append says so by a class of its own, and only where it must be audited', async () => {
    await open('pass');
    await fillUp();
    const { audit } = gateway.composition.flows.stores;
    await assert.rejects(audit.append(aNewEvent()), AuditTrailFull);
    await audit.appendAll([aNewEvent({ type: 'request.denied' })]);
  });

  test('a sink that is taken out of the configuration blocks nothing', async () => {
    await open('refuse');
    await fillUp();
    assert.equal((await gateway.newClient().call('/console/public/x')).status, 503);
    gateway.rewrite({ audit: { waiting: limit }, routes: routesToPublic() });
    assert.ok(gateway.live.reload().ok);
    await gateway.composition.auditSender.look();
    assert.equal((await gateway.newClient().call('/console/public/x')).status, 200);
    const answer = await signIn(gateway.newClient(), {
      target: '/_mfa/account',
      username: 'anna',
      password: passwordOf('anna'),
    });
    assert.equal(answer.status, 200);
  });
});

describe('collectors that come and go (F12)', () => {
  let at: Installation;
  let collector: TestCollector;
  let running: Running | null = null;
  let hole: Awaited<ReturnType<typeof startBlackHole>> | null = null;

  afterEach(async () => {
    await running?.stop('SIGKILL');
    await collector.close();
    await hole?.stop();
    hole = null;
    at.remove();
  });

  const main = path.join(projectFolder, 'src/main.ts');

  async function serve(): Promise<Running> {
    const process = start('node', [main, 'serve', '--config', at.configFile]);
    running = process;
    await process.says(/"msg":"listening"/);
    return process;
  }

  async function open(): Promise<void> {
    collector = await startCollector();
    at = installation(configurationWith(`tcp://127.0.0.1:${String(collector.port)}`));
  }

  let people = 0;

  /** So many things that are audited; commands write them into the database of the gateway. */
  async function happen(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      people += 1;
      await add(`person-${String(people)}`);
    }
  }

  async function add(name: string): Promise<void> {
    const added = await at.run(`user add ${name} --service --networks zone-e`);
    assert.equal(added.code, 0, added.stderr);
  }

  /** The ids of the trail from the first event on that happened while the sink was known. */
  async function trail(): Promise<readonly string[]> {
    const { stdout } = await at.run('audit export');
    const lines = stdout.split('\n').filter((line) => line !== '');
    const events = lines.map((line) => JSON.parse(line) as { id: string; type: string });
    return events.filter(({ type }) => type === 'user.created').map(({ id }) => id);
  }

  /** What arrived, once each, in the order in which it came first. */
  function arrived(): readonly string[] {
    const created = collector.messages.filter(({ messageId }) => messageId === 'user.created');
    return [...new Set(created.map(({ parameters }) => parameters['id'] ?? ''))];
  }

  async function untilAllArrived(): Promise<void> {
    const ids = await trail();
    await untilTrue(() => arrived().length >= ids.length);
    assert.deepEqual(arrived(), ids);
  }

  test('a collector that is not there yet is waited for', async () => {
    await open();
    await collector.goDown();
    const gateway = await serve();
    await happen(5);
    await gateway.says(/the audit trail cannot be sent on/);
    await collector.comeBack();
    await untilAllArrived();
    assert.equal(collector.messages.length, new Set(collector.ids()).size, 'nothing came twice');
  });

  test('a gateway that is killed again and again loses nothing and keeps the order', async () => {
    await open();
    await serve();
    for (let lives = 0; lives < 3; lives += 1) {
      await happen(3);
      if (lives === 1) await untilTrue(() => arrived().length > 0);
      await running?.stop('SIGKILL');
      await happen(2);
      // The lease of the one that was killed: nobody else may send before it has ended.
      forgetLeases();
      await serve();
    }
    await untilAllArrived();
  });

  function forgetLeases(): void {
    const database = new DatabaseSync(path.join(at.folder, 'data/sallyport.db'));
    database.exec('UPDATE audit_sinks SET lease_until = 0');
    database.close();
  }

  test('a collector that breaks off in the middle of a message gets that message again', async () => {
    await open();
    await serve();
    collector.behave({ closesAfterOctets: 1500 });
    await happen(6);
    await untilTrue(() => collector.connections() > 2);
    collector.behave('reads');
    await untilAllArrived();
  });

  test('a collector that is silent is left, and everything goes to it once it speaks', async () => {
    await open();
    hole = await startBlackHole();
    writeFileSync(at.configFile, configurationWith(`tls://127.0.0.1:${String(hole.port)}`));
    const gateway = await serve();
    await happen(4);
    const began = performance.now();
    await add('while-it-is-silent');
    assert.ok(performance.now() - began < 5000, 'nobody waits for it');
    writeFileSync(at.configFile, configurationWith(`tcp://127.0.0.1:${String(collector.port)}`));
    gateway.process.kill('SIGHUP');
    await untilAllArrived();
  });

  test('a stop in good order hands over what came last, once', async () => {
    await open();
    const gateway = await serve();
    await happen(3);
    await gateway.stop('SIGTERM');
    assert.deepEqual(arrived(), await trail());
    await serve();
    await happen(1);
    await untilAllArrived();
    assert.equal(collector.messages.length, new Set(collector.ids()).size, 'nothing came twice');
  });
});

function configurationWith(address: string): string {
  return `server: { listen: 127.0.0.1:0, publicUrl: http://localhost:8080 }
networks: { zone-e: [10.20.0.0/24] }
audit: { syslog: { address: "${address}" } }
`;
}

function routesToPublic(): readonly object[] {
  const rules = [{ effect: 'public' }];
  return [{ name: 'console', path: '/console/**', upstream: upstream.origin, rules }];
}

async function upgrade(url: string, headers: Readonly<Record<string, string>>) {
  const socket = new WebSocket(url, { headers });
  const status = await new Promise<number>((resolve) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => undefined);
  });
  if (status === 101) {
    const closed = once(socket, 'close');
    socket.terminate();
    await closed;
  }
  return { status };
}

async function metricsOf(gateway: TestGateway): Promise<string> {
  const response = await fetch(`${gateway.management ?? ''}/metrics`);
  return response.text();
}

async function typesIn(gateway: TestGateway): Promise<readonly string[]> {
  const { audit } = gateway.composition.flows.stores;
  return (await Array.fromAsync(audit.read({ since: null }))).map(({ type }) => type);
}

/** Commands on the installation of a gateway that runs. */
function installationOf({ configFile }: TestGateway): Pick<Installation, 'run'> {
  const environment = { SALLYPORT_CONFIG: configFile };
  return { run: (line) => runCommand(line.split(' '), { environment }) };
}
