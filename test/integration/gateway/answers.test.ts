/** What a caller without sufficient proof gets (contract section 4), and what a malformed one. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, asBrowser, type Question, type Reply } from '../../support/ask.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aNetwork, anMfaPolicy, aPolicy, aProof, aRoute, aRule } from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { lines, sendRaw } from '../../support/raw-client.ts';

const portal = 'http://console.example.com/_mfa';

let upstream: FakeUpstream;
let gateway: BareGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({
    config: {
      policy: aPolicy({ mfa: anMfaPolicy({ totp: { requiredForTiers: ['TIER1'] } }) }),
    },
    routes: [
      aRoute({ path: '/inside/**', upstream, network: aNetwork('zone-e', ['10.20.0.0/24']) }),
      aRoute({
        path: '/fresh/**',
        upstream,
        rules: [aRule({ requires: { withinSeconds: 300 } })],
      }),
      aRoute({ path: '/closed/**', upstream, rules: [aRule({ effect: 'deny' })] }),
      aRoute({ path: '/ruleless/**', upstream, rules: [] }),
      aRoute({
        path: '/others/**',
        upstream,
        rules: [aRule({ audience: { groups: ['AUDIT'] } })],
      }),
      aRoute({ path: '/app/**', upstream }),
    ],
  });
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function refused(question: Question): Promise<Reply> {
  const before = upstream.requests.length;
  const reply = await ask(gateway.port, question);
  assert.equal(upstream.requests.length, before, 'no refused request reaches the upstream');
  assert.equal(reply.headers['cache-control'], 'no-store');
  assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  assert.match(String(reply.headers['content-security-policy']), /frame-ancestors 'none'/);
  return reply;
}

const nobody = (): string => '';
const passwordOnly = (): string => gateway.signIn({ proofs: [aProof('password')] });
const proved = (): string => gateway.signIn();
const provedLongAgo = (): string =>
  gateway.signIn({ createdAt: gateway.clock.now() - 20 * 60 * 1000 });
const unenrolled = (): string =>
  gateway.signIn({
    principal: { groups: ['SEC-OPS'] },
    proofs: [aProof('password')],
    enrolled: [],
  });
const disabled = (): string => gateway.signIn({ principal: { isDisabled: true } });

// prettier-ignore
const cases = [
  // path              who            page         status  code
  ['/app/x?a=1&b=%2F', nobody,        'sign-in',   401,   'not-signed-in'],
  ['/app/x?a=1&b=%2F', passwordOnly,  'challenge', 401,   'second-factor-required'],
  ['/fresh/x?a=1',     provedLongAgo, 'step-up',   401,   'step-up-required'],
  ['/app/x',           unenrolled,    'enroll',    403,   'enrollment-required'],
  ['/inside/x',        proved,        null,        403,   'network-not-allowed'],
  ['/others/x',        proved,        null,        403,   'not-admitted'],
  ['/closed/x',        proved,        null,        403,   'rule-denies'],
  ['/ruleless/x',      proved,        null,        403,   'no-rule-applies'],
  ['/app/x',           disabled,      null,        403,   'account-disabled'],
  ['/nowhere',         proved,        null,        404,   'no-route'],
] as const;

describe('whoever may not pass', () => {
  for (const [path, who, page, status, code] of cases) {
    test(`on a navigation: ${code}`, async () => {
      const reply = await refused({ path, headers: { cookie: who(), ...asBrowser } });
      assert.equal(reply.headers['sallyport-response'], code);
      if (page === null) {
        assert.equal(reply.status, status);
        assert.match(String(reply.headers['content-type']), /^text\/html/);
      } else {
        assert.equal(reply.status, 302);
        const returnTo = encodeURIComponent(`http://console.example.com${path}`);
        assert.equal(reply.headers.location, `${portal}/${page}?return_to=${returnTo}`);
      }
    });

    test(`on a call: ${code}`, async () => {
      const reply = await refused({ path, headers: { cookie: who(), accept: '*/*' } });
      assert.equal(reply.status, status);
      assert.equal(reply.headers['sallyport-response'], code);
      assert.equal(reply.headers['content-type'], 'application/problem+json');
      const document = JSON.parse(reply.body) as Record<string, unknown>;
      assert.deepEqual(
        [document['type'], document['status'], document['code']],
        [`${portal}/problems/${code}`, status, code],
      );
      assert.match(String(document['instance']), /^urn:sallyport:request:req_/);
      if (status === 401) assert.match(String(reply.headers['www-authenticate']), /^Bearer/);
    });
  }

  test('is told in the words of RFC 9470 what proof is wanting', async () => {
    const reply = await refused({ path: '/fresh/x', headers: { cookie: provedLongAgo() } });
    assert.equal(
      reply.headers['www-authenticate'],
      'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="300"',
    );
    const { step_up_url: url } = JSON.parse(reply.body) as { step_up_url: string };
    assert.ok(url.startsWith(`${portal}/step-up`), url);
  });

  test('is redirected by 303 after a form, and by 302 after HEAD', async () => {
    const headers = { cookie: provedLongAgo(), ...asBrowser };
    const posted = await refused({ method: 'POST', path: '/fresh/x', headers, body: 'a=1' });
    assert.equal(posted.status, 303);
    const headed = await refused({ method: 'HEAD', path: '/fresh/x', headers });
    assert.deepEqual([headed.status, headed.body], [302, '']);
  });

  test('is no navigation when a script asks, whatever it accepts', async () => {
    for (const headers of [
      { accept: 'text/html', 'sec-fetch-mode': 'cors' },
      { accept: 'text/html', 'sec-fetch-mode': 'no-cors' },
      { accept: 'text/html;q=0' },
      { accept: 'text/event-stream' },
      {},
    ]) {
      assert.equal((await refused({ path: '/app/x', headers })).status, 401);
    }
  });

  test('is a call when a program posts and accepts HTML among others', async () => {
    const headers = { accept: 'text/html,*/*' };
    assert.equal((await refused({ method: 'POST', path: '/app/x', headers })).status, 401);
  });

  test('costs no look-up where nobody could pass, or everybody', async () => {
    const { lookUps } = gateway.stores;
    const before = { ...lookUps };
    for (const path of ['/inside/x', '/closed/x', '/ruleless/x', '/nowhere']) {
      await refused({ path, headers: { cookie: proved() } });
    }
    assert.deepEqual(lookUps, before);
  });
});

describe('a store that does not answer', () => {
  test('is 503, never a sign-in page and never a yes', async () => {
    const cookie = proved();
    gateway.stores.isDown = true;
    try {
      const page = await refused({ path: '/app/x', headers: { cookie, ...asBrowser } });
      assert.deepEqual([page.status, page.headers['retry-after']], [503, '5']);
      assert.match(String(page.headers['content-type']), /^text\/html/);
      const call = await refused({ path: '/app/x', headers: { cookie } });
      assert.deepEqual(
        [call.status, call.headers['sallyport-response']],
        [503, 'store-unavailable'],
      );
    } finally {
      gateway.stores.isDown = false;
    }
    assert.equal((await ask(gateway.port, { path: '/app/x', headers: { cookie } })).status, 200);
  });
});

describe('a refused body', () => {
  test('is not passed on, and leaves the connection usable when it is small', async () => {
    const body = 'x'.repeat(100);
    const question = lines(
      'POST /app/x HTTP/1.1',
      'Host: console.example.com',
      `Content-Length: ${String(body.length)}`,
    );
    const answer = await sendRaw(gateway.port, question + body + question + body);
    assert.equal(answer.text.match(/HTTP\/1\.1 401 /g)?.length, 2);
  });

  test('is cut off when it never ends', async () => {
    const head = lines(
      'POST /app/x HTTP/1.1',
      'Host: console.example.com',
      `Content-Length: ${String(64 * 1024 * 1024)}`,
    );
    const flood = Buffer.concat([Buffer.from(head), Buffer.alloc(8 * 1024 * 1024)]);
    const answer = await sendRaw(gateway.port, flood, { silenceMilliseconds: 4000 });
    assert.equal(answer.status, 401);
  });
});

describe('a malformed request', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['GET /a/../b HTTP/1.1', 400, 'invalid-request-target'],
    ['GET /a%2fb HTTP/1.1', 400, 'invalid-request-target'],
    ['GET //evil HTTP/1.1', 400, 'invalid-request-target'],
    ['GET http://console.example.com/app/x HTTP/1.1', 400, 'invalid-request-target'],
    ['GET /app/x#/y HTTP/1.1', 400, 'invalid-request-target'],
    ['OPTIONS * HTTP/1.1', 400, 'invalid-request-target'],
    [`GET /${'a'.repeat(8200)} HTTP/1.1`, 414, 'target-too-long'],
    ['TRACE /app/x HTTP/1.1', 405, 'method-not-allowed'],
    ['CONNECT console.example.com:443 HTTP/1.1', 405, 'method-not-allowed'],
    ['GET /app/x HTTP/2.0', 400, 'invalid-request'],
    ['GET /app/x HTTP/0.9', 400, 'invalid-request'],
    ['GET /app/x HTTP/1.2', 400, 'invalid-request'],
    ['get /app/x HTTP/1.1', 400, 'invalid-request'],
    ['GET /app/x', 400, 'invalid-request'],
  ];
  for (const [requestLine, status, code] of cases) {
    test(`is refused: ${requestLine.slice(0, 50)}`, async () => {
      const before = upstream.requests.length;
      const answer = await sendRaw(
        gateway.port,
        lines(requestLine, 'Host: console.example.com', `Cookie: ${proved()}`),
        { silenceMilliseconds: 100 },
      );
      assert.deepEqual([answer.status, answer.header('sallyport-response')], [status, [code]]);
      assert.equal(upstream.requests.length, before);
    });
  }

  test('is refused when its headers are too large', async () => {
    const answer = await sendRaw(
      gateway.port,
      lines('GET /app/x HTTP/1.1', 'Host: console.example.com', `X: ${'x'.repeat(20_000)}`),
    );
    assert.deepEqual(
      [answer.status, answer.header('sallyport-response')],
      [431, ['headers-too-large']],
    );
  });

  test('is refused without a host', async () => {
    const answer = await sendRaw(gateway.port, lines('GET /app/x HTTP/1.0'));
    assert.equal(answer.status, 400);
  });
});
