/**
 * The ten facts about our dependencies that decided the design (docs/threat-model.md). Each test
 * first shows that the fact holds in the version that is installed, where it can be shown from
 * outside, and then that the gateway is not touched by it. Where a fact no longer holds, the test
 * says so by failing, and the precaution may be thought over. Fact 9 is about one-time codes, and
 * is held by test/contract/second-factors.test.ts.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { fileNamed, filesMatching, importsOf } from '../../support/source-files.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aCidr, aRoute, aRule } from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { listening } from '../../support/listening.ts';
import { lines, type RawAnswer, sendRaw } from '../../support/raw-client.ts';

let upstream: FakeUpstream;
let gateway: BareGateway;
let cookie = '';

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({
    routes: [
      aRoute({ path: '/public/**', upstream, rules: [aRule({ effect: 'public' })] }),
      aRoute({ name: 'console', upstream }),
    ],
  });
  cookie = gateway.signIn();
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** A naive proxy of the same library, to show what it does by itself. */
async function withNaiveProxy(
  options: Parameters<typeof createProxyMiddleware>[0],
  act: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const proxy = createProxyMiddleware({ target: upstream.origin, ...options });
  const server = createServer((req, res) => void proxy(req, res, () => res.end()));
  const { port } = await listening(server);
  try {
    await act(port, server);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function send(port: number, ...text: readonly string[]): Promise<RawAnswer> {
  return sendRaw(port, lines(...text), { silenceMilliseconds: 100 });
}

async function asked(act: () => Promise<unknown>): Promise<FakeUpstream['requests']> {
  const before = upstream.requests.length;
  await act();
  return upstream.requests.slice(before);
}

const host = 'Host: console.example.com';
const close = 'Connection: close';

describe('fact 1: with `ws: true` upgrades pass the library by every decision', () => {
  test('so it is never set, and the library never hears of the server', async () => {
    await withNaiveProxy({ ws: true }, async (port, server) => {
      await send(port, 'GET / HTTP/1.1', host, close);
      assert.equal(server.listenerCount('upgrade'), 1, 'the fact');
    });
    await send(gateway.port, 'GET / HTTP/1.1', host, `Cookie: ${cookie}`, close);
    assert.equal(gateway.server.listenerCount('upgrade'), 1, 'ours alone');
    for (const file of filesMatching('src/**/*.ts')) {
      assert.doesNotMatch(file.text, /\bws: true\b(?!`)/, file.name);
    }
  });
});

describe('fact 2: the hook that sets headers is skipped for requests with Expect', () => {
  test('so identity does not depend on it', async () => {
    let isHookRun = false;
    await withNaiveProxy({ on: { proxyReq: () => void (isHookRun = true) } }, async (port) => {
      await send(port, 'GET / HTTP/1.1', host, 'Expect: 100-continue', close);
      assert.equal(isHookRun, false, 'the fact');
    });
    const [seen] = await asked(() =>
      send(
        gateway.port,
        'GET / HTTP/1.1',
        host,
        `Cookie: ${cookie}`,
        'Expect: 100-continue',
        'Remote-User: root',
        close,
      ),
    );
    assert.equal(seen?.headers['remote-user'], 'anna');
    assert.equal(seen?.headers.expect, undefined);
  });
});

describe('fact 3: hop-by-hop headers are passed on as they come', () => {
  test('so they are taken out first, and nothing of ours can be nominated', async () => {
    const hop = ['Connection: close, X-Odd, Remote-User', 'X-Odd: 1', 'Keep-Alive: 1'];
    await withNaiveProxy({}, async (port) => {
      const [seen] = await asked(() => send(port, 'GET / HTTP/1.1', host, ...hop));
      assert.equal(seen?.headers['x-odd'], '1', 'the fact');
    });
    const [seen] = await asked(() =>
      send(gateway.port, 'GET / HTTP/1.1', host, `Cookie: ${cookie}`, ...hop),
    );
    assert.equal(seen?.headers['x-odd'], undefined);
    assert.equal(seen?.headers['keep-alive'], undefined);
    assert.equal(seen?.headers['remote-user'], 'anna');
    assert.doesNotMatch(String(seen?.headers.connection), /remote-user|x-odd/i);
  });
});

describe('fact 4: `xfwd` keeps what the client claims', () => {
  test('so forwarded headers are deleted and set anew', async () => {
    const claim = 'X-Forwarded-For: 10.20.0.7';
    await withNaiveProxy({ xfwd: true }, async (port) => {
      const [seen] = await asked(() => send(port, 'GET / HTTP/1.1', host, claim, close));
      assert.match(String(seen?.headers['x-forwarded-for']), /^10\.20\.0\.7/, 'the fact');
    });
    const [seen] = await asked(() =>
      send(gateway.port, 'GET /public/x HTTP/1.1', host, claim, close),
    );
    assert.equal(seen?.headers['x-forwarded-for'], '127.0.0.1');
  });
});

describe('fact 5: older versions of the library smuggle requests (CVE-2026-29057)', () => {
  test('so none of them is installed', () => {
    const lockfile = JSON.parse(fileNamed('package-lock.json').text) as {
      packages: Record<string, { version?: string }>;
    };
    const versions = Object.entries(lockfile.packages)
      .filter(([name]) => /node_modules\/(?:http-proxy|http-proxy-middleware|httpxy)$/.test(name))
      .map(([name, { version }]) => [name.replace(/.*node_modules\//, ''), version] as const);
    const majors = Object.fromEntries(
      versions.map(([name, version]) => [name, Number.parseInt(version ?? '', 10)]),
    );
    assert.deepEqual(Object.keys(majors).toSorted(), ['http-proxy-middleware', 'httpxy']);
    assert.equal(majors['http-proxy-middleware'], 4);
  });

  test('and a body on DELETE keeps its framing', async () => {
    const [seen, ...more] = await asked(() =>
      sendRaw(
        gateway.port,
        lines(
          'DELETE /x HTTP/1.1',
          host,
          `Cookie: ${cookie}`,
          'Transfer-Encoding: chunked',
          close,
        ) + '17\r\nGET /admin HTTP/1.1\r\n\r\n\r\n0\r\n\r\n',
      ),
    );
    assert.equal(await seen?.body, 'GET /admin HTTP/1.1\r\n\r\n');
    assert.deepEqual(more, []);
  });
});

describe('fact 6: Express believes the left-most of what is forwarded', () => {
  test('so the right-most is taken, from declared proxies only', async () => {
    const proxied = await startBareGateway({
      routes: [aRoute({ upstream, rules: [aRule({ effect: 'public' })] })],
      trustedProxies: [aCidr('127.0.0.1/32')],
    });
    const [seen] = await asked(() =>
      send(
        proxied.port,
        'GET / HTTP/1.1',
        'Host: gateway.internal',
        'X-Forwarded-For: 10.20.0.7, 203.0.113.9',
        'X-Forwarded-Proto: http, https',
        'X-Forwarded-Host: evil.example, console.example.com',
        close,
      ),
    );
    assert.equal(seen?.headers['x-forwarded-for'], '203.0.113.9');
    assert.equal(seen?.headers['x-forwarded-proto'], 'https');
    assert.equal(seen?.headers['x-forwarded-host'], 'console.example.com');
    assert.equal(seen?.headers.host, 'console.example.com');
    const doubtful = [
      'X-Forwarded-For: localhost',
      'X-Forwarded-For: 203.0.113.9, unknown',
      'X-Forwarded-For: _hidden',
      'X-Forwarded-Proto: javascript',
      'X-Forwarded-Host: a@b',
    ];
    for (const line of doubtful) {
      assert.equal(
        (await send(proxied.port, 'GET / HTTP/1.1', host, line, close)).status,
        400,
        line,
      );
    }
    await proxied.stop();
  });
});

describe('fact 7: a target in absolute form is read in two ways', () => {
  test('so it is refused', async () => {
    await withNaiveProxy({}, async (port) => {
      const [seen] = await asked(() =>
        send(port, 'GET http://evil.example/p HTTP/1.1', host, close),
      );
      assert.equal(seen?.url, '/http://evil.example/p', 'the fact');
    });
    const target = 'http://console.example.com/public/x';
    const answer = await send(gateway.port, `GET ${target} HTTP/1.1`, host, close);
    assert.equal(answer.status, 400);
  });
});

describe('fact 8: the session middleware writes sessions back', () => {
  test('so the gateway cannot reach it: it reads, touches and removes', () => {
    const gatewayFiles = filesMatching('src/gateway/**/*.ts');
    assert.ok(gatewayFiles.length > 10);
    for (const file of gatewayFiles) {
      for (const line of importsOf(file)) {
        assert.doesNotMatch(
          line.specifier,
          /express-session|connect-redis|stores\/(?!types)/,
          file.name,
        );
      }
    }
  });

  test('and a request in flight does not bring a revoked session back', async () => {
    const gone = gateway.signIn();
    const answering = Promise.withResolvers<void>();
    upstream.answerWith((_, res) => void answering.promise.then(() => res.end('late')));
    const arrived = once(upstream.server, 'request');
    const reply = send(gateway.port, 'GET /slow HTTP/1.1', host, `Cookie: ${gone}`, close);
    await arrived;
    gateway.stores.sessions.delete(gone.replace('sallyport=', ''));
    answering.resolve();
    assert.equal((await reply).status, 200);
    upstream.answerWith((_, res) => res.end('ok'));
    const again = await send(gateway.port, 'GET / HTTP/1.1', host, `Cookie: ${gone}`, close);
    assert.equal(again.status, 401);
  });
});

describe('fact 10: the parser of Node leaves work to us', () => {
  // What Node's parser lets through by itself, shown on a server that answers everything.
  // prettier-ignore
  const accepted = [
    ['two hosts',                 ['GET / HTTP/1.1', host, 'Host: evil.example', close]],
    ['a host with a path',        ['GET / HTTP/1.1', 'Host: a/b', close]],
    ['a host with userinfo',      ['GET / HTTP/1.1', 'Host: a@b', close]],
    ['HTTP/0.9',                  ['GET / HTTP/0.9', host]],
    ['HTTP/2.0 in words',         ['GET / HTTP/2.0', host, close]],
    ['a coding nobody knows',     ['POST / HTTP/1.1', host, 'Transfer-Encoding: cow, chunked', close, '', '0']],
    ['a coding that is none',     ['POST / HTTP/1.1', host, 'Transfer-Encoding: identity, chunked', close, '', '0']],
    ['a coding in HTTP/1.0',      ['POST / HTTP/1.0', host, 'Transfer-Encoding: chunked', close, '', '0']],
  ] as const;

  for (const [name, text] of accepted) {
    test(`so ${name} is refused`, async () => {
      const naive = createServer((_, res) => res.end('accepted'));
      const { port } = await listening(naive);
      assert.match((await send(port, ...text)).text, /accepted/, 'the fact');
      naive.close();
      naive.closeAllConnections();

      const seen = await asked(async () => {
        assert.equal((await send(gateway.port, ...text)).status, 400);
      });
      assert.deepEqual(seen, []);
    });
  }
});
