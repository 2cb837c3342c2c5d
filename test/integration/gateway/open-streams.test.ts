/**
 * What is open when somebody loses access closes (G10); what is open at shutdown is told so.
 *
 * The half-second poll is called by hand here: what it finds is the subject, not when it runs.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { UserId } from '../../../src/core/ids.ts';
import type { PrincipalRecord } from '../../../src/stores/types.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aProof, aRoute, aRule } from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';

const anna = 'usr_anna' as UserId;

let upstream: FakeUpstream;
let gateway: BareGateway;
const routes = () => [
  aRoute({ path: '/public/**', upstream, rules: [aRule({ effect: 'public' })] }),
  aRoute({ name: 'easy', path: '/easy/**', upstream, rules: [aRule({ requires: { level: 1 } })] }),
  aRoute({
    name: 'console',
    upstream,
    rules: [aRule({ audience: { groups: ['ENGINEERS'] }, requires: { withinSeconds: 300 } })],
  }),
];

beforeEach(async () => {
  upstream = await startFakeUpstream();
  upstream.answerWith((_, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: first\n\n');
  });
  gateway = await startBareGateway({ routes: routes() });
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

const engineer = (id = anna) =>
  gateway.signIn({ principal: { id, username: id, groups: ['ENGINEERS'] } });

/** Somebody who has nothing but a password. */
const newcomer = () =>
  gateway.signIn({
    principal: { id: anna },
    enrolled: [],
    proofs: [aProof('password', { at: gateway.clock.now() })],
  });

async function openSocket(cookie: string, path = '/ws'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(gateway.port)}${path}`, {
    headers: { cookie },
  });
  await once(socket, 'open');
  return socket;
}

async function openStream(cookie: string, path = '/events'): Promise<IncomingMessage> {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port: gateway.port,
    path,
    headers: { cookie },
    agent: false,
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(incoming, 'data');
  return incoming;
}

/** Changes the person as an administrator would: the record, and the note that it changed. */
function change(id: UserId, changes: Partial<PrincipalRecord>): void {
  const record = gateway.stores.users.get(id);
  assert.ok(record !== undefined);
  gateway.stores.users.set(id, { ...record, ...changes });
  gateway.stores.changes.push({ id: gateway.stores.changes.length + 1, whose: id });
}

function recordOf(id: UserId): PrincipalRecord {
  const record = gateway.stores.users.get(id);
  assert.ok(record !== undefined);
  return record;
}

describe('whoever loses access', () => {
  // prettier-ignore
  const losses: readonly (readonly [string, () => Partial<PrincipalRecord>])[] = [
    ['is signed out',            () => ({ isSessionRevoked: true })],
    ['is signed out everywhere', () => ({ user: { ...recordOf(anna).user, sessionEpoch: 1 } })],
    ['is disabled',              () => ({ user: { ...recordOf(anna).user, isDisabled: true } })],
    ['leaves the group',         () => ({ user: { ...recordOf(anna).user, groups: [] } })],
  ];
  for (const [name, changes] of losses) {
    test(`and ${name} loses open WebSockets and streams`, async () => {
      const cookie = engineer();
      const socket = await openSocket(cookie);
      const stream = await openStream(cookie);
      gateway.clock.advance(2);
      await gateway.gateway.revalidate();
      assert.equal(socket.readyState, WebSocket.OPEN);

      change(anna, changes());
      const closed = once(socket, 'close');
      const cut = once(stream, 'error');
      await gateway.gateway.revalidate();

      assert.deepEqual((await closed)[0], 1008);
      await cut;
    });
  }

  test('and whose tenant demands a second factor loses them, with one note for all of its people', async () => {
    const cookie = newcomer();
    const socket = await openSocket(cookie, '/easy/socket');
    const stream = await openStream(cookie, '/easy/drip');
    gateway.clock.advance(2);
    await gateway.gateway.revalidate();
    assert.equal(socket.readyState, WebSocket.OPEN);

    const { tenant } = recordOf(anna).user;
    const now = gateway.clock.now();
    const tenantRules = { isMfaRequired: true, requiredSince: now, graceEndsAt: now };
    gateway.stores.users.set(anna, { ...recordOf(anna), tenantRules });
    gateway.stores.changes.push({ id: gateway.stores.changes.length + 1, whose: tenant });
    const closed = once(socket, 'close');
    const cut = once(stream, 'error');
    await gateway.gateway.revalidate();

    assert.deepEqual((await closed)[0], 1008);
    await cut;
  });

  test('and whose grace ends loses them then, also where it was set while they were open', async () => {
    const cookie = newcomer();
    const socket = await openSocket(cookie, '/easy/socket');
    await gateway.gateway.revalidate();
    const { tenant } = recordOf(anna).user;
    const now = gateway.clock.now();
    const graceEndsAt = now + 3600_000;
    const tenantRules = { isMfaRequired: true, requiredSince: now + 1, graceEndsAt };
    gateway.stores.users.set(anna, { ...recordOf(anna), tenantRules });
    gateway.stores.changes.push({ id: gateway.stores.changes.length + 1, whose: tenant });
    await gateway.gateway.revalidate();
    const later = await openSocket(cookie, '/easy/socket');
    gateway.clock.advance(3599);
    await gateway.gateway.revalidate();
    assert.deepEqual([socket.readyState, later.readyState], [WebSocket.OPEN, WebSocket.OPEN]);

    const closed = Promise.all([once(socket, 'close'), once(later, 'close')]);
    gateway.clock.advance(1);
    await gateway.gateway.revalidate();

    assert.deepEqual(
      (await closed).map(([code]) => code as number),
      [1008, 1008],
    );
  });

  test('and was looked up just before the change does not slip through', async () => {
    const cookie = engineer();
    // The change is noted first; the session was read before it was committed.
    gateway.stores.changes.push({ id: 1, whose: anna });
    const other = await openSocket(engineer('usr_other' as UserId));
    await gateway.gateway.revalidate();
    const socket = await openSocket(cookie);
    gateway.stores.users.set(anna, { ...recordOf(anna), isSessionRevoked: true });

    const closed = once(socket, 'close');
    await gateway.gateway.revalidate();

    assert.deepEqual((await closed)[0], 1008);
    other.terminate();
  });

  // An attacker who had just opened a stream went on reading for up to a second and a half after
  // "sign out everywhere": answers younger than a second were not looked at.
  test('and has a stream that is younger than a second loses it all the same', async () => {
    const stream = await openStream(engineer());
    gateway.clock.advance(0.4);
    change(anna, { isSessionRevoked: true });
    const cut = once(stream, 'error');
    await gateway.gateway.revalidate();
    await cut;
  });

  test('takes nobody else along', async () => {
    const mine = await openSocket(engineer());
    const theirs = await openSocket(engineer('usr_other' as UserId));

    change(anna, { isSessionRevoked: true });
    const closed = once(mine, 'close');
    await gateway.gateway.revalidate();
    await closed;

    theirs.send('still here');
    assert.equal(String((await once(theirs, 'message'))[0]), 'still here');
    theirs.terminate();
  });
});

describe('what is open', () => {
  test('stays open while a proof grows old', async () => {
    const socket = await openSocket(engineer());
    gateway.clock.advance(600);
    change(anna, {});
    await gateway.gateway.revalidate();
    socket.send('still here');
    assert.equal(String((await once(socket, 'message'))[0]), 'still here');
    socket.terminate();
  });

  test('closes when the session ends for good', async () => {
    const socket = await openSocket(engineer());
    gateway.clock.advance(43_200);
    const closed = once(socket, 'close');
    await gateway.gateway.revalidate();
    assert.deepEqual((await closed)[0], 1008);
  });

  test('closes when a reload takes the route away', async () => {
    const socket = await openSocket(engineer());
    gateway.reload([aRoute({ upstream, rules: [aRule({ effect: 'deny' })] })]);
    const closed = once(socket, 'close');
    await gateway.gateway.revalidate();
    assert.deepEqual((await closed)[0], 1008);
  });

  test('outlives a short silence of the store, not a long one', async () => {
    const socket = await openSocket(engineer());
    await gateway.gateway.revalidate();
    gateway.stores.isDown = true;
    gateway.clock.advance(4);
    await gateway.gateway.revalidate();
    assert.equal(socket.readyState, WebSocket.OPEN);

    gateway.clock.advance(2);
    const closed = once(socket, 'close');
    await gateway.gateway.revalidate();
    assert.deepEqual((await closed)[0], 1008);
    gateway.stores.isDown = false;
  });

  test('on a public rule has no access to lose', async () => {
    const socket = await openSocket('', '/public/ws');
    gateway.stores.isDown = true;
    gateway.clock.advance(60);
    await gateway.gateway.revalidate();
    socket.send('still here');
    assert.equal(String((await once(socket, 'message'))[0]), 'still here');
    gateway.stores.isDown = false;
    socket.terminate();
  });

  test('is counted', async () => {
    const socket = await openSocket(engineer());
    const stream = await openStream(engineer());
    assert.match((await gateway.metrics.read()).text, /^sallyport_open_streams 2$/m);
    stream.destroy();
    socket.terminate();
    while (!/^sallyport_open_streams 0$/m.test((await gateway.metrics.read()).text)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('shutting down', () => {
  test('closes WebSockets with "going away" and cuts streams, after the grace', async () => {
    const socket = await openSocket(engineer());
    const stream = await openStream(engineer());
    const closed = once(socket, 'close');
    const cut = once(stream, 'error');

    await gateway.gateway.drain(50);

    assert.deepEqual((await closed)[0], 1001);
    await cut;
  });

  test('lets an answer finish within the grace', async () => {
    const begun = Promise.withResolvers<ServerResponse>();
    upstream.answerWith((_, res) => {
      res.write('begun, ');
      begun.resolve(res);
    });
    const stream = await openStream(engineer());
    const rest = once(stream, 'data');
    const drained = gateway.gateway.drain(10_000);
    (await begun.promise).end('finished');
    assert.equal(String((await rest)[0]), 'finished');
    await drained;
  });
});
