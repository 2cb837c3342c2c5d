/**
 * People in grace: what they are shown on the way to a page, what their answers carry, and that it
 * ends. The same over HTTP, at upgrades and at both doors of forward auth.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { ask, asBrowser, type Question } from '../../support/ask.ts';
import { type BareGateway, type SignInAs, startBareGateway } from '../../support/bare-gateway.ts';
import {
  aCidr,
  anMfaPolicy,
  aPolicy,
  aProof,
  aRoute,
  aRule,
  NOON,
} from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';

const plain = '/_mfa/forward-auth';
const nginx = '/_mfa/forward-auth/nginx';
const hour = 3600_000;
const enrollBy = NOON + 120 * hour;

let upstream: FakeUpstream;
let gateway: BareGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({
    trustedProxies: [aCidr('127.0.0.0/8')],
    routes: [
      aRoute({ path: '/open/**', upstream, rules: [aRule({ effect: 'public' })] }),
      aRoute({ path: '/strict/**', upstream }),
      aRoute({ path: '/app/**', upstream, rules: [aRule({ requires: { level: 1 } })] }),
    ],
  });
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** The cookie of somebody who has a password and nothing else. */
const somebody = (as: SignInAs = {}) =>
  gateway.signIn({ proofs: [aProof('password')], enrolled: [], ...as });
const inGrace = (as: SignInAs = {}) => somebody({ enrollBy, ...as });
const overdue = () => somebody({ enrollBy: NOON });

/** Asks with the cookie, over HTTP. */
const over = (cookie: string, { headers, ...question }: Question = {}) =>
  ask(gateway.port, { path: '/app/users?x=1', ...question, headers: { cookie, ...headers } });

/** Asks as a proxy in front does, about a request with these headers. */
const through = (door: string, cookie: string, headers: Question['headers'] = {}) =>
  ask(gateway.port, {
    path: door,
    headers: {
      cookie,
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'console.example.com',
      'x-forwarded-uri': '/app/users?x=1',
      'x-forwarded-for': '203.0.113.9',
      ...headers,
    },
  });

const reminder = `http://console.example.com/_mfa/reminder?return_to=${encodeURIComponent('http://console.example.com/app/users?x=1')}`;
const due = '2026-03-07T12:00:00Z';

describe('somebody in grace', () => {
  test('is shown the reminder on the way to a page, and comes back to it', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await over(inGrace(), { method, headers: asBrowser });
      assert.deepEqual([status, headers.location], [302, reminder], method);
      assert.equal(headers['sallyport-response'], 'enrollment-required');
    }
  });

  test('is shown it through a proxy that asks: Traefik passes the redirect on, nginx its address', async () => {
    const forTraefik = await through(plain, inGrace(), asBrowser);
    const forNginx = await through(nginx, inGrace(), asBrowser);

    assert.deepEqual([forTraefik.status, forTraefik.headers.location], [302, reminder]);
    assert.deepEqual([forNginx.status, forNginx.headers.location], [401, reminder]);
  });

  // prettier-ignore
  const calls: readonly (readonly [string, Question])[] = [
    ['a script asks',             {}],
    ['a script asks for HTML',    { headers: { accept: 'text/html', 'sec-fetch-mode': 'cors' } }],
    ['a form is posted',          { method: 'POST', headers: asBrowser, body: 'a=1' }],
    ['an event stream is opened', { headers: { accept: 'text/event-stream' } }],
  ];
  for (const [name, question] of calls) {
    test(`is not interrupted where ${name}`, async () => {
      const { status, headers } = await over(inGrace(), question);

      assert.equal(status, 200);
      assert.equal(headers['sallyport-enroll-by'], due);
    });
  }

  test('is not interrupted where a WebSocket is opened, whatever it says it accepts', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(gateway.port)}/app/socket`, {
      headers: { cookie: inGrace(), host: 'console.example.com', ...asBrowser },
    });
    await once(socket, 'open');
    socket.terminate();
  });

  test('is not interrupted by calls that a proxy asks about', async () => {
    for (const door of [plain, nginx]) {
      for (const headers of [{}, { ...asBrowser, 'x-forwarded-method': 'POST' }]) {
        const { status, headers: answered } = await through(door, inGrace(), headers);
        assert.equal(status, 200, door);
        assert.equal(answered['sallyport-enroll-by'], due);
        assert.equal(answered['remote-user'], 'anna');
      }
    }
  });

  test('who put it off is left in peace for a day', async () => {
    const today = NOON - 23 * hour;
    const yesterday = NOON - 24 * hour;

    const again = await over(inGrace({ remindedAt: today }), { headers: asBrowser });
    assert.deepEqual([again.status, again.headers['sallyport-enroll-by']], [200, due]);
    const next = await over(inGrace({ remindedAt: yesterday }), { headers: asBrowser });
    assert.equal(next.headers.location, reminder);
  });

  test('gets nothing that asks for two factors', async () => {
    const { status, headers } = await over(inGrace(), { path: '/strict/x' });

    assert.deepEqual([status, headers['sallyport-response']], [403, 'enrollment-required']);
  });
});

describe('somebody whose grace has ended', () => {
  test('gets nothing at any door', async () => {
    const page = await over(overdue(), { headers: asBrowser });
    assert.equal(page.status, 302);
    assert.match(page.headers.location ?? '', /\/_mfa\/enroll\?return_to=/);
    const call = await over(overdue());
    assert.deepEqual(
      [call.status, call.headers['sallyport-response']],
      [403, 'enrollment-required'],
    );
    assert.deepEqual((JSON.parse(call.body) as { missing: unknown }).missing, ['totp', 'webauthn']);
    assert.equal((await through(plain, overdue())).status, 403);
    assert.equal((await through(nginx, overdue())).status, 403);
    const socket = new WebSocket(`ws://127.0.0.1:${String(gateway.port)}/app/socket`, {
      headers: { cookie: overdue(), host: 'console.example.com' },
    });
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /403/);
  });
});

const policyOf = (blocksTokensUntilEnrolled: boolean) =>
  aPolicy({
    mfa: anMfaPolicy({
      webauthn: { requiredForTiers: ['TIER0'] },
      enforcement: { blocksTokensUntilEnrolled },
    }),
  });

describe('a tier that owes methods', () => {
  test('gets an assertion only where the operator says so, and it says how little was proved', async () => {
    for (const blocks of [true, false]) {
      const other = await startBareGateway({
        config: { policy: policyOf(blocks) },
        routes: [aRoute({ upstream, rules: [aRule({ requires: { level: 1 } })] })],
      });
      const principal = { groups: ['AI-PLATFORM-ADMINS'] };
      const cookie = other.signIn({ principal, proofs: [aProof('password')], enrolled: [] });
      const before = upstream.requests.length;

      const { status } = await ask(other.port, { headers: { cookie } });
      await other.stop();

      assert.equal(status, blocks ? 403 : 200);
      const reached = upstream.requests.slice(before);
      assert.equal(reached.length, blocks ? 0 : 1);
      for (const { headers } of reached) {
        const [, payload = ''] = String(headers['x-sallyport-assertion']).split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
        assert.deepEqual({ ...claims }, { ...claims, tier: 'TIER0', acr: 'aal1', amr: ['pwd'] });
      }
    }
  });
});

describe('Sallyport-Enroll-By', () => {
  test('is on no answer for others: enrolled, not obliged, or not looked up', async () => {
    for (const [who, path] of [
      [() => gateway.signIn({ enrollBy }), '/app/x'],
      [somebody, '/app/x'],
      [inGrace, '/open/x'],
    ] as const) {
      const { status, headers } = await over(who(), { path });
      assert.deepEqual([status, headers['sallyport-enroll-by']], [200, undefined], path);
    }
  });

  test('cannot be said by an upstream, in no spelling', async () => {
    upstream.answerWith((_, res) => {
      res.writeHead(200, {
        'Sallyport-Enroll-By': '2099-01-01T00:00:00Z',
        sallyport_enroll_by: '2099-01-01T00:00:00Z',
        'SALLYPORT.ENROLL.BY': '2099-01-01T00:00:00Z',
        'Sallyport-Other': 'passes',
      });
      res.end('ok');
    });

    for (const [who, expected] of [
      [() => gateway.signIn(), []],
      [inGrace, ['Sallyport-Enroll-By', due]],
    ] as const) {
      const { rawHeaders } = await over(who());
      const at = rawHeaders.findIndex((name) => /enroll/i.test(name));
      assert.deepEqual(at === -1 ? [] : rawHeaders.slice(at, at + 2), expected);
      assert.equal(rawHeaders.filter((name) => /enroll/i.test(name)).length, expected.length / 2);
      assert.ok(rawHeaders.includes('Sallyport-Other'));
    }
  });
});
