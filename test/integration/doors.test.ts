/**
 * One table of cases, every door: what is decided must not depend on the way in (G1, G2, G3).
 *
 * The proxy, the WebSocket door, forward auth for Traefik and Caddy, and forward auth for nginx are
 * asked the same things by the same people from the same addresses, on one composed gateway.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { ApiKeyId, AuthenticatorId } from '../../src/core/ids.ts';
import { createTenant, setTenant } from '../../src/flows/admin/tenants.ts';
import { createUser, resetMfa } from '../../src/flows/admin/users.ts';
import { callApi } from '../support/api-client.ts';
import { type FakeUpstream, startFakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { type Enrolled, enrollAtSignIn, nextCode, signIn } from '../support/http-verbs.ts';
import { lines, sendRaw } from '../support/raw-client.ts';
import type { Answer } from '../support/web-client.ts';
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
  ['in grace',           inside,   '/easy/x',              'allowed'],
  ['in grace',           inside,   '/app/x',               'enrollment-required'],
  ['grace is over',      inside,   '/easy/x',              'enrollment-required'],
  ['just reset',         inside,   '/easy/x',              'enrollment-required'],
  ['TIER0, nothing yet', inside,   '/easy/x',              'enrollment-required'],
  ['TIER0, no passkey',  inside,   '/easy/x',              'enrollment-required'],
  ['TIER0, no codes',    inside,   '/easy/x',              'enrollment-required'],
  ['TIER0, no app',      inside,   '/easy/x',              'second-factor-required'],
  ['TIER0, all of it',   inside,   '/easy/x',              'allowed'],
  ['service by session', inside,   '/easy/x',              'not-signed-in'],
  ['anna by token',      inside,   '/tokens/x',            'allowed'],
  ['anna by token',      inside,   '/tokens-only/x',       'allowed'],
  ['anna by token',      inside,   '/tokens/fresh',        'step-up-required'],
  ['anna by token',      inside,   '/tokens/service',      'not-admitted'],
  ['anna by token',      inside,   '/app/x',               'not-signed-in'],
  ['anna',               inside,   '/tokens/x',            'allowed'],
  ['anna',               inside,   '/tokens-only/x',       'not-signed-in'],
  ['anna, foreign token', inside,  '/tokens/x',            'allowed'],
  ['anna, foreign token', inside,  '/tokens-only/x',       'invalid-token'],
  ['anna, ended token',  inside,   '/tokens/x',            'invalid-token'],
  ['a foreign token',    inside,   '/tokens/x',            'not-signed-in'],
  ['a forged token',     inside,   '/tokens/x',            'invalid-token'],
  ['a forged token',     inside,   '/open/logo.png',       'allowed'],
  ['an mfa token',       inside,   '/tokens/x',            'invalid-token'],
  ['an API key',         inside,   '/tokens/x',            'invalid-token'],
  ['TIER0 to enroll',    inside,   '/tokens/x',            'invalid-token'],
  ['a service',          inside,   '/tokens/service',      'allowed'],
  ['a service',          inside,   '/tokens/x',            'not-admitted'],
  ['a service',          outside,  '/tokens/service',      'network-not-allowed'],
  ['two tokens',         inside,   '/tokens/x',            'invalid-request'],
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
  { name: 'easy', path: '/easy/**', upstream, rules: [{ requires: { level: 1 } }] },
  { name: 'narrow', path: '/narrow/**', upstream, rules: [{ when: { path: '/narrow/one' } }] },
  {
    name: 'tokens',
    path: '/tokens/**',
    upstream,
    accept: ['session', 'bearer'],
    rules: [
      { when: { path: '/tokens/fresh' }, requires: { level: 2, within: '5m' } },
      { when: { path: '/tokens/service' }, for: { services: ['batch'] } },
      { requires: { level: 2 } },
    ],
  },
  { name: 'tokens-only', path: '/tokens-only/**', upstream, accept: ['bearer'], rules: [{}] },
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
const tokens = new Map<string, string | readonly string[]>();
const enrolled = new Map<string, Enrolled>();
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
  await fallDueAs('in grace', 'ira', 5);
  await fallDueAs('grace is over', 'olaf', 0);
  await resetAs('just reset');
  await administerAs('TIER0, nothing yet', []);
  await administerAs('TIER0, no passkey', ['totp', 'recovery-code']);
  await administerAs('TIER0, no codes', ['totp', 'webauthn']);
  await administerAs('TIER0, no app', ['webauthn', 'recovery-code']);
  await administerAs('TIER0, all of it', ['totp', 'webauthn', 'recovery-code']);
  await becomeServiceAs('service by session');
  await obtainTokens();
  // Setting people up is not what the upstream is asked about.
  (upstream.requests as unknown[]).length = 0;
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
    // The assertion is what upstreams believe: it stands where somebody passed, and nowhere else.
    const asserted = upstream.requests.filter(
      ({ headers }) => headers['x-sallyport-assertion'] !== undefined,
    );
    assert.ok(asserted.every(({ url }) => !url.startsWith('/open/')));
    const targets = new Set<string>(allowed.map(([, , target]) => target));
    assert.deepEqual(
      [...new Set(reached)].filter((url) => !targets.has(url)),
      [],
    );
    assert.equal(reached.length, allowed.length * 2);
  });
});

describe('a token', () => {
  test('of ours goes no further than here; what is not ours goes on as it came', () => {
    const sent = [...upstream.requests, ...upstream.handshakes].map(({ headers }) => headers);
    const foreign = `Bearer ${String(tokens.get('a foreign token'))}`;
    const seen = sent.flatMap(({ authorization }) => authorization ?? []);
    assert.deepEqual([...new Set(seen)], [foreign]);
    // Through two doors each: anna, who has a session beside it.
    assert.equal(seen.length, 2);
  });
});

const isReminder = (location: unknown): boolean =>
  String(location).startsWith(`${gateway.origin}/_mfa/reminder?return_to=`);

describe('somebody in grace, on the way to a page', () => {
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

  test('is shown the reminder through every door that a page can come through', async () => {
    const headers = { ...headersOf('in grace', inside), ...page };
    const { host } = new URL(gateway.origin);
    const client = gateway.newClient();

    const http = await client.visit('/easy/x', { headers });
    assert.deepEqual([http.status, isReminder(http.headers.location)], [302, true]);
    const forwardAuth = await client.call('/_mfa/forward-auth', {
      headers: {
        ...headers,
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': host,
        'x-forwarded-uri': '/easy/x',
      },
    });
    assert.deepEqual([forwardAuth.status, isReminder(forwardAuth.headers.location)], [302, true]);
    const original = {
      'x-original-method': 'GET',
      'x-original-url': `${gateway.origin}/easy/x`,
    };
    const nginx = await client.call('/_mfa/forward-auth/nginx', {
      headers: { ...headers, ...original },
    });
    assert.deepEqual([nginx.status, isReminder(nginx.headers.location)], [401, true]);
    assert.equal(await throughUpgrade('in grace', inside, '/easy/x'), 'allowed');
  });
});

async function throughHttp(who: string, ip: string, target: string): Promise<string> {
  const answer = await gateway.newClient().call(target, { headers: headersOf(who, ip) });
  return answer.status === 200 ? 'allowed' : String(answer.headers['sallyport-response']);
}

async function throughUpgrade(who: string, ip: string, target: string): Promise<string> {
  const headers = Object.entries(headersOf(who, ip)).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  const answer = await sendRaw(
    gateway.address.port,
    lines(
      `GET ${target} HTTP/1.1`,
      `Host: ${new URL(gateway.origin).host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
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
  assertAsserted(answer, target);
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
  assertAsserted(answer, target);
  return answer.status === 200 ? 'allowed' : String(answer.headers['sallyport-response']);
}

/** Tokens of ours that hold, some that do not, and one of somebody else's. */
async function obtainTokens(): Promise<void> {
  const client = gateway.newClient();
  const headers = { 'x-forwarded-for': inside };
  const obtain = async (path: string, body: object) => {
    const answer = await callApi(client, `POST ${path}`, { headers, body });
    return answer.body;
  };
  const { secret, recoveryCodes } = enrolled.get('anna') ?? assert.fail('anna is not enrolled');
  const who = { username: 'anna', password: passwordOf('anna') };
  const both = { ...who, mfa_code: nextCode(clock, secret) };
  const anna = (await obtain('/auth/login', both)).token;
  const half = (await obtain('/auth/login', who)).mfa_token;
  await gateway.addUser({ username: 'tina', groups: ['AI-PLATFORM-ADMINS'] });
  const tina = { username: 'tina', password: passwordOf('tina') };
  const toEnroll = (await obtain('/auth/login', tina)).enrollment_token;
  const ended = (await obtain('/auth/login', { ...who, backup_code: recoveryCodes[0] })).token;
  assert.equal((await callApi(client, 'POST /auth/logout', { headers, token: ended })).status, 200);
  const foreign = `${part({ alg: 'RS256' })}.${part({ iss: 'https://other.example' })}.c2ln`;
  const [head = '', payload = ''] = anna.split('.');
  const key = await keyOfService('batch');
  const service = (await obtain('/auth/token', { api_key: key })).token;

  cookies.set('anna, foreign token', cookies.get('anna') ?? '');
  cookies.set('anna, ended token', cookies.get('anna') ?? '');
  tokens.set('anna by token', anna);
  tokens.set('anna, foreign token', foreign);
  tokens.set('anna, ended token', ended);
  tokens.set('a foreign token', foreign);
  tokens.set('a forged token', `${head}.${payload}.${'A'.repeat(86)}`);
  tokens.set('an mfa token', half);
  tokens.set('an API key', key);
  tokens.set('TIER0 to enroll', toEnroll);
  tokens.set('two tokens', [anna, foreign]);
  tokens.set('a service', service);
  // Until then what was proved for them is fresh.
  clock.advance(301);
}

function part(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

async function keyOfService(username: string): Promise<string> {
  const { flows } = gateway.composition;
  const networks = ['zone-e'];
  const given = { username, kind: 'service', groups: [], networks, password: null } as const;
  assert.ok((await createUser(flows, given)).ok);
  const user = (await flows.stores.users.findByUsername(username)) ?? assert.fail();
  const [id, part] = [`key_${'A'.repeat(16)}` as ApiKeyId, 'B'.repeat(43)];
  await flows.stores.apiKeys.create({
    id,
    userId: user.id,
    tenant: user.tenant,
    name: 'Nightly batch',
    hash: createHash('sha256').update(part).digest('hex'),
    createdBy: 'anna',
    createdAt: clock.now(),
    expiresAt: null,
    lastUsedAt: null,
  });
  return `sp_${id}_${part}`;
}

/** An assertion is for whoever may pass, and for nobody else (TIER0 obtains none before it may). */
function assertAsserted(answer: Answer, target: string): void {
  const assertion = answer.headers['x-sallyport-assertion'];
  if (answer.status !== 200) assert.equal(assertion, undefined);
  else assert.equal(assertion === '', target.startsWith('/open/'));
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

function headersOf(who: string, ip: string): Headers {
  const [cookie = '', token] = [cookies.get(who), tokens.get(who)];
  assert.ok(cookies.has(who) || token !== undefined, `nobody is called ${who}`);
  const bearers = [token ?? []].flat().map((one) => `Bearer ${one}`);
  return {
    'x-forwarded-for': ip,
    ...(cookie === '' ? {} : { cookie }),
    ...(bearers.length > 0 && { authorization: bearers }),
  };
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
  const password = passwordOf(username);
  const person = await enrollAtSignIn(client, { target: '/app/x', username, password, clock });
  enrolled.set(username, person);
  cookies.set(who, client.cookieHeader());
  // Setting people up is not what the upstream is asked about.
  (upstream.requests as unknown[]).length = 0;
}

/** Somebody of a tenant that demanded a second factor after they had come. */
async function fallDueAs(who: string, username: string, gracePeriodDays: number): Promise<void> {
  const { flows } = gateway.composition;
  const tenant = `of-${username}`;
  assert.ok((await createTenant(flows, { name: tenant })).ok);
  assert.ok((await createUser(flows, { username, tenant, password: passwordOf(username) })).ok);
  clock.advance(1);
  const settings = { isMfaRequired: true, gracePeriodDays };
  assert.ok((await setTenant(flows, { name: tenant, settings })).ok);
  await passwordAs(who, username);
}

async function resetAs(who: string): Promise<void> {
  await gateway.addUser({ username: 'rita', groups: [] });
  const reset = { username: 'rita', reason: 'lost phone', ticket: 'T-1' };
  assert.ok((await resetMfa(gateway.composition.flows, reset)).ok);
  await passwordAs(who, 'rita');
}

/** Somebody of TIER0 who has these. Without a screen there is no passkey; its record will do. */
async function administerAs(
  who: string,
  has: readonly ('totp' | 'webauthn' | 'recovery-code')[],
): Promise<void> {
  const username = `admin-${String(cookies.size)}`;
  const { id } = await gateway.addUser({ username, groups: ['AI-PLATFORM-ADMINS'] });
  const client = gateway.newClient();
  const password = passwordOf(username);
  const { authenticators, recoveryCodes } = gateway.composition.flows.stores;
  if (has.includes('totp')) {
    await enrollAtSignIn(client, { target: '/easy/x', username, password, clock });
    if (!has.includes('recovery-code')) await recoveryCodes.removeOfUser(id);
  } else {
    await signIn(client, { target: '/easy/x', username, password });
    if (has.includes('recovery-code')) {
      await recoveryCodes.createUnconfirmed(id, ['hash'], clock.now());
      await recoveryCodes.confirm(id, clock.now(), 'drop');
    }
  }
  if (has.includes('webauthn')) {
    await authenticators.create({
      id: `ath_${username}` as AuthenticatorId,
      userId: id,
      method: 'webauthn',
      name: 'Security key',
      sealedCredential: 'sealed',
      lastStep: -1,
      passkey: { credentialId: id, signCount: 0, isBackedUp: false, attestedModel: null },
      createdAt: clock.now(),
      lastUsedAt: null,
    });
  }
  cookies.set(who, client.cookieHeader());
}

/** Services sign nobody in; this is what would become of one that had a session all the same. */
async function becomeServiceAs(who: string): Promise<void> {
  await gateway.addUser({ username: 'sven', groups: [] });
  await passwordAs(who, 'sven');
  const file = path.join(path.dirname(gateway.configFile), 'data/sallyport.db');
  const database = new DatabaseSync(file);
  const changed = database.prepare(`update users set kind = 'service' where username = 'sven'`);
  assert.equal(changed.run().changes, 1);
  database.close();
}

async function passwordAs(who: string, username: string): Promise<void> {
  const client = gateway.newClient();
  await signIn(client, { target: '/easy/x', username, password: passwordOf(username) });
  cookies.set(who, client.cookieHeader());
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
