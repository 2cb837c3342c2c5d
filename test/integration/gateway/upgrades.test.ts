/** The WebSocket door. Holds G1 and G3 where requests leave the HTTP server (security fact 1). */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aNetwork, aRoute, aRule } from '../../support/builders.ts';
import {
  type FakeUpstream,
  onHead,
  startFakeUpstream,
  startRawUpstream,
} from '../../support/fake-upstream.ts';
import { lines, type RawAnswer, sendRaw } from '../../support/raw-client.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';

let upstream: FakeUpstream;
let gateway: BareGateway;
let cookie = '';

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({
    upgradeLimits: { perUser: 3, perAddress: 5 },
    routes: [
      aRoute({
        path: '/public/**',
        upstream,
        rules: [aRule({ effect: 'public' })],
      }),
      aRoute({ path: '/inside/**', upstream, network: aNetwork('zone-e', ['10.20.0.0/24']) }),
      aRoute({
        path: '/fresh/**',
        upstream,
        rules: [aRule({ requires: { withinSeconds: 300 } })],
      }),
      aRoute({ name: 'console', upstream }),
    ],
  });
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});
beforeEach(() => {
  cookie = gateway.signIn();
});

function webSocket(path: string, headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${String(gateway.port)}${path}`, {
    headers: { host: 'console.example.com', cookie, ...headers },
  });
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

/** A handshake by hand, with any line of it changed. */
function handshake(changes: readonly string[] = [], requestLine = 'GET /ws HTTP/1.1'): string {
  const usual = [
    'Host: console.example.com',
    `Cookie: ${cookie}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
  ];
  const kept = usual.filter((line) => !changes.some((change) => nameOf(change) === nameOf(line)));
  return lines(requestLine, ...kept, ...changes.filter((change) => !change.endsWith(':')));
}

async function refused(bytes: string): Promise<RawAnswer> {
  const before = upstream.handshakes.length + upstream.requests.length;
  const answer = await sendRaw(gateway.port, bytes, { silenceMilliseconds: 100 });
  assert.equal(upstream.handshakes.length + upstream.requests.length, before, 'upstream was asked');
  return answer;
}

describe('a WebSocket that may pass', () => {
  test('carries messages both ways, small and large', async () => {
    const socket = webSocket('/ws?room=1');
    await once(socket, 'open');
    for (const text of ['hello', 'x'.repeat(300_000)]) {
      socket.send(text);
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.toString(), text);
    }
    assert.equal(upstream.handshakes.at(-1)?.url, '/ws?room=1');
    socket.close(1000);
    assert.deepEqual((await once(socket, 'close'))[0], 1000);
  });

  test('tells the upstream who it is, and nobody else', async () => {
    const socket = webSocket('/ws', {
      'Remote-User': 'root',
      Remote_User: 'root',
      'X-Forwarded-For': '10.20.0.7',
    });
    await once(socket, 'open');
    const headers = upstream.handshakes.at(-1)?.headers ?? {};
    assert.equal(headers['remote-user'], 'anna');
    assert.equal(headers['remote_user'], undefined);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers.cookie, undefined);
    assert.ok(headers['x-sallyport-assertion'] !== undefined);
    socket.terminate();
  });

  test('passes subprotocol and extensions on', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(gateway.port)}/ws`, ['chat.v1'], {
      headers: { host: 'console.example.com', cookie },
    });
    await once(socket, 'open');
    assert.equal(socket.protocol, 'chat.v1');
    socket.terminate();
  });

  test('ends when either side does', async () => {
    const one = webSocket('/ws');
    await once(one, 'open');
    for (const client of upstream.webSockets) client.close(4001, 'bye');
    assert.deepEqual((await once(one, 'close'))[0], 4001);

    const other = webSocket('/ws');
    await once(other, 'open');
    const atUpstream = [...upstream.webSockets].at(-1);
    assert.ok(atUpstream !== undefined);
    other.terminate();
    await once(atUpstream, 'close');
  });

  test('is written down once, as opened', async () => {
    const before = gateway.log.length;
    const socket = webSocket('/ws');
    await once(socket, 'open');
    const written = gateway.log.slice(before).filter(({ message }) => message === 'request');
    assert.deepEqual(
      written.map(({ door, decision, status }) => [door, decision, status]),
      [['upgrade', 'allow', 101]],
    );
    socket.terminate();
  });
});

describe('a WebSocket that may not pass', () => {
  test('is refused like a call through any other door, before the upstream is asked', async () => {
    const cases = [
      ['/ws', ['Cookie:'], 401, 'not-signed-in'],
      ['/inside/ws', [], 403, 'network-not-allowed'],
      ['/../ws', [], 400, 'invalid-request-target'],
      ['/_mfa/ws', [], 404, 'not-found'],
    ] as const;
    for (const [path, changes, status, code] of cases) {
      const answer = await refused(handshake(changes, `GET ${path} HTTP/1.1`));
      assert.deepEqual(
        [answer.status, answer.header('sallyport-response')],
        [status, [code]],
        path,
      );
      assert.match(answer.header('content-type').join(), /problem\+json/);
      assert.equal((JSON.parse(answer.body) as { code: string }).code, code);
    }
  });

  test('is told what proof is wanting', async () => {
    gateway.clock.advance(3600);
    cookie = gateway.signIn({ createdAt: gateway.clock.now() - 1200_000 });
    const answer = await refused(handshake([], 'GET /fresh/ws HTTP/1.1'));
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.header('www-authenticate'), [
      'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="300"',
    ]);
  });

  test('is refused when the store does not answer', async () => {
    gateway.stores.isDown = true;
    try {
      const answer = await refused(handshake());
      assert.deepEqual([answer.status, answer.header('retry-after')], [503, ['5']]);
    } finally {
      gateway.stores.isDown = false;
    }
  });
});

describe('an upgrade that is no WebSocket handshake', () => {
  const hostile = [
    ['Upgrade: foo'],
    ['Upgrade: WebSocket, foo'],
    ['Upgrade: websocket/13'],
    ['Upgrade: websocket', 'Upgrade: foo'],
    ['Upgrade: websocket', 'Upgrade: websocket'],
    ['Upgrade: h2c, websocket'],
    ['Sec-WebSocket-Key:'],
    ['Sec-WebSocket-Key: short'],
    [`Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Key: ${key}`],
    ['Content-Length: 5'],
    ['Transfer-Encoding: chunked'],
    ['Host: console.example.com', 'Host: evil.example'],
    ['Host: a@b'],
  ];
  for (const changes of hostile) {
    test(`is refused: ${changes.join(' + ')}`, async () => {
      const answer = await refused(handshake(changes));
      assert.equal(answer.status, 400, answer.head);
      assert.deepEqual(answer.header('connection'), ['close']);
    });
  }

  test('is refused with another method or version', async () => {
    for (const line of ['POST /ws HTTP/1.1', 'HEAD /ws HTTP/1.1', 'GET /ws HTTP/1.0']) {
      assert.equal((await refused(handshake([], line))).status, 400, line);
    }
  });

  test('is refused on public rules too', async () => {
    const answer = await refused(handshake(['Upgrade: foo'], 'GET /public/x HTTP/1.1'));
    assert.equal(answer.status, 400);
  });

  test('is an ordinary request when it only offers HTTP/2, and loses the offer', async () => {
    const answer = await sendRaw(
      gateway.port,
      handshake([
        'Upgrade: h2c',
        'Connection: Upgrade, HTTP2-Settings, close',
        'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      ]),
    );
    assert.equal(answer.status, 200);
    const seen = upstream.requests.at(-1);
    assert.equal(seen?.headers.upgrade, undefined);
    assert.equal(seen?.headers['http2-settings'], undefined);
    assert.equal(seen?.headers['remote-user'], 'anna');
  });
});

describe('the origin of a WebSocket', () => {
  test('must be ours where a browser names one', async () => {
    for (const origin of [
      'http://evil.example',
      'null',
      'https://console.example.com',
      'http://console.example.com.evil.example',
      'http://console.example.com:81',
      'http://console.example.com/',
    ]) {
      const answer = await refused(handshake([`Origin: ${origin}`]));
      assert.deepEqual(
        [answer.status, answer.header('sallyport-response')],
        [403, ['origin-not-allowed']],
        origin,
      );
    }
  });

  test('may be that of the host that was asked for', async () => {
    const socket = webSocket('/ws', { origin: 'http://console.example.com' });
    await once(socket, 'open');
    socket.terminate();
    const other = webSocket('/ws', { host: 'other.example', origin: 'http://other.example' });
    await once(other, 'open');
    other.terminate();
  });
});

describe('many WebSockets', () => {
  test('are bounded for each person', async () => {
    cookie = gateway.signIn({ principal: { id: 'usr_many' as never, username: 'many' } });
    const sockets = [webSocket('/ws'), webSocket('/ws'), webSocket('/ws')];
    await Promise.all(sockets.map((socket) => once(socket, 'open')));

    const answer = await refused(handshake());

    assert.deepEqual(
      [answer.status, answer.header('sallyport-response')],
      [429, ['too-many-attempts']],
    );
    for (const socket of sockets) socket.terminate();
  });
});

/** A gateway in front of a server that answers every handshake with these bytes. */
async function withRaw(
  answer: string,
  act: (raw: BareGateway, cookie: string) => Promise<void>,
): Promise<void> {
  const server = await startRawUpstream((socket) =>
    onHead(socket, () => void socket.write(Buffer.from(answer, 'latin1'))),
  );
  const raw = await startBareGateway({
    routes: [
      aRoute({
        upstream: server,
        timeouts: { connectSeconds: 1, headersSeconds: 0.3, idleSeconds: 0.3 },
      }),
    ],
  });
  try {
    await act(raw, raw.signIn());
  } finally {
    await raw.stop();
    await server.stop();
  }
}

describe('an upstream of WebSockets', () => {
  test('that refuses is passed on without what only we may say', async () => {
    const no = lines(
      'HTTP/1.1 426 Upgrade Required',
      'Sallyport-Response: x',
      'Set-Cookie: sallyport=evil',
      'Set-Cookie: a=1',
      'Content-Length: 2',
    );
    await withRaw(`${no}no`, async (raw, session) => {
      const answer = await sendRaw(raw.port, handshake([`Cookie: ${session}`]));
      assert.deepEqual([answer.status, answer.body], [426, 'no']);
      assert.deepEqual(answer.header('set-cookie'), ['a=1']);
      assert.deepEqual(answer.header('sallyport-response'), []);
    });
  });

  test('cannot set our cookies in its handshake', async () => {
    const yes = lines(
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Set-Cookie: sallyport=evil',
    );
    await withRaw(yes, async (raw, session) => {
      const answer = await sendRaw(raw.port, handshake([`Cookie: ${session}`]));
      assert.deepEqual([answer.status, answer.header('set-cookie')], [101, []]);
    });
  });

  test('that stays silent is given up with 504', async () => {
    await withRaw('', async (raw, session) => {
      const answer = await sendRaw(raw.port, handshake([`Cookie: ${session}`]));
      assert.deepEqual(
        [answer.status, answer.header('sallyport-response')],
        [504, ['upstream-timeout']],
      );
    });
  });

  test('is told within a moment that the client has gone while it was being asked', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const server = await startRawUpstream((socket) => {
      onHead(socket, () => asked.resolve());
      socket.once('close', () => gone.resolve());
    });
    const raw = await startBareGateway({ routes: [aRoute({ upstream: server })] });
    const client = connect(raw.port, '127.0.0.1');
    client.write(handshake([`Cookie: ${raw.signIn()}`]));
    await asked.promise;
    client.destroy();
    await gone.promise;
    await raw.stop();
    await server.stop();
  });

  test('that says nothing for too long is closed with a close frame', async () => {
    const yes = lines(
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
    );
    await withRaw(yes, async (raw, session) => {
      const answer = await sendRaw(raw.port, handshake([`Cookie: ${session}`]), {
        silenceMilliseconds: 1000,
      });
      assert.deepEqual(Buffer.from(answer.body, 'latin1'), Buffer.from([0x88, 2, 0x03, 0xe9]));
    });
  });

  test('that cannot be reached is 502', async () => {
    const raw = await startBareGateway({
      routes: [aRoute({ upstream: { origin: 'http://127.0.0.1:1' } })],
    });
    const answer = await sendRaw(raw.port, handshake([`Cookie: ${raw.signIn()}`]));
    assert.deepEqual(
      [answer.status, answer.header('sallyport-response')],
      [502, ['upstream-unreachable']],
    );
    await raw.stop();
  });
});
