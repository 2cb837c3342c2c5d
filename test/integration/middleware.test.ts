/** The gate inside an Express application: the example, run. Holds G1 and G4 where we are embedded. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import { type ClientOptions, WebSocket } from 'ws';
import { startExample } from '../../examples/express/server.ts';
import { openFoundation } from '../../src/compose.ts';
import { fixedConfig } from '../../src/config/live.ts';
import { readConfig } from '../../src/config/load.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import { sallyport } from '../../src/middleware.ts';
import { enrollAtSignIn, type Enrolled } from '../support/http-verbs.ts';
import { freePort, listening } from '../support/listening.ts';
import { quietLog } from '../support/quiet-log.ts';
import { lines, sendRaw } from '../support/raw-client.ts';
import { projectFolder } from '../support/source-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WebClient } from '../support/web-client.ts';

const folder = temporaryFolder();
const example = path.join(projectFolder, 'examples/express');
const file = path.join(folder.path, 'sallyport.yaml');
const password = 'amber-otter-lantern-94';
let origin = '';
let running: Awaited<ReturnType<typeof startExample>>;
let anna: Enrolled;

before(async () => {
  const port = await freePort();
  origin = `http://localhost:${String(port)}`;
  const yaml = readFileSync(path.join(example, 'sallyport.yaml'), 'utf8');
  writeFileSync(
    file,
    `${yaml.replace('http://localhost:3000', origin)}\nlogging: { level: error }\n`,
  );
  writeFileSync(
    path.join(folder.path, 'mfa-policy.yaml'),
    readFileSync(path.join(example, 'mfa-policy.yaml')),
  );
  await addAnna();
  running = await startExample(file, port);
  anna = await enrollAtSignIn(new WebClient(origin), {
    target: '/hello?from=here',
    username: 'anna',
    password,
    clock: { now: () => Date.now(), advance: () => undefined },
  });
});
after(async () => {
  for (const socket of sockets) socket.terminate();
  await running.close();
  folder.remove();
});

describe('the middleware', () => {
  test('leads through sign-in and enrollment to the page first asked for', () => {
    assert.equal(anna.landed.url.href, `${origin}/hello?from=here`);
    assert.equal(anna.landed.body, 'Hello anna.');
  });

  test('lets a public rule pass to the application without an identity', async () => {
    const answer = await new WebClient(origin).call('/public/hello', {
      headers: { 'remote-user': 'root' },
    });
    assert.equal(answer.body, 'Hello, whoever you are.');
  });

  test('answers before the application where nobody is signed in', async () => {
    const answer = await new WebClient(origin).call('/hello');
    assert.deepEqual([answer.status, answer.headers['sallyport-response']], [401, 'not-signed-in']);
  });

  test('lets no header of the client speak for somebody else', async () => {
    for (const name of ['Remote-User', 'remote_user', 'REMOTE.USER']) {
      const answer = await anna.client.call('/hello', { headers: { [name]: 'root' } });
      assert.equal(answer.body, 'Hello anna.', name);
    }
  });

  // A token of ours that reached the application could be kept there and used by somebody else (G4).
  test('keeps tokens of ours from the application, and hands on whose are not', async (t) => {
    const gate = await sallyport(file);
    const app = express().use(gate.handler, (req, res) => {
      res.json([req.headers.authorization ?? null, req.rawHeaders.includes('Authorization')]);
    });
    const server = createServer(app);
    const { port } = await listening(server);
    t.after(async () => {
      server.close();
      await gate.close();
    });
    const claims = Buffer.from(JSON.stringify({ iss: `${origin}/_mfa` })).toString('base64url');
    const seen = async (...bearers: readonly string[]) => {
      const answer = await sendRaw(
        port,
        lines(
          'GET /public/hello HTTP/1.1',
          `Host: ${new URL(origin).host}`,
          ...bearers.map((bearer) => `Authorization: Bearer ${bearer}`),
          'Connection: close',
        ),
      );
      return JSON.parse(answer.body) as unknown;
    };
    assert.deepEqual(await seen(`e30.${claims}.c2ln`), [null, false]);
    assert.deepEqual(await seen('sp_key_AAAA_BBBB'), [null, false]);
    assert.deepEqual(await seen('theirs'), ['Bearer theirs', true]);
    assert.deepEqual(await seen(`e30.${claims}.c2ln`, 'theirs'), ['Bearer theirs', true]);
    const three = await seen(`e30.${claims}.c2ln`, 'theirs', 'others');
    assert.deepEqual(three, ['Bearer theirs', true]);
  });

  // An attacker ended the process with two lines of one header: the application got a list where
  // Node gives a text, and what Express then threw was caught by nobody (G13).
  test('hands repeated headers on as Node itself would', async (t) => {
    const gate = await sallyport(file);
    const app = express().use(gate.handler, (req, res) => {
      setImmediate(() => res.json({ headers: req.headers, distinct: req.headersDistinct }));
    });
    const server = createServer(app);
    const { port } = await listening(server);
    t.after(async () => {
      server.close();
      await gate.close();
    });
    const twice = ['If-None-Match', 'Cookie', 'Content-Type', 'Authorization', '__proto__'];
    const answer = await sendRaw(
      port,
      lines(
        'GET /public/hello HTTP/1.1',
        `Host: ${new URL(origin).host}`,
        ...twice.flatMap((name) => [`${name}: a=1`, `${name}: b=2`]),
        'Remote-User: root',
        'Connection: close',
      ),
    );
    const { headers, distinct } = JSON.parse(answer.body) as {
      readonly headers: Readonly<Record<string, unknown>>;
      readonly distinct: Readonly<Record<string, unknown>>;
    };

    assert.equal(headers['if-none-match'], 'a=1, b=2');
    assert.equal(headers['cookie'], 'a=1; b=2');
    assert.equal(headers['content-type'], 'a=1');
    assert.equal(headers['authorization'], 'a=1');
    assert.deepEqual(
      Object.values(headers).filter((value) => typeof value !== 'string'),
      [],
    );
    assert.deepEqual(distinct['cookie'], ['a=1', 'b=2']);
    assert.equal(distinct['remote-user'], undefined);
    assert.ok(Array.isArray(distinct['x-request-id']));
  });

  test('asks for a step-up before a change', async () => {
    const answer = await anna.client.call('/change', { method: 'POST' });
    assert.deepEqual(
      [answer.status, answer.headers['sallyport-response']],
      [401, 'step-up-required'],
    );
  });

  test('judges the path that the application will see, wherever it was mounted', async () => {
    const { host, port } = new URL(origin);
    const answer = await sendRaw(
      Number(port),
      lines('GET /public/%2e%2e/hello HTTP/1.1', `Host: ${host}`, 'Connection: close'),
    );
    assert.deepEqual(answer.header('sallyport-response'), ['invalid-request-target']);
  });

  test('refuses an upgrade of somebody who is not signed in', async () => {
    const socket = openSocket();
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    assert.equal(response.statusCode, 401);
  });

  // Regression: an upgrade reached the application with the client's own Remote-User.
  test('hands an upgrade that may pass to the application, with the identity', async () => {
    const socket = openSocket({
      headers: { cookie: anna.client.cookieHeader(), 'remote-user': 'root' },
    });
    await once(socket, 'open');
    socket.send('ping');
    const [message] = (await once(socket, 'message')) as [Buffer];
    assert.equal(message.toString(), 'anna: ping');
  });
});

const sockets: WebSocket[] = [];

function openSocket(options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/live`, options);
  sockets.push(socket);
  return socket;
}

async function addAnna(): Promise<void> {
  const reading = readConfig(file, { environment: {}, upstreams: 'optional', port: null });
  assert.ok(reading.ok, JSON.stringify(reading));
  const foundation = await openFoundation(fixedConfig(reading.config), { log: quietLog });
  await createUser(foundation.flows, { username: 'anna', groups: ['OPERATORS'], password });
  await foundation.close();
}
