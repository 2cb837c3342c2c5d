/**
 * `nginx.conf.example`, driven as it stands: only addresses, ports and certificate paths differ.
 * Holds G3 and G4 behind a proxy: the address that counts is nginx's word, not the client's.
 */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { createLegacyConsole } from '../../src/demo/legacy-console.ts';
import { createModelServer } from '../../src/demo/model-server.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { enrollAtSignIn, signInWithCode, type Enrolled } from '../support/http-verbs.ts';
import { freePort, listening } from '../support/listening.ts';
import { makeCertificate, startNginx, type Nginx } from '../support/nginx.ts';
import { lines, readRaw } from '../support/raw-client.ts';
import { fileNamed } from '../support/source-files.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WebClient } from '../support/web-client.ts';

const identityHeaders = {
  'Remote-User': 'root',
  Remote_User: 'root',
  'Remote-Groups': 'AI-PLATFORM-ADMINS',
  'Remote-Name': 'Root',
  'Remote-Email': 'root@evil.example',
  'X-Sallyport-Assertion': 'forged',
};

describe('nginx.conf.example', () => {
  const clock = fixedClock();
  const folder = temporaryFolder();
  const legacyConsole = createLegacyConsole({ clock });
  const modelServer = createModelServer({ clock, pauseMilliseconds: 5 });
  // The application of part B: shows what it was sent.
  const echo = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  let port = 0;
  let plainPort = 0;
  let gateway: TestGateway;
  let nginx: Nginx;
  let anna: Enrolled;

  const consoleOrigin = (): string => `https://console.example.com:${port}`;
  const grafanaOrigin = (): string => `https://grafana.example.com:${port}`;
  const newClient = (): WebClient => new WebClient(consoleOrigin(), { host: '127.0.0.1', port });

  before(async () => {
    const consoleUpstream = await listening(legacyConsole);
    const models = await listening(modelServer);
    const application = await listening(echo);
    port = await freePort();
    plainPort = await freePort();
    gateway = await startGateway({
      clock,
      settings: {
        server: { publicUrl: consoleOrigin(), trustedProxies: ['127.0.0.1'] },
        portal: { url: `${consoleOrigin()}/_mfa`, cookieDomain: 'example.com' },
        networks: { elsewhere: ['192.0.2.0/24'] },
        routes: [
          {
            name: 'zone',
            host: 'console.example.com',
            path: '/zone/**',
            upstream: consoleUpstream.origin,
            network: 'elsewhere',
            rules: [{ requires: { level: 2 } }],
          },
          {
            name: 'open',
            host: 'console.example.com',
            path: '/open/**',
            upstream: consoleUpstream.origin,
            rules: [{ effect: 'public' }],
          },
          {
            name: 'models',
            host: 'console.example.com',
            path: '/v1/**',
            upstream: models.origin,
            rules: [{ requires: { level: 2 } }],
          },
          {
            name: 'console',
            host: 'console.example.com',
            path: '/**',
            upstream: consoleUpstream.origin,
            rules: [{ requires: { level: 2 } }],
          },
          {
            name: 'grafana',
            host: 'grafana.example.com',
            path: '/**',
            upstream: application.origin,
            rules: [
              { when: { path: '/admin/**' }, for: { users: ['nobody'] } },
              { requires: { level: 2 } },
            ],
          },
        ],
      },
    });
    await gateway.addUser({
      username: 'anna',
      groups: ['STAFF'],
      password: 'fig-lantern-otter-77',
    });
    const { certFile, keyFile } = await makeCertificate(folder.path, [
      'console.example.com',
      'grafana.example.com',
    ]);
    nginx = await startNginx({
      folder: folder.path,
      port,
      configuration: fileNamed('nginx.conf.example')
        .text.replaceAll('/etc/nginx/tls/example.com.pem', certFile)
        .replaceAll('/etc/nginx/tls/example.com.key', keyFile)
        .replaceAll('listen 443', `listen 127.0.0.1:${port}`)
        .replaceAll('listen 80', `listen 127.0.0.1:${plainPort}`)
        .replaceAll('server 127.0.0.1:8080', `server 127.0.0.1:${gateway.address.port}`)
        .replaceAll('http://127.0.0.1:3000', application.origin)
        .replace('http {', `http {\n${temporaryPaths(folder.path)}`)
        .replace('events {}', `pid ${folder.path}/nginx.pid;\nevents {}`),
    });
    anna = await enrollAtSignIn(newClient(), {
      target: '/console/users/7?tab=rights',
      username: 'anna',
      password: 'fig-lantern-otter-77',
      clock,
    });
  });

  after(async () => {
    await nginx.stop();
    await gateway.close();
    for (const server of [legacyConsole, modelServer, echo]) {
      server.closeAllConnections();
      server.close();
    }
    folder.remove();
  });

  test('part A: somebody signs in through TLS and lands on the page first asked for', () => {
    assert.equal(anna.landed.url.href, `${consoleOrigin()}/console/users/7?tab=rights`);
    assert.match(anna.landed.body, /You are <strong>anna<\/strong>/);
    assert.ok(anna.client.cookie('__Secure-sallyport') !== null);
  });

  test('part A: the client cannot choose its address', async () => {
    const answer = await anna.client.visit('/zone/', {
      headers: {
        'x-forwarded-for': '192.0.2.1',
        forwarded: 'for=192.0.2.1',
        'x-real-ip': '192.0.2.1',
      },
    });

    assert.equal(answer.status, 403);
    assert.equal(answer.headers['sallyport-response'], 'network-not-allowed');
  });

  test('part A: tokens arrive one by one', async () => {
    const body = JSON.stringify({
      model: 'sallyport-parrot',
      stream: true,
      messages: [{ role: 'user', content: 'hello' }],
    });
    const answer = await anna.client.call('/v1/chat/completions', { method: 'POST', body });

    assert.equal(answer.status, 200);
    assert.ok(answer.chunks > 10, `the answer came in ${answer.chunks} pieces`);
  });

  test('part A: WebSockets pass', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/console/live`, {
      rejectUnauthorized: false,
      headers: {
        host: new URL(consoleOrigin()).host,
        cookie: anna.client.cookieHeader(),
        origin: consoleOrigin(),
      },
    });
    const [welcome] = await new Promise<[Buffer]>((resolve, reject) => {
      socket.on('message', (data) => resolve([data as Buffer]));
      socket.on('error', reject);
    });
    socket.close();

    assert.match(welcome.toString(), /Welcome, anna/);
  });

  // An attacker could ask about the page that they then posted to, and so get hold of an assertion
  // of their own to show to the upstream behind the gate's back.
  test('part A: the forward-auth question cannot be asked from outside', async () => {
    const answer = await anna.client.call('/_mfa/forward-auth', {
      headers: { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/console/' },
    });

    assert.equal(answer.status, 400);
    assert.equal(answer.headers['x-sallyport-assertion'], undefined);
  });

  test('part A: plain http is sent to https, unknown hosts nowhere', async () => {
    const plain = new WebClient('http://console.example.com', {
      host: '127.0.0.1',
      port: plainPort,
    });
    const unknown = new WebClient('https://other.example.com', { host: '127.0.0.1', port });
    const redirect = await plain.visit('/console/?a=b');
    const refusal = await unknown.visit('/');

    assert.equal(redirect.headers.location, 'https://console.example.com/console/?a=b');
    assert.equal(refusal.status, 421);
  });

  test('part B: a page leads to the sign-in page and back, a program gets 401', async () => {
    const client = newClient();
    const target = `${grafanaOrigin()}/d/7?orgId=1`;
    const page = await client.visit(target);
    const call = await client.call(`${grafanaOrigin()}/api/health`);

    assert.equal(page.status, 302);
    const location = new URL(page.headers.location ?? '');
    assert.equal(location.origin + location.pathname, `${consoleOrigin()}/_mfa/sign-in`);
    assert.equal(location.searchParams.get('return_to'), target);
    assert.equal(call.status, 401);
    assert.equal(call.headers.location, undefined);
    const landed = await signInWithCode(client, { target, person: anna, clock });
    assert.equal(landed.url.href, target);
    assert.match(landed.body, /"remote-user":"anna"/);
  });

  test('part B: the application gets all identity headers from the gateway, none from the client', async () => {
    const answer = await anna.client.visit(`${grafanaOrigin()}/d/7?orgId=1`, {
      headers: identityHeaders,
    });
    const seen = JSON.parse(answer.body) as {
      readonly url: string;
      readonly headers: Readonly<Record<string, string | undefined>>;
    };

    assert.equal(seen.url, '/d/7?orgId=1');
    assert.equal(seen.headers['remote-user'], 'anna');
    assert.equal(seen.headers['remote-groups'], 'STAFF');
    assert.equal(seen.headers['remote_user'], undefined);
    assert.notEqual(seen.headers['remote-email'], 'root@evil.example');
    assert.match(seen.headers['x-sallyport-assertion'] ?? '', /^ey[\w-]+\.ey[\w-]+\.[\w-]+$/);
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
  });

  test('part B: the application does not see the session cookie', async () => {
    const client = anna.client.copy();
    client.setCookie('grafana_session', 'abc', '.example.com');
    const answer = await client.visit(`${grafanaOrigin()}/`);
    const { headers } = JSON.parse(answer.body) as {
      readonly headers: { readonly cookie?: string };
    };

    assert.equal(headers.cookie?.trim().replace(/;$/, ''), 'grafana_session=abc');
  });

  test('part B: a person whom the rule does not admit is refused', async () => {
    const answer = await anna.client.visit(`${grafanaOrigin()}/admin/users`);

    assert.equal(answer.status, 403);
  });

  // An attacker got 200 and the application's page without signing in: nginx went by the host in
  // the request line, the gateway was asked about the one in `Host` (G1).
  test('part B: the host that is judged is the host that is served', async () => {
    const target = `${grafanaOrigin()}/open/sesame`;
    const absolute = await statusOf(port, `GET ${target} HTTP/1.1`, 'console.example.com');
    const plain = await statusOf(port, 'GET /open/sesame HTTP/1.1', 'grafana.example.com');

    assert.deepEqual({ absolute, plain }, { absolute: 401, plain: 401 });
  });

  test('part B: the question itself cannot be asked from outside', async () => {
    const answer = await anna.client.call(`${grafanaOrigin()}/_sallyport`);

    assert.equal(answer.status, 404);
  });

  test('part B: while the gateway is down, nothing passes', async () => {
    await gateway.close();
    const answer = await anna.client.visit(`${grafanaOrigin()}/d/7`);

    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '5');
  });
});

/** The status that a request gets whose first line and `Host` need not agree. */
async function statusOf(port: number, requestLine: string, host: string): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: host });
  socket.write(lines(requestLine, `Host: ${host}`, 'Connection: close'));
  return (await readRaw(socket, 300)).status;
}

/** An ordinary user may not write where nginx keeps its temporary files. */
function temporaryPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};`)
    .concat('  access_log off;')
    .join('\n');
}
