/**
 * One table of cases, every door: what is decided must not depend on the way in (G1, G2, G3).
 *
 * The proxy, the WebSocket door, forward auth for Traefik and Caddy, and forward auth for nginx are
 * asked the same things by the same people from the same addresses, on one composed gateway.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FakeUpstream, startFakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { enrollAtSignIn, signIn } from '../support/http-verbs.ts';
import { lines, sendRaw } from '../support/raw-client.ts';
import { passwordOf, startGateway, type TestGateway } from '../support/start-gateway.ts';

const inside = '10.20.0.7';
const outside = '198.51.100.9';

// prettier-ignore
const cases = [
  // who                 from      asks for             →  expected
  ['nobody',             inside,   '/open/logo.png',       'allowed'],
  ['nobody',             outside,  '/open/logo.png',       'allowed'],
  ['nobody',             inside,   '/app/users/7?x=1',     'not-signed-in'],
  ['nobody',             inside,   '/zone/x',              'not-signed-in'],
  ['nobody',             outside,  '/zone/x',              'network-not-allowed'],
  ['nobody',             outside,  '/zone/open',           'network-not-allowed'],
  ['nobody',             inside,   '/nowhere',             'no-route'],
  ['nobody',             inside,   '/app/blocked',         'rule-denies'],
  ['nobody',             inside,   '/narrow/other',        'no-rule-applies'],
  ['forged cookie',      inside,   '/app/x',               'not-signed-in'],
  ['password only',      inside,   '/app/x',               'enrollment-required'],
  ['half enrolled',      inside,   '/app/x',               'enrollment-required'],
  ['anna',               inside,   '/app/x',               'allowed'],
  ['anna',               inside,   '/zone/x',              'allowed'],
  ['anna',               outside,  '/zone/x',              'network-not-allowed'],
  ['anna',               inside,   '/app/blocked',         'rule-denies'],
  ['anna',               inside,   '/app/fresh',           'step-up-required'],
  ['anna',               inside,   '/app/others-only',     'not-admitted'],
  ['anna',               inside,   '/app/phishing-proof',  'enrollment-required'],
  ['disabled',           inside,   '/app/x',               'account-disabled'],
  ['signed out',         inside,   '/app/x',               'not-signed-in'],
] as const;

const routes = (upstream: string): readonly object[] => [
  { name: 'open', path: '/open/**', upstream, rules: [{ effect: 'public' }] },
  {
    name: 'zone',
    path: '/zone/**',
    upstream,
    network: 'zone-e',
    rules: [{ when: { path: '/zone/open' }, effect: 'public' }, {}],
  },
  { name: 'narrow', path: '/narrow/**', upstream, rules: [{ when: { path: '/narrow/one' } }] },
  {
    name: 'app',
    path: '/app/**',
    upstream,
    rules: [
      { when: { path: '/app/blocked' }, effect: 'deny' },
      { when: { path: '/app/fresh' }, requires: { level: 2, within: '5m' } },
      { when: { path: '/app/others-only' }, for: { groups: ['OTHERS'] } },
      { when: { path: '/app/phishing-proof' }, requires: { level: 2, phishingResistant: true } },
      { requires: { level: 2 } },
    ],
  },
];

const clock = fixedClock();
const cookies = new Map<string, string>();
let upstream: FakeUpstream;
let gateway: TestGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startGateway({
    clock,
    settings: {
      server: { trustedProxies: ['127.0.0.1'] },
      networks: { 'zone-e': ['10.20.0.0/24'] },
      routes: routes(upstream.origin),
    },
  });
  cookies.set('nobody', '');
  cookies.set('forged cookie', 'sallyport=s%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.x');
  await signInWithPasswordAs('password only');
  await halfEnrollAs('half enrolled');
  await enrollAs('anna', 'anna');
  await enrollAs('disabled', 'dora');
  // As a directory would: the account is switched off, and nobody has ended her sessions.
  const { users } = gateway.composition.flows.stores;
  const dora = (await users.findByUsername('dora')) ?? assert.fail('there is no dora');
  await users.setDisabled(dora.id, true);
  await signOutAs('signed out');
});
after(async () => {
  await gateway.close();
  await upstream.stop();
});

describe('every door', () => {
  for (const [who, ip, target, expected] of cases) {
    test(`${who} from ${ip === inside ? 'inside' : 'outside'}, ${target}: ${expected}`, async () => {
      const answers = {
        http: await throughHttp(who, ip, target),
        upgrade: await throughUpgrade(who, ip, target),
        forwardAuth: await throughForwardAuth(who, ip, target),
        nginx: await throughNginx(who, ip, target),
      };

      assert.deepEqual(answers, {
        http: expected,
        upgrade: expected,
        forwardAuth: expected,
        nginx: expected,
      });
    });
  }

  test('nobody but an allowed request reaches the upstream', () => {
    const reached = [...upstream.requests, ...upstream.handshakes].map(({ url = '' }) => url);
    const allowed = cases.filter(([, , , expected]) => expected === 'allowed');
    const targets = new Set<string>(allowed.map(([, , target]) => target));
    assert.deepEqual(
      [...new Set(reached)].filter((url) => !targets.has(url)),
      [],
    );
    assert.equal(reached.length, allowed.length * 2);
  });
});

async function throughHttp(who: string, ip: string, target: string): Promise<string> {
  const answer = await gateway.newClient().call(target, { headers: headersOf(who, ip) });
  return answer.status === 200 ? 'allowed' : String(answer.headers['sallyport-response']);
}

async function throughUpgrade(who: string, ip: string, target: string): Promise<string> {
  const { cookie, ...others } = headersOf(who, ip);
  const answer = await sendRaw(
    gateway.address.port,
    lines(
      `GET ${target} HTTP/1.1`,
      `Host: ${new URL(gateway.origin).host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
      ...Object.entries(others).map(([name, value]) => `${name}: ${value}`),
    ),
  );
  return answer.status === 101 ? 'allowed' : String(answer.header('sallyport-response')[0]);
}

async function throughForwardAuth(who: string, ip: string, target: string): Promise<string> {
  const { host } = new URL(gateway.origin);
  const answer = await gateway.newClient().call('/_mfa/forward-auth', {
    headers: {
      ...headersOf(who, ip),
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-forwarded-uri': target,
    },
  });
  return answer.status === 200 ? 'allowed' : String(answer.headers['sallyport-response']);
}

async function throughNginx(who: string, ip: string, target: string): Promise<string> {
  const answer = await gateway.newClient().call('/_mfa/forward-auth/nginx', {
    headers: {
      ...headersOf(who, ip),
      'x-original-method': 'GET',
      'x-original-url': gateway.origin + target,
    },
  });
  assert.ok(
    [200, 401, 403, 503].includes(answer.status),
    `nginx would take ${answer.status} for 500`,
  );
  return answer.status === 200 ? 'allowed' : String(answer.headers['sallyport-response']);
}

function headersOf(who: string, ip: string): { readonly cookie?: string; [name: string]: string } {
  const cookie = cookies.get(who) ?? assert.fail(`nobody is called ${who}`);
  return { 'x-forwarded-for': ip, ...(cookie === '' ? {} : { cookie }) };
}

async function signInWithPasswordAs(who: string): Promise<void> {
  const client = await newPerson('pia');
  await signIn(client, { target: '/app/x', username: 'pia', password: passwordOf('pia') });
  cookies.set(who, client.cookieHeader());
}

async function halfEnrollAs(who: string): Promise<void> {
  const client = await newPerson('hal');
  await signIn(client, { target: '/app/x', username: 'hal', password: passwordOf('hal') });
  await client.open('/_mfa/enroll/totp');
  cookies.set(who, client.cookieHeader());
}

async function enrollAs(who: string, username: string): Promise<void> {
  const client = await newPerson(username);
  await enrollAtSignIn(client, {
    target: '/app/x',
    username,
    password: passwordOf(username),
    clock,
  });
  cookies.set(who, client.cookieHeader());
  // Setting people up is not what the upstream is asked about.
  (upstream.requests as unknown[]).length = 0;
}

async function signOutAs(who: string): Promise<void> {
  const client = await newPerson('otto');
  await enrollAtSignIn(client, {
    target: '/app/x',
    username: 'otto',
    password: passwordOf('otto'),
    clock,
  });
  (upstream.requests as unknown[]).length = 0;
  cookies.set(who, client.cookieHeader());
  await client.submit(await client.open('/_mfa/sign-out'), {});
}

async function newPerson(username: string): Promise<ReturnType<TestGateway['newClient']>> {
  await gateway.addUser({ username, groups: ['SEC-OPS'] });
  return gateway.newClient();
}
