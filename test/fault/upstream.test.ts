/** Upstreams that break, and clients that leave (security faults F14 to F20). */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../support/ask.ts';
import { type BareGateway, startBareGateway } from '../support/bare-gateway.ts';
import { aRoute } from '../support/builders.ts';
import {
  type FakeUpstream,
  onHead,
  startFakeUpstream,
  startRawUpstream,
} from '../support/fake-upstream.ts';
import { lines, readRaw, sendRaw } from '../support/raw-client.ts';
import { start } from '../support/run.ts';

const timeouts = { connectSeconds: 0.3, headersSeconds: 0.3, idleSeconds: 0.3 };

/** A gateway in front of a server that answers every request head with these bytes. */
async function inFrontOf(
  answer: (socket: Socket, head: string) => void,
  act: (gateway: BareGateway, cookie: string) => Promise<void>,
): Promise<void> {
  const server = await startRawUpstream((socket) => onHead(socket, (head) => answer(socket, head)));
  const gateway = await startBareGateway({ routes: [aRoute({ upstream: server, timeouts })] });
  try {
    await act(gateway, gateway.signIn());
  } finally {
    await gateway.stop();
    await server.stop();
  }
}

describe('an upstream that cannot be reached', () => {
  test('is 502 at once and says nothing of where it is (F14)', async () => {
    for (const origin of ['http://127.0.0.1:1', 'http://nowhere.invalid:8000']) {
      const gateway = await startBareGateway({ routes: [aRoute({ upstream: { origin } })] });
      const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
      assert.deepEqual(
        [reply.status, reply.headers['sallyport-response']],
        [502, 'upstream-unreachable'],
      );
      assert.doesNotMatch(reply.body, /127\.0\.0\.1|nowhere|ECONN|ENOTFOUND|8000/);
      await gateway.stop();
    }
  });

  test('that does not take the connection is 504', async () => {
    const frozen = await startFrozenServer();
    const gateway = await startBareGateway({
      routes: [aRoute({ upstream: frozen, timeouts: { ...timeouts, headersSeconds: 60 } })],
    });
    const reply = await ask(gateway.port, { headers: { cookie: gateway.signIn() } });
    assert.deepEqual(
      [reply.status, reply.headers['sallyport-response']],
      [504, 'upstream-timeout'],
    );
    await gateway.stop();
    await frozen.stop();
  });
});

describe('an upstream that is silent', () => {
  test('is 504 once the limit is over, and its connection is closed (F15)', async () => {
    const closed = Promise.withResolvers<void>();
    await inFrontOf(
      (socket) => socket.once('close', () => closed.resolve()),
      async (gateway, cookie) => {
        const reply = await ask(gateway.port, { headers: { cookie } });
        assert.deepEqual(
          [reply.status, reply.headers['sallyport-response']],
          [504, 'upstream-timeout'],
        );
        await closed.promise;
      },
    );
  });

  test('in the middle of an answer cuts it, so that it is not taken for whole', async () => {
    await inFrontOf(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
      async (gateway, cookie) => {
        await assert.rejects(ask(gateway.port, { headers: { cookie } }), { code: 'ECONNRESET' });
      },
    );
  });

  test('for less than the limit each time may go on as long as it likes', async () => {
    await inFrontOf(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        let rounds = 0;
        const timer = setInterval(() => {
          rounds += 1;
          socket.write(rounds <= 6 ? '1\r\nx\r\n' : '0\r\n\r\n');
          if (rounds > 6) clearInterval(timer);
        }, 100);
      },
      async (gateway, cookie) => {
        const reply = await ask(gateway.port, { headers: { cookie } });
        assert.equal(reply.body, 'xxxxxx');
      },
    );
  });
});

describe('an upstream that breaks off', () => {
  // prettier-ignore
  const broken = [
    ['before a word',         ''],
    ['in the headers',        'HTTP/1.1 200 OK\r\nX-Half: '],
    ['after a wrong version', 'HTTP/3.0 200 OK\r\n\r\n'],
    ['with something else',   'SSH-2.0-OpenSSH_9.2\r\n'],
    ['with a strange status', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['with another status',   'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['switching unasked',     'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n'],
    ['with a bare feed',      'HTTP/1.1 200 OK\nX: 1\n\n'],
    ['with a split header',   'HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n'],
    ['with two lengths',      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['with endless headers',  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ] as const;
  for (const [name, bytes] of broken) {
    test(`${name} is 502 (F16, F18)`, async () => {
      await inFrontOf(
        (socket) => void socket.end(Buffer.from(bytes, 'latin1')),
        async (gateway, cookie) => {
          const reply = await ask(gateway.port, { method: 'POST', headers: { cookie } });
          assert.equal(reply.status, 502);
        },
      );
    });
  }

  test('with a flood of informational answers is 502 (F18)', async () => {
    await inFrontOf(
      (socket) => {
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(1000));
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      },
      async (gateway, cookie) => {
        const reply = await ask(gateway.port, { headers: { cookie } });
        assert.equal(reply.status, 502);
      },
    );
  });

  test('in the middle of a body is seen to have broken off (F16)', async () => {
    // prettier-ignore
    const halves = [
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n',
    ];
    for (const half of halves) {
      await inFrontOf(
        (socket) => {
          socket.write(half);
          setTimeout(() => socket.end(), 50);
        },
        async (gateway, cookie) => {
          const answer = await sendRaw(
            gateway.port,
            lines('GET / HTTP/1.1', 'Host: console.example.com', `Cookie: ${cookie}`),
          );
          // What had not left us yet when it broke is not sent at all.
          assert.ok(answer.text === '' || answer.status === 200);
          assert.ok(!answer.text.endsWith('0\r\n\r\n'), 'no end was made up');
        },
      );
    }
  });

  test('cannot slip a second answer to the next request (F18)', async () => {
    let asked = 0;
    await inFrontOf(
      (socket, head) => {
        asked += 1;
        const path = /^GET (\S+)/.exec(head)?.[1] ?? '';
        socket.write(asked === 1 ? ok(path) + ok('poison') : ok(path));
      },
      async (gateway, cookie) => {
        for (const path of ['/one', '/two', '/three']) {
          assert.equal((await ask(gateway.port, { path, headers: { cookie } })).body, path);
        }
      },
    );
  });
});

function ok(text: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${String(text.length)}\r\n\r\n${text}`;
}

describe('a connection that the upstream closed while it was kept', () => {
  test('is not noticed by whoever only reads', async () => {
    const connections: Socket[] = [];
    await inFrontOf(
      (socket) => {
        if (!connections.includes(socket)) connections.push(socket);
        const isSecond = connections.length === 1 && socket.bytesWritten > 0;
        // The second request on the first connection finds it closed.
        if (isSecond) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      },
      async (gateway, cookie) => {
        const headers = { cookie };
        assert.equal((await ask(gateway.port, { headers })).status, 200);
        assert.equal((await ask(gateway.port, { headers })).status, 200);
        assert.equal(connections.length, 2);
      },
    );
  });

  test('costs a write its answer rather than being written twice', async () => {
    let asked = 0;
    await inFrontOf(
      (socket) => {
        asked += 1;
        if (asked === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      },
      async (gateway, cookie) => {
        const question = { method: 'POST', body: 'pay', headers: { cookie } };
        assert.equal((await ask(gateway.port, question)).status, 200);
        assert.equal((await ask(gateway.port, question)).status, 502);
        assert.equal(asked, 2);
      },
    );
  });
});

describe('a client that leaves', () => {
  let upstream: FakeUpstream;
  let gateway: BareGateway;
  before(async () => {
    upstream = await startFakeUpstream();
    gateway = await startBareGateway({ routes: [aRoute({ upstream })] });
  });
  after(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function asking(method: string, path: string): ClientRequest {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: gateway.port,
      method,
      path,
      headers: { host: 'console.example.com', cookie: gateway.signIn() },
      agent: false,
    });
    outgoing.on('error', () => undefined);
    return outgoing;
  }

  async function nextRequest(): Promise<FakeUpstream['requests'][number]> {
    const before = upstream.requests.length;
    await once(upstream.server, 'request');
    const seen = upstream.requests[before];
    assert.ok(seen !== undefined);
    return seen;
  }

  test('before an answer is noticed by the upstream (F19)', async () => {
    upstream.answerWith(() => undefined);
    const arriving = nextRequest();
    const outgoing = asking('GET', '/');
    outgoing.end();
    const seen = await arriving;
    outgoing.destroy();
    await seen.aborted;
  });

  test('while it is being answered is noticed by the upstream (F19)', async () => {
    upstream.answerWith((_, res) => {
      const timer = setInterval(() => res.write('data\n'), 5);
      res.once('close', () => clearInterval(timer));
    });
    const arriving = nextRequest();
    const outgoing = asking('GET', '/');
    outgoing.end();
    const seen = await arriving;
    await once(outgoing, 'response');
    outgoing.destroy();
    await seen.aborted;
  });

  test('while it is uploading is noticed by the upstream (F19)', async () => {
    upstream.answerWith((req) => void req.resume());
    const arriving = nextRequest();
    const outgoing = asking('POST', '/');
    outgoing.write('first part');
    const seen = await arriving;
    outgoing.destroy();
    await seen.aborted;
  });

  test('by sending nonsense is answered 400, and the upstream let go (F20)', async () => {
    upstream.answerWith((req) => void req.resume());
    const arriving = nextRequest();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(
      lines(
        'POST / HTTP/1.1',
        'Host: console.example.com',
        `Cookie: ${gateway.signIn()}`,
        'Transfer-Encoding: chunked',
      ) + '5\r\nhello\r\n',
    );
    const seen = await arriving;
    socket.write('nonsense\r\n');
    const answer = await readRaw(socket, 300);
    assert.deepEqual(
      [answer.status, answer.header('sallyport-response')],
      [400, ['invalid-request']],
    );
    await seen.aborted;
  });

  test('a thousand times leaves nothing behind (F19)', async () => {
    upstream.answerWith(() => undefined);
    for (let round = 0; round < 20; round += 1) {
      const before = upstream.requests.length;
      const clients = Array.from({ length: 50 }, () => asking('GET', '/').end());
      while (upstream.requests.length < before + 50) await pause(5);
      for (const client of clients) client.destroy();
    }
    while (upstream.sockets.size > 0 || gateway.sockets.size > 0) {
      await pause(10);
    }
    assert.match((await gateway.metrics.read()).text, /^sallyport_open_streams 0$/m);
  });
});

/** A server whose process is stopped and whose queue is full: the kernel takes nobody more. */
async function startFrozenServer(): Promise<{ readonly origin: string; stop(): Promise<void> }> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      console.log('port ' + server.address().port);
    });`;
  const server = start('node', ['-e', program]);
  const port = Number((await server.says(/port (\d+)/))[1]);
  server.process.kill('SIGSTOP');
  const waiting = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
  for (const socket of waiting) socket.on('error', () => undefined);
  // The first two are in the queue at once; the others never get in.
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    origin: `http://127.0.0.1:${String(port)}`,
    async stop() {
      for (const socket of waiting) socket.destroy();
      await server.stop('SIGKILL');
    },
  };
}
