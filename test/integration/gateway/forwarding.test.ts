/** What passes through the gateway untouched, and what is rebuilt. Holds G1 and G4. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../../support/ask.ts';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aRoute, aRule } from '../../support/builders.ts';
import {
  type FakeUpstream,
  startFakeUpstream,
  type UpstreamHandler,
} from '../../support/fake-upstream.ts';
import { lines, readRaw, sendRaw } from '../../support/raw-client.ts';

let upstream: FakeUpstream;
let gateway: BareGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({
    routes: [
      aRoute({
        name: 'public',
        path: '/public/**',
        upstream,
        rules: [aRule({ effect: 'public' })],
      }),
      aRoute({ name: 'small', path: '/small/**', upstream, bodyBytesMax: 1000 }),
      aRoute({ name: 'console', upstream }),
    ],
  });
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** What the upstream saw of the newest request. */
function lastSeen(): FakeUpstream['requests'][number] {
  const seen = upstream.requests.at(-1);
  assert.ok(seen !== undefined, 'the upstream was asked');
  return seen;
}

/** Lets the upstream answer in its own way for the time of one test. */
async function answering(handler: UpstreamHandler, act: () => Promise<void>): Promise<void> {
  upstream.answerWith(handler);
  try {
    await act();
  } finally {
    upstream.answerWith((req, res) => {
      req.resume();
      req.on('end', () => res.end('ok'));
    });
  }
}

describe('a request that may pass', () => {
  test('reaches the upstream with its method, path, query and body', async () => {
    const cookie = gateway.signIn();

    const reply = await ask(gateway.port, {
      method: 'PUT',
      path: '/a/b%20c?x=1&y=%2F..%2f',
      headers: { cookie, 'content-type': 'text/x-odd' },
      body: 'the body',
    });

    assert.equal(reply.status, 200);
    const { method, url, headers } = lastSeen();
    assert.deepEqual([method, url], ['PUT', '/a/b%20c?x=1&y=%2F..%2f']);
    assert.equal(headers['content-type'], 'text/x-odd');
    assert.equal(await lastSeen().body, 'the body');
  });

  test('is sent with the path that was decided on, in one spelling', async () => {
    await ask(gateway.port, { path: '/%61dmin/%7euser', headers: { cookie: gateway.signIn() } });
    assert.equal(lastSeen().url, '/admin/~user');
  });

  test('keeps the host it was asked for', async () => {
    await ask(gateway.port, {
      headers: { cookie: gateway.signIn(), host: 'CONSOLE.example.com:80' },
    });
    const { host } = lastSeen().headers;
    assert.equal(host, 'console.example.com');
  });

  test('keeps the spelling, order and repetition of headers that are not ours', async () => {
    await sendRaw(
      gateway.port,
      lines(
        'GET / HTTP/1.1',
        'Host: console.example.com',
        'X-ODD-Case: one',
        'x-other: \xe4\xf6',
        'X-Odd-Case: two',
        `Cookie: ${gateway.signIn()}`,
        'Connection: close',
      ),
    );
    const raw = lastSeen().rawHeaders;
    const at = raw.indexOf('X-ODD-Case');
    assert.deepEqual(
      raw.slice(at, at + 6),
      'X-ODD-Case|one|X-ODD-Case|two|x-other|\xe4\xf6'.split('|'),
    );
  });

  test('asks for a range and gets it', async () => {
    await answering(
      (req, res) => {
        res.writeHead(206, { 'Content-Range': 'bytes 2-4/10', 'Content-Length': '3' });
        res.end(req.headers.range === 'bytes=2-4' ? '234' : '???');
      },
      async () => {
        const reply = await ask(gateway.port, {
          headers: { cookie: gateway.signIn(), range: 'bytes=2-4' },
        });
        assert.deepEqual(
          [reply.status, reply.body, reply.headers['content-range']],
          [206, '234', 'bytes 2-4/10'],
        );
      },
    );
  });

  test('passes a request body in chunks as chunks, trailers included', async () => {
    await ask(gateway.port, {
      method: 'POST',
      headers: { cookie: gateway.signIn() },
      body: 'in chunks',
      trailers: { 'X-Checksum': 'abc', 'Remote-User': 'root', remote_groups: 'ADMINS' },
    });
    const seen = lastSeen();
    assert.equal(await seen.body, 'in chunks');
    assert.equal(seen.headers['transfer-encoding'], 'chunked');
    assert.deepEqual(seen.rawTrailers(), ['X-Checksum', 'abc']);
  });

  test('has a body on DELETE and GET framed as it came', async () => {
    const cookie = gateway.signIn();
    for (const method of ['DELETE', 'GET', 'OPTIONS']) {
      const answer = await sendRaw(
        gateway.port,
        lines(
          `${method} /framed HTTP/1.1`,
          'Host: console.example.com',
          `Cookie: ${cookie}`,
          'Transfer-Encoding: chunked',
          'Connection: close',
        ) + '5\r\nhello\r\n0\r\n\r\n',
      );
      assert.equal(answer.status, 200);
      assert.equal(lastSeen().method, method);
      assert.equal(await lastSeen().body, 'hello');
    }
  });
});

describe('OPTIONS with Max-Forwards', () => {
  test('is counted down, and answered here when the count is over', async () => {
    const cookie = gateway.signIn();
    const options = (count: string) =>
      ask(gateway.port, { method: 'OPTIONS', headers: { cookie, 'max-forwards': count } });
    await options('3');
    assert.equal(lastSeen().headers['max-forwards'], '2');
    const before = upstream.requests.length;
    const reply = await options('0');
    assert.deepEqual(
      [reply.status, reply.headers['sallyport-response']],
      [204, 'max-forwards-reached'],
    );
    assert.equal(upstream.requests.length, before);
  });
});

describe('the identity of who asks', () => {
  test('is sent in the headers that the contract names', async () => {
    const cookie = gateway.signIn({
      principal: { groups: ['SEC-OPS', 'AUDIT'], displayName: 'Anna Example' },
    });
    await ask(gateway.port, { headers: { cookie } });
    const { headers } = lastSeen();
    assert.equal(headers['remote-user'], 'anna');
    assert.equal(headers['remote-groups'], 'SEC-OPS,AUDIT');
    assert.equal(headers['remote-name'], 'Anna Example');
    assert.equal(headers['remote-email'], 'anna@example.com');
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-host'], 'console.example.com');
    assert.match(String(headers['x-request-id']), /^req_/);
    assert.match(String(headers['x-sallyport-assertion']), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('survives a name beyond ASCII as its UTF-8 octets', async () => {
    const cookie = gateway.signIn({ principal: { displayName: 'Zoë 李' } });
    await ask(gateway.port, { headers: { cookie } });
    const value = String(lastSeen().headers['remote-name']);
    assert.equal(Buffer.from(value, 'latin1').toString('utf8'), 'Zoë 李');
  });

  test('keeps a group with a comma one group', async () => {
    const cookie = gateway.signIn({ principal: { groups: ['a,ADMINS', 'b'] } });
    await ask(gateway.port, { headers: { cookie } });
    assert.equal(lastSeen().headers['remote-groups'], 'a%2CADMINS,b');
  });

  test('leaves out groups beyond what servers accept instead of failing for ever', async () => {
    const groups = Array.from({ length: 500 }, (_, index) => `GROUP-NUMBER-${String(index)}`);
    const cookie = gateway.signIn({ principal: { groups } });

    const reply = await ask(gateway.port, { headers: { cookie } });

    assert.equal(reply.status, 200);
    const sent = String(lastSeen().headers['remote-groups']);
    assert.ok(sent.startsWith('GROUP-NUMBER-0,GROUP-NUMBER-1,'));
    assert.ok(sent.length <= 2048, `${String(sent.length)} bytes`);
    assert.ok(!sent.endsWith(','));
  });

  test('is unknown on public rules, whoever is signed in', async () => {
    const before = gateway.stores.lookUps.sessions;
    await ask(gateway.port, {
      path: '/public/page',
      headers: { cookie: gateway.signIn(), 'Remote-User': 'root', X_Sallyport_Assertion: 'x' },
    });
    const { headers } = lastSeen();
    assert.equal(headers['remote-user'], undefined);
    assert.equal(headers['x-sallyport-assertion'], undefined);
    assert.equal(headers['x_sallyport_assertion'], undefined);
    assert.equal(gateway.stores.lookUps.sessions, before);
  });
});

describe('our cookies', () => {
  test('stay here, and all others pass octet for octet', async () => {
    const cookie = gateway.signIn();
    await ask(gateway.port, {
      headers: {
        cookie: `a="1;  b= 2 ;${cookie}; sallyport-csrf=abc; __Host-sallyport=x; sallyport-device=d; c=sallyport=3`,
      },
    });
    assert.equal(lastSeen().headers.cookie, 'a="1;  b= 2 ; c=sallyport=3');
  });

  test('leave no empty header behind', async () => {
    await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
    assert.equal(lastSeen().headers.cookie, undefined);
  });

  test('cannot be set by an upstream', async () => {
    const set = [
      'a=1',
      'sallyport=evil; Path=/',
      '__HOST-sallyport-device=evil',
      '=sallyport=evil',
      'b',
    ];
    await answering(
      (_, res) => res.setHeader('Set-Cookie', set).end(),
      async () => {
        const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b']);
      },
    );
  });
});

describe('an answer', () => {
  test('passes with its status, headers in their spelling, and body', async () => {
    const written = [
      'X-ODD: one|Set-Cookie: a=1|Set-Cookie: b=2|x-odd: two',
      'WWW-Authenticate: Basic|WWW-Authenticate: Digest|Server: old/1.0',
    ]
      .join('|')
      .split(/: |\|/);
    await answering(
      (_, res) => res.writeHead(418, "I'm a teapot", written).end('short and stout'),
      async () => {
        const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        assert.deepEqual([reply.status, reply.body], [418, 'short and stout']);
        assert.deepEqual(reply.rawHeaders.slice(0, written.length), written);
      },
    );
  });

  test('is not decorated with headers of ours', async () => {
    await answering(
      (_, res) => res.end('plain'),
      async () => {
        const { headers } = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        for (const name of [
          'content-security-policy',
          'x-powered-by',
          'sallyport-response',
          'via',
        ]) {
          assert.equal(headers[name], undefined, name);
        }
      },
    );
  });

  test('cannot pose as one of ours', async () => {
    await answering(
      (_, res) => res.writeHead(200, { 'Sallyport-Response': 'x', Sallyport_Response: 'y' }).end(),
      async () => {
        const { headers } = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        assert.equal(headers['sallyport-response'], undefined);
        assert.equal(headers['sallyport_response'], undefined);
      },
    );
  });

  test('loses what concerned the connection to the upstream alone', async () => {
    await answering(
      (_, res) =>
        res
          .writeHead(200, {
            Connection: 'close, X-Hop',
            'X-Hop': '1',
            'Keep-Alive': 'timeout=99',
            'Proxy-Authenticate': 'Basic',
            Upgrade: 'h2c',
            'X-Kept': '1',
          })
          .end(),
      async () => {
        const { headers } = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        assert.equal(headers['x-hop'], undefined);
        assert.equal(headers['proxy-authenticate'], undefined);
        assert.equal(headers.upgrade, undefined);
        assert.notEqual(headers['keep-alive'], 'timeout=99');
        assert.equal(headers['x-kept'], '1');
      },
    );
  });

  test('brings its trailers, but none that frame, route or sign in', async () => {
    await answering(
      (_, res) => {
        res.writeHead(200, { Trailer: 'X-Sum', 'Transfer-Encoding': 'chunked' });
        res.write('body');
        res.addTrailers({ 'X-Sum': '42', 'Set-Cookie': 'a=1', 'Sallyport-Response': 'x' });
        res.end();
      },
      async () => {
        const reply = await ask(gateway.port, {
          headers: { cookie: gateway.signIn(), te: 'trailers', connection: 'te' },
        });
        assert.equal(reply.headers.trailer, 'X-Sum');
        assert.deepEqual(reply.rawTrailers, ['X-Sum', '42']);
        assert.equal(lastSeen().headers['te'], 'trailers');
      },
    );
  });

  test('is preceded by the informational ones that the upstream sent', async () => {
    await answering(
      (_, res) => {
        res.writeProcessing();
        res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style', 'x-hint': '1' });
        res.writeInformation(110, { 'X-Progress': '50%', 'Set-Cookie': 'sallyport=evil' });
        res.end('final');
      },
      async () => {
        const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
        assert.equal(reply.body, 'final');
        assert.deepEqual(
          reply.informational.map(({ status }) => status),
          [102, 103, 110],
        );
        assert.equal(
          reply.informational[1]?.headers['link'],
          '</style.css>; rel=preload; as=style',
        );
        assert.equal(reply.informational[2]?.headers['x-progress'], '50%');
        assert.equal(reply.informational[2]?.headers['set-cookie'], undefined);
      },
    );
  });

  test('to HEAD has the length of the body and no body', async () => {
    await answering(
      (_, res) => res.writeHead(200, { 'Content-Length': '1234' }).end(),
      async () => {
        const reply = await ask(gateway.port, {
          method: 'HEAD',
          headers: { cookie: gateway.signIn() },
        });
        assert.deepEqual(
          [reply.status, reply.headers['content-length'], reply.body],
          [200, '1234', ''],
        );
      },
    );
  });

  test('without content stays without content', async () => {
    for (const status of [204, 304]) {
      await answering(
        (_, res) => res.writeHead(status, { ETag: '"1"' }).end(),
        async () => {
          const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
          assert.deepEqual([reply.status, reply.headers.etag, reply.body], [status, '"1"', '']);
          assert.equal(reply.headers['transfer-encoding'], undefined);
        },
      );
    }
  });

  test('reaches an HTTP/1.0 client whole and unchunked', async () => {
    await answering(
      (_, res) => {
        res.write('part one, ');
        res.end('part two');
      },
      async () => {
        const answer = await sendRaw(
          gateway.port,
          lines('GET / HTTP/1.0', 'Host: console.example.com', `Cookie: ${gateway.signIn()}`),
        );
        assert.equal(answer.body, 'part one, part two');
      },
    );
  });
});

describe('streams', () => {
  test('pass event by event, before the first of them too', async () => {
    const opened = Promise.withResolvers<ServerResponse>();
    await answering(
      (_, res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        res.flushHeaders();
        opened.resolve(res);
      },
      async () => {
        const stream = await open('/events', gateway.signIn());
        assert.equal(stream.headers['content-type'], 'text/event-stream');
        for (const text of ['data: one\n\n', 'data: two\n\n']) {
          (await opened.promise).write(text);
          const [chunk] = (await once(stream, 'data')) as [Buffer];
          assert.equal(chunk.toString(), text);
        }
        stream.destroy();
      },
    );
  });

  test('pass a body on while it is still being sent', async () => {
    const answered = Promise.withResolvers<string>();
    await answering(
      (req, res) => {
        req.once('data', (chunk: Buffer) => answered.resolve(chunk.toString()));
        req.on('end', () => res.end('done'));
      },
      async () => {
        const outgoing = httpRequest({
          host: '127.0.0.1',
          port: gateway.port,
          method: 'POST',
          headers: { host: 'console.example.com', cookie: gateway.signIn() },
        });
        outgoing.write('first part');
        assert.equal(await answered.promise, 'first part');
        outgoing.end();
        await once(outgoing, 'response');
      },
    );
  });

  test('hold a fast upstream back while the client does not read', async () => {
    let written = 0;
    let isHeldBack = false;
    const chunk = Buffer.alloc(64 * 1024);
    await answering(
      (_, res) => {
        const write = (): void => {
          while (written < 200 * 1024 * 1024) {
            written += chunk.length;
            if (!res.write(chunk)) {
              isHeldBack = true;
              res.once('drain', write);
              return;
            }
          }
          res.end();
        };
        write();
      },
      async () => {
        const stream = await open('/big', gateway.signIn());
        stream.pause();
        // Whatever the buffers on the way hold has been taken once nothing more is.
        let before = -1;
        while (written !== before) {
          before = written;
          await pause(150);
        }
        assert.ok(isHeldBack);
        assert.ok(written < 50 * 1024 * 1024, `${String(written)} bytes were taken`);
        stream.destroy();
      },
    );
  });

  test('of chunks keep connections to the upstream in use', async () => {
    const cookie = gateway.signIn();
    await ask(gateway.port, { headers: { cookie } });
    const before = upstream.requests.length;
    const ports = new Set<number>();
    upstream.server.on('request', note);
    function note(req: IncomingMessage): void {
      ports.add(req.socket.remotePort ?? 0);
    }
    for (let round = 0; round < 5; round += 1) await ask(gateway.port, { headers: { cookie } });
    upstream.server.off('request', note);
    assert.equal(upstream.requests.length, before + 5);
    assert.equal(ports.size, 1);
  });
});

describe('a limit on bodies', () => {
  test('refuses one that is announced to be larger, and asks no upstream', async () => {
    const before = upstream.requests.length;
    const reply = await ask(gateway.port, {
      method: 'POST',
      path: '/small/x',
      headers: { cookie: gateway.signIn() },
      body: 'x'.repeat(1001),
    });
    assert.deepEqual([reply.status, reply.headers['sallyport-response']], [413, 'body-too-large']);
    assert.equal(upstream.requests.length, before);
  });

  test('cuts off one that turns out to be larger', async () => {
    const arrived = Promise.withResolvers<void>();
    await answering(
      (req) => void req.once('data', () => arrived.resolve()),
      async () => {
        const client = connect(gateway.port, '127.0.0.1');
        client.write(
          lines(
            'POST /small/x HTTP/1.1',
            'Host: console.example.com',
            `Cookie: ${gateway.signIn()}`,
            'Transfer-Encoding: chunked',
          ) + `200\r\n${'x'.repeat(0x200)}\r\n`,
        );
        await arrived.promise;
        client.write(`200\r\n${'x'.repeat(0x200)}\r\n`);
        const answer = await readRaw(client, 100);
        assert.equal(answer.status, 413);
        await lastSeen().aborted;
      },
    );
  });

  test('lets pass what is just small enough', async () => {
    const reply = await ask(gateway.port, {
      method: 'POST',
      path: '/small/x',
      headers: { cookie: gateway.signIn() },
      body: 'x'.repeat(1000),
    });
    assert.equal(reply.status, 200);
  });
});

async function open(path: string, cookie: string): Promise<IncomingMessage> {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port: gateway.port,
    path,
    headers: { host: 'console.example.com', cookie },
    agent: false,
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return incoming;
}
