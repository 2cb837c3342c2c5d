/** The forward-auth door (contract section 8). Holds G1 to G4 where another proxy does the rest. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask, asBrowser, type Reply } from '../../support/ask.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import {
  aCidr,
  aNetwork,
  aPolicy,
  anMfaPolicy,
  aProof,
  aRoute,
  aRule,
} from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { lines } from '../../support/raw-client.ts';

const portal = 'https://console.example.com/_mfa';
const plain = '/_mfa/forward-auth';
const nginx = '/_mfa/forward-auth/nginx';

let upstream: FakeUpstream;
let gateway: BareGateway;
let untrusting: BareGateway;

before(async () => {
  upstream = await startFakeUpstream();
  const routes = [
    aRoute({ path: '/public/**', upstream, rules: [aRule({ effect: 'public' })] }),
    aRoute({ path: '/inside/**', upstream, network: aNetwork('zone-e', ['10.20.0.0/24']) }),
    aRoute({ path: '/fresh/**', upstream, rules: [aRule({ requires: { withinSeconds: 300 } })] }),
    aRoute({ path: '/closed/**', upstream, rules: [aRule({ effect: 'deny' })] }),
    aRoute({ name: 'grafana', host: 'grafana.example.com', upstream }),
  ];
  const options = {
    routes,
    publicUrl: 'https://console.example.com',
    config: { policy: aPolicy({ mfa: anMfaPolicy({ totp: { requiredForTiers: ['TIER1'] } }) }) },
  };
  gateway = await startBareGateway({ ...options, trustedProxies: [aCidr('127.0.0.0/8')] });
  untrusting = await startBareGateway(options);
});
after(async () => {
  await gateway.stop();
  await untrusting.stop();
  await upstream.stop();
});

/** Sends a request and resets the connection in the same moment. */
async function askAndReset(port: number, ...head: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(lines(...head), () => socket.resetAndDestroy());
  await once(socket, 'close');
}

/** The headers that Traefik and Caddy send. */
function about(uri: string, changes: Record<string, string | string[]> = {}) {
  return {
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'grafana.example.com',
    'x-forwarded-uri': uri,
    'x-forwarded-for': '203.0.113.9',
    ...changes,
  };
}

function without(headers: Record<string, string | string[]>, name: string) {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

async function question(path: string, headers: Record<string, string | string[]>): Promise<Reply> {
  const before = upstream.requests.length;
  const reply = await ask(gateway.port, { path, headers });
  assert.equal(upstream.requests.length, before, 'nothing is passed on');
  return reply;
}

describe('a request that may pass', () => {
  for (const path of [plain, nginx]) {
    test(`is answered 200 with every identity header by ${path}`, async () => {
      const cookie = gateway.signIn({ principal: { groups: ['AUDIT'], email: null } });
      const reply = await question(path, about('/d/1?x=1', { cookie }));
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['remote-user'], 'anna');
      assert.equal(reply.headers['remote-groups'], 'AUDIT');
      assert.equal(reply.headers['remote-email'], '');
      assert.match(String(reply.headers['x-sallyport-assertion']), /^[\w-]+\.[\w-]+\.[\w-]+$/);
      assert.equal(reply.headers['sallyport-response'], 'assurance-met');
    });

    test(`has empty identity headers on a public rule at ${path}`, async () => {
      const reply = await question(path, about('/public/x', { 'remote-user': 'root' }));
      assert.equal(reply.status, 200);
      for (const name of ['remote-user', 'remote-groups', 'remote-name', 'remote-email']) {
        assert.equal(reply.headers[name], '', name);
      }
      assert.equal(reply.headers['x-sallyport-assertion'], '');
    });
  }

  test('may be described as nginx is told to', async () => {
    const reply = await question(nginx, {
      cookie: gateway.signIn(),
      'x-original-method': 'GET',
      'x-original-url': 'https://grafana.example.com/d/1?x=%2F',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'grafana.example.com',
    });
    assert.equal(reply.status, 200);
  });

  test('is asked about under any host', async () => {
    const cookie = gateway.signIn();
    for (const host of ['sallyport:8080', 'grafana.example.com', '127.0.0.1:8080']) {
      assert.equal((await question(plain, about('/d/1', { cookie, host }))).status, 200, host);
    }
  });
});

const nobody = (): string => '';
const passwordOnly = (): string => gateway.signIn({ proofs: [aProof('password')] });
const old = (): string => gateway.signIn({ createdAt: gateway.clock.now() - 1200_000 });
const unenrolled = (): string =>
  gateway.signIn({
    principal: { groups: ['SEC-OPS'] },
    proofs: [aProof('password')],
    enrolled: [],
  });

describe('a request that may not pass', () => {
  // prettier-ignore
  const cases = [
    // path       who           page        plain call  nginx
    ['/d/1',      nobody,       'sign-in',   401,       401, 'not-signed-in'],
    ['/d/1',      passwordOnly, 'challenge', 401,       401, 'second-factor-required'],
    ['/fresh/x',  old,          'step-up',   401,       401, 'step-up-required'],
    ['/d/1',      unenrolled,   'enroll',    403,       403, 'enrollment-required'],
    ['/inside/x', old,          null,        403,       403, 'network-not-allowed'],
    ['/closed/x', old,          null,        403,       403, 'rule-denies'],
  ] as const;

  for (const [uri, who, page, call, forNginx, code] of cases) {
    test(`is answered as at any other door: ${code}`, async () => {
      const asked = await question(plain, about(uri, { cookie: who() }));
      assert.deepEqual([asked.status, asked.headers['sallyport-response']], [call, code]);

      const browsed = await question(plain, about(uri, { cookie: who(), ...asBrowser }));
      const location =
        page === null
          ? undefined
          : `${portal}/${page}?return_to=${encodeURIComponent(`https://grafana.example.com${uri}`)}`;
      assert.equal(browsed.status, page === null ? 403 : 302);
      assert.equal(browsed.headers.location, location);

      const byNginx = await question(nginx, about(uri, { cookie: who() }));
      assert.deepEqual([byNginx.status, byNginx.headers['sallyport-response']], [forNginx, code]);
      const navigating = await question(nginx, about(uri, { cookie: who(), ...asBrowser }));
      assert.equal(navigating.status, page === null ? 403 : 401);
      assert.equal(navigating.headers.location, location);
    });
  }

  test('to nowhere is 404, and 403 to nginx, which knows no 404', async () => {
    const headers = about('/x', { 'x-forwarded-host': 'nowhere.example' });
    assert.equal((await question(plain, headers)).status, 404);
    assert.equal((await question(nginx, headers)).status, 403);
  });

  test('is 503 when it cannot be told', async () => {
    const headers = about('/d/1', { cookie: gateway.signIn() });
    gateway.stores.isDown = true;
    try {
      for (const path of [plain, nginx]) {
        const reply = await question(path, headers);
        assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '5']);
      }
    } finally {
      gateway.stores.isDown = false;
    }
  });
});

describe('a doubtful question', () => {
  const whole = about('/public/x');
  const original = {
    'x-original-method': 'GET',
    'x-original-url': 'https://grafana.example.com/public/x',
    'x-forwarded-for': '203.0.113.9',
  };
  const doubtful: readonly (readonly [string, Record<string, string | string[]>])[] = [
    ['without anything', {}],
    ...['method', 'proto', 'host', 'uri'].map(
      (name) => [`without ${name}`, without(whole, `x-forwarded-${name}`)] as const,
    ),
    ['with an original URL alone', without(original, 'x-original-method')],
    ['with an original method alone', without(original, 'x-original-url')],
    ['with two URIs', about('/public/x', { 'x-forwarded-uri': ['/public/x', '/d/1'] })],
    ['with a list of URIs', about('/public/x, /d/1')],
    ['with a list of hosts', about('/public/x', { 'x-forwarded-host': 'a.example, b.example' })],
    ['with another scheme', about('/public/x', { 'x-forwarded-proto': 'ftp' })],
    ['with a list of schemes', about('/public/x', { 'x-forwarded-proto': 'https, http' })],
    ['with a malformed host', about('/public/x', { 'x-forwarded-host': 'a@b' })],
    ['with a malformed method', about('/public/x', { 'x-forwarded-method': 'GE T' })],
    ['with TRACE', about('/public/x', { 'x-forwarded-method': 'TRACE' })],
    ['with a malformed path', about('/public/../d/1')],
    ['with an absolute URI', about('https://grafana.example.com/public/x')],
    ['with an unreadable address', about('/public/x', { 'x-forwarded-for': 'localhost' })],
    ['with two that disagree', { ...whole, ...original, 'x-forwarded-uri': '/public/y' }],
    ['with hosts that disagree', { ...original, 'x-forwarded-host': 'other.example' }],
    ['with schemes that disagree', { ...original, 'x-forwarded-proto': 'http' }],
    ['with a relative original URL', { ...original, 'x-original-url': '/public/x' }],
    [
      'with a fragment',
      { ...original, 'x-original-url': 'https://grafana.example.com/public/x#/' },
    ],
    [
      'with credentials',
      { ...original, 'x-original-url': 'https://a@grafana.example.com/public/x' },
    ],
  ];
  for (const [name, headers] of doubtful) {
    test(`is refused: ${name}`, async () => {
      const reply = await question(plain, { host: 'sallyport:8080', ...headers });
      assert.ok([400, 405].includes(reply.status), String(reply.status));
      const byNginx = await question(nginx, { host: 'sallyport:8080', ...headers });
      assert.equal(byNginx.status, 403);
    });
  }

  test('is refused when it matters where the client is and the proxy does not say', async () => {
    const reply = await question(plain, without(about('/inside/x'), 'x-forwarded-for'));
    assert.equal(reply.status, 400);
  });

  // Regression: a single request under another host, its connection reset at once, ended the
  // process: a socket that is gone has no address, and asking for it was an exception nobody caught.
  test('harms nobody when its connection is gone before it is read (G13)', async () => {
    for (const { port } of [gateway, untrusting]) {
      for (const path of [plain, nginx, '/public/x']) {
        await askAndReset(port, `GET ${path} HTTP/1.1`, 'Host: console.example.com');
        await askAndReset(port, `GET ${path} HTTP/1.1`, 'Host: elsewhere.example');
        const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
        await askAndReset(port, `GET ${path} HTTP/1.1`, 'Host: elsewhere.example', ...upgrade);
      }
      assert.equal((await ask(port, { path: '/public/x' })).status, 200);
    }
  });

  test('is refused from anybody but a declared proxy', async () => {
    for (const path of [plain, nginx]) {
      const reply = await ask(untrusting.port, {
        path,
        headers: { ...about('/public/x'), cookie: untrusting.signIn() },
      });
      assert.equal(reply.status, path === plain ? 400 : 403);
      assert.equal(reply.headers['remote-user'], undefined);
    }
  });
});

describe('the address of the client', () => {
  test('is the right-most one that is no proxy of ours', async () => {
    const cookie = gateway.signIn();
    const from = (chain: string) => about('/inside/x', { cookie, 'x-forwarded-for': chain });
    assert.equal((await question(plain, from('10.20.0.9'))).status, 200);
    assert.equal((await question(plain, from('203.0.113.9, 10.20.0.9, 127.0.0.7'))).status, 200);
    assert.equal((await question(plain, from('10.20.0.9, 203.0.113.9'))).status, 403);
    assert.equal((await question(plain, from('::ffff:10.20.0.9'))).status, 200);
    assert.equal((await question(plain, from('nonsense, 10.20.0.9'))).status, 200);
    assert.equal((await question(plain, from('10.20.0.9, nonsense'))).status, 400);
    assert.equal((await question(plain, from('10.20.0.9,'))).status, 400);
  });
});
