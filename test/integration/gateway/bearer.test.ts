/**
 * Bearer tokens at the gateway: who they make a caller, what becomes of them on the way, and what
 * ends with them (G2, G4, G6, G10; RFC 6750 §3; RFC 9470 §3).
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { UserId } from '../../../src/core/ids.ts';
import { ask, asBrowser } from '../../support/ask.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aPolicy, aProof, aRoute, aRule } from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';

const anna = 'usr_anna' as UserId;
const ben = { principal: { id: 'usr_ben' as UserId, username: 'ben' } };

let upstream: FakeUpstream;
let gateway: BareGateway;

beforeEach(async () => {
  upstream = await startFakeUpstream();
  const both = ['session', 'bearer'] as const;
  gateway = await startBareGateway({
    config: { policy: aPolicy() },
    routes: [
      aRoute({ path: '/public/**', upstream, rules: [aRule({ effect: 'public' })] }),
      aRoute({
        name: 'fresh',
        path: '/fresh/**',
        upstream,
        accept: both,
        rules: [aRule({ requires: { withinSeconds: 300 } })],
      }),
      aRoute({ name: 'only', path: '/only/**', upstream, accept: ['bearer'], rules: [aRule()] }),
      aRoute({ name: 'either', path: '/either/**', upstream, accept: both, rules: [aRule()] }),
      aRoute({ name: 'session', upstream, rules: [aRule()] }),
    ],
  });
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

const get = async (path: string, headers: Record<string, string | string[]>) =>
  ask(gateway.port, { path, headers });

const codeOf = ({ status, headers }: Awaited<ReturnType<typeof get>>) =>
  `${String(status)} ${String(headers['sallyport-response'] ?? 'passed')}`;

describe('a token', () => {
  test('makes its person the caller, ahead of a cookie that is there too', async () => {
    const cookie = gateway.signIn(ben);
    const authorization = await gateway.bearer();
    assert.equal((await get('/either/x', { authorization, cookie })).status, 200);
    assert.equal(upstream.requests[0]?.headers['remote-user'], 'anna');
    assert.equal((await get('/session', { authorization, cookie })).status, 200);
    assert.equal(upstream.requests[1]?.headers['remote-user'], 'ben');
  });

  test('goes no further than here on any rule or route; another one goes on', async () => {
    const authorization = await gateway.bearer();
    const cookie = gateway.signIn(ben);
    await get('/public/x', { authorization });
    await get('/either/x', { authorization });
    await get('/session', { authorization, cookie });
    await get('/session', { authorization: 'bEARer sp_key_AAAA_BBBB', cookie });
    await get('/public/x', { authorization: 'Bearer abc' });
    await get('/public/x', { authorization: 'Basic YTpi' });
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.authorization),
      [undefined, undefined, undefined, undefined, 'Bearer abc', 'Basic YTpi'],
    );
  });

  test('that does not hold is refused as such, and nobody is taken for nobody', async () => {
    const authorization = `${(await gateway.bearer()).slice(0, -4)}AAAA`;
    const answer = await get('/either/x', { authorization, cookie: gateway.signIn() });
    assert.equal(codeOf(answer), '401 invalid-token');
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"');
    assert.equal(upstream.requests.length, 0);
  });

  test('is not looked at where sessions alone are taken', async () => {
    const authorization = await gateway.bearer();
    assert.equal(codeOf(await get('/session', { authorization })), '401 not-signed-in');
  });

  test('while the store is away is 503, never nobody (G2)', async () => {
    const authorization = await gateway.bearer();
    gateway.stores.isDown = true;
    assert.equal(codeOf(await get('/either/x', { authorization })), '503 store-unavailable');
    assert.equal(codeOf(await get('/only/x', { authorization })), '503 store-unavailable');
  });

  test('twice in one request is refused: of two names one would be believed', async () => {
    const one = await gateway.bearer();
    const other = await gateway.bearer(ben);
    for (const authorization of [
      [one, other],
      [one, 'Bearer abc'],
      ['Basic YTpi', one],
    ]) {
      assert.equal(codeOf(await get('/either/x', { authorization })), '400 invalid-request');
    }
    assert.equal(upstream.requests.length, 0);
  });

  test('is worth its proofs at their age: a step-up is told by RFC 9470, without a redirect', async () => {
    const authorization = await gateway.bearer();
    assert.equal((await get('/fresh/x', { authorization })).status, 200);
    gateway.clock.advance(301);
    const answer = await get('/fresh/x', { authorization, ...asBrowser });
    assert.equal(codeOf(answer), '401 step-up-required');
    assert.equal(
      answer.headers['www-authenticate'],
      'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="300"',
    );
    assert.equal(answer.headers.location, undefined);
  });

  test('of half a sign-in is worth half a sign-in', async () => {
    const proofs = [aProof('password', { at: gateway.clock.now() })];
    const authorization = await gateway.bearer({ proofs });
    assert.equal(codeOf(await get('/either/x', { authorization })), '401 second-factor-required');
  });
});

describe('a route that takes tokens alone', () => {
  test('ignores cookies, and sends no browser round in a circle', async () => {
    const answer = await get('/only/x', { cookie: gateway.signIn(), ...asBrowser });
    assert.equal(codeOf(answer), '401 not-signed-in');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.equal(answer.headers.location, undefined);
  });

  test("takes nobody else's", async () => {
    const answer = await get('/only/x', { authorization: 'Bearer abc' });
    assert.equal(codeOf(answer), '401 invalid-token');
  });
});

const openSocket = async (authorization: string): Promise<WebSocket> => {
  const url = `ws://127.0.0.1:${String(gateway.port)}/either/ws`;
  const socket = new WebSocket(url, { headers: { authorization } });
  await once(socket, 'open');
  return socket;
};
const openStream = async (authorization: string): Promise<IncomingMessage> => {
  upstream.answerWith((_, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: first\n\n');
  });
  const { port } = gateway;
  const headers = { authorization };
  const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/either/s', headers });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(incoming, 'data');
  return incoming;
};

describe('what was opened with a token', () => {
  test('ends when the token ends, however busy it is', async () => {
    const authorization = await gateway.bearer({ seconds: 600 });
    const socket = await openSocket(authorization);
    const stream = await openStream(authorization);
    stream.on('error', () => {});
    gateway.clock.advance(599);
    await gateway.gateway.revalidate();
    assert.equal(socket.readyState, WebSocket.OPEN);
    assert.equal(stream.destroyed, false);
    gateway.clock.advance(1);
    const cut = new Promise((resolve) => stream.once('close', resolve));
    const closed = Promise.all([once(socket, 'close'), cut]);
    await gateway.gateway.revalidate();
    await closed;
  });

  test('ends when the token is revoked, or its person starts anew', async () => {
    for (const change of [
      { isSessionRevoked: true },
      { user: { sessionEpoch: 1 } },
      { user: { isDisabled: true } },
    ]) {
      const socket = await openSocket(await gateway.bearer());
      const record = gateway.stores.users.get(anna) ?? assert.fail();
      const user = { ...record.user, ...change.user };
      gateway.stores.users.set(anna, { ...record, ...change, user });
      gateway.stores.changes.push({ id: gateway.stores.changes.length + 1, whose: anna });
      const closed = once(socket, 'close');
      await gateway.gateway.revalidate();
      await closed;
    }
  });

  test('does not begin with a token that has ended', async () => {
    const authorization = await gateway.bearer({ seconds: 60 });
    gateway.clock.advance(60);
    const url = `ws://127.0.0.1:${String(gateway.port)}/either/ws`;
    const socket = new WebSocket(url, { headers: { authorization } });
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.headers['sallyport-response'], 'invalid-token');
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"');
    assert.equal(upstream.handshakes.length, 0);
    answer.resume();
  });
});
