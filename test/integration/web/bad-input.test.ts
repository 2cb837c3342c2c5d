/** Requests that no browser sends get a clear answer and change nothing (G13). */

import assert from 'node:assert/strict';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { Problem, problemTypes } from '../../../src/core/problem.ts';
import { type Enrolled, enrollAtSignIn } from '../../support/http-verbs.ts';
import { defaultRates } from '../../../src/stores/limits/limits.ts';
import { listening } from '../../support/listening.ts';
import { readForm } from '../../../src/web/form.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import type { Answer } from '../../support/web-client.ts';

const formType = { 'content-type': 'application/x-www-form-urlencoded' };

const codeOf = ({ headers }: Answer): string => String(headers['sallyport-response']);

const failing = async (): Promise<never> =>
  Promise.reject(new StoreUnavailable('The session store at 10.1.2.3'));

describe('a request to the portal', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  before(async () => {
    portal = await startPortal();
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const { clock } = portal;
    ben = await enrollAtSignIn(portal.visitor(), { target: '/_mfa/sign-in', ...person, clock });
  });

  after(() => portal.stop());

  // prettier-ignore
  const bodies = [
    // what                          headers                                             body                             answer
    ['a field twice',                formType,                                           'username=a&username=b',         'invalid-request'],
    ['a broken escape',              formType,                                           'password=%zz',                  'invalid-request'],
    ['bytes that are no UTF-8',      formType,                                           Buffer.from([0x61, 0x3d, 0xff]), 'invalid-request'],
    ['too many fields',              formType,                                           'a=1&'.repeat(60),               'invalid-request'],
    ['more than 16 KiB',             formType,                                           `password=${'x'.repeat(17_000)}`, 'body-too-large'],
    ['another charset',              { 'content-type': `${formType['content-type']}; charset=utf-16` }, 'a=1',            'unsupported-media-type'],
    ['a compressed body',            { ...formType, 'content-encoding': 'gzip' },        'a=1',                           'unsupported-media-type'],
    ['JSON',                         { 'content-type': 'application/json' },             '{"username":"ben"}',            'unsupported-media-type'],
    ['a file upload',                { 'content-type': 'multipart/form-data; boundary=x' }, '--x--',                      'unsupported-media-type'],
    ['no body',                      formType,                                           '',                              'form-expired'],
    ['a body without a type',        {},                                                 'a=1',                           'unsupported-media-type'],
  ] as const;

  for (const [what, headers, body, code] of bodies) {
    test(`with ${what} is answered ${code}, as a page or as a document`, async () => {
      const client = portal.visitor();
      const page = await client.visit('/_mfa/sign-in', { method: 'POST', headers, body });
      const document = await client.call('/_mfa/sign-in', { method: 'POST', headers, body });

      assert.equal(page.status, problemTypes[code].status);
      assert.equal(codeOf(page), code);
      assert.match(String(page.headers['content-type']), /html/);
      assert.equal(document.status, page.status);
      assert.equal(document.headers['content-type'], 'application/problem+json');
      assert.equal((JSON.parse(document.body) as { code: string }).code, code);
    });
  }

  test('that breaks off in the middle of a form harms nobody', async () => {
    await new Promise<void>((resolve) => {
      const request = http.request({
        ...portal.address,
        method: 'POST',
        path: '/_mfa/sign-in',
        headers: { ...formType, host: 'console.test', 'content-length': '1000' },
      });
      request.on('error', () => resolve());
      request.on('response', () => resolve());
      request.write('username=');
      setImmediate(() => request.destroy());
    });

    assert.equal((await portal.visitor().open('/_mfa/sign-in')).status, 200);
  });

  test('that never finishes its form is let go of', async () => {
    const server = http.createServer((req, res) => {
      readForm(req, res, 20).catch((error: unknown) => {
        res.end(error instanceof Problem ? error.code : 'something else');
      });
    });
    const { port } = await listening(server);
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const headers = { ...formType, 'content-length': '1000' };
      const request = http.request({ port, method: 'POST', headers });
      request.on('error', reject);
      request.on('response', resolve);
      request.write('username=');
    });
    const code = await text(response);
    server.closeAllConnections();
    server.close();

    assert.equal(code, 'request-timeout');
    assert.equal(response.headers.connection, 'close');
  });

  test('for what does not exist is told so', async () => {
    const paths = ['/_mfa/x', '/_mfa/sign-in/', '/_mfa/admin/', '/_mfa/administrators'];
    const names = ['nope.css', 'sallyport.css.map', '..%2Frender.ts', '%2e%2e%2fx', 'constructor'];
    for (const path of [...paths, ...names.map((name) => `/_mfa/assets/${name}`)]) {
      const answer = await ben.client.visit(path);
      assert.equal(answer.status, 404, path);
      assert.equal(codeOf(answer), 'not-found', path);
    }
  });

  test('with a method that the page does not take is told which it takes', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await ben.client.visit('/_mfa/account', { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, 'HEAD, GET, POST');
    }
    const guide = await ben.client.visit('/_mfa/problems/internal', {
      method: 'POST',
      headers: formType,
    });
    assert.equal(guide.headers.allow, 'HEAD, GET');
  });

  test('by HEAD gets the headers of GET and no body', async () => {
    for (const path of [
      '/_mfa/account',
      '/_mfa/assets/sallyport.css',
      '/_mfa/problems/internal',
      '/_mfa/x',
    ]) {
      const get = await ben.client.visit(path);
      const head = await ben.client.visit(path, { method: 'HEAD' });
      assert.equal(head.status, get.status, path);
      assert.equal(head.body, '', path);
      assert.equal(head.headers['content-type'], get.headers['content-type'], path);
    }
  });

  test('with codes of every shape but the right one is asked again', async () => {
    const { username, password } = ben;
    const client = portal.visitor();
    const challenge = await client.submit(await client.open('/_mfa/sign-in'), {
      username,
      password,
    });
    const codes = [
      '',
      ' ',
      '12345',
      '1234567',
      'abcdef',
      '12 34',
      '１２３４５６',
      '12345\u0000',
      'x'.repeat(9000),
    ];
    for (const code of codes) {
      const answer = await client.post(challenge, { code });
      assert.equal(answer.status, 400, JSON.stringify(code));
      assert.match(answer.body, /Enter all digits of the code/, JSON.stringify(code));
    }
    const user = await portal.flows.stores.users.findByUsername('ben');
    assert.ok(user);
    assert.equal(await portal.flows.stores.attempts.lockedUntil(user.id, portal.clock.now()), null);
  });

  test('with names and passwords of every kind is answered alike', async () => {
    const client = portal.visitor();
    const page = await client.open('/_mfa/sign-in');
    const names = [
      "' OR 1=1 --",
      '<script>alert(1)</script>',
      '\u0000',
      '../../etc/passwd',
      'é'.repeat(1000),
      '__proto__',
      '$ne',
    ];
    for (const username of names) {
      const answer = await client.post(page, { username, password: 'something-else-42' });
      assert.equal(answer.status, 401, username);
      assert.equal(codeOf(answer), 'invalid-credentials', username);
      assert.doesNotMatch(answer.body, /<script>alert/);
    }
    const missing = await client.post(page, { username: '', password: '' });
    assert.equal(missing.status, 400);
    assert.match(missing.body, /username/i);
  });

  test('with an action that nobody knows changes nothing', async () => {
    for (const path of ['/_mfa/account', '/_mfa/recovery-codes']) {
      const page = await ben.client.open(path);
      const answer = await ben.client.post(page, { action: 'delete-everything' }, path);
      assert.equal(answer.status, 400, path);
    }
    const account = await ben.client.open('/_mfa/account');
    const ended = await ben.client.post(
      account,
      { action: 'end-session', session: 'nonsense' },
      '/account',
    );
    assert.equal(ended.status, 303);
    assert.equal((await ben.client.open('/_mfa/account')).status, 200);
  });

  test('for an explanation of a problem gets one for each code and for nothing else', async () => {
    for (const code of Object.keys(problemTypes)) {
      const answer = await portal.visitor().visit(`/_mfa/problems/${code}`);
      assert.equal(answer.status, 200, code);
      assert.ok(answer.body.includes(code));
    }
    for (const code of ['x', 'toString', '__proto__', 'constructor']) {
      assert.equal((await portal.visitor().visit(`/_mfa/problems/${code}`)).status, 404, code);
    }
  });

  test('for a file may be cached for good under its version, and asked again without', async () => {
    const page = await portal.visitor().open('/_mfa/sign-in');
    const [, href = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(page.body) ?? [];
    const versioned = await portal.visitor().visit(href);
    const plain = await portal.visitor().visit('/_mfa/assets/sallyport.css');
    const known = await portal.visitor().visit('/_mfa/assets/sallyport.css', {
      headers: { 'if-none-match': String(plain.headers.etag) },
    });

    assert.equal(versioned.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(plain.headers['cache-control'], 'no-cache');
    assert.equal(known.status, 304);
    assert.equal(known.body, '');
    assert.equal(versioned.headers['set-cookie'], undefined);
  });
});

describe('a portal under too many requests', () => {
  test('says how long to wait, whatever the page', async () => {
    const once = { timesMax: 1, withinSeconds: 60 };
    const portal = await startPortal({ rates: { ...defaultRates, page: once, code: once } });
    const client = portal.visitor();
    const form = await client.visit('/_mfa/sign-in?return_to=%2Fadmin');
    const page = await client.visit('/_mfa/sign-in');
    const document = await client.call('/_mfa/account');
    const [first, second] = [
      await client.post(form, { username: 'x', password: 'something-else-42' }),
      await client.post(form, { username: 'x', password: 'something-else-42' }),
    ];
    const file = await client.visit('/_mfa/assets/sallyport.css');
    await portal.stop();

    for (const answer of [page, document, second]) {
      assert.equal(answer.status, 429);
      assert.equal(codeOf(answer), 'too-many-attempts');
      assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
    }
    assert.match(page.body, /Wait \d+ seconds, then try again/);
    // The link leads to the address that was asked for, which says where the person is going.
    assert.match(second.body, /<a class="button primary" href="">/);
    assert.equal(second.url.searchParams.get('return_to'), 'http://console.test/admin');
    assert.equal(first.status, 401);
    assert.equal(file.status, 200);
  });
});

describe('a portal whose store does not answer', () => {
  let portal: TestPortal;
  let isDown = false;

  before(async () => {
    portal = await startPortal({
      meddle: (flows) => ({
        ...flows,
        sessions: {
          ...flows.sessions,
          findById: async (id, now) => (isDown ? failing() : flows.sessions.findById(id, now)),
        },
      }),
    });
  });

  after(() => portal.stop());

  test('says so, and takes nobody for a stranger', async () => {
    const person = await portal.addPerson('dan');
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { ...person });
    isDown = true;
    const page = await client.visit('/_mfa/account');
    const document = await client.call('/_mfa/account');
    isDown = false;

    for (const answer of [page, document]) {
      assert.equal(answer.status, 503);
      assert.equal(codeOf(answer), 'store-unavailable');
      assert.match(String(answer.headers['retry-after']), /^\d+$/);
      assert.doesNotMatch(answer.body, /10\.1\.2\.3/);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.match(page.body, /nothing is let through/);
    assert.equal((await client.open('/_mfa/account')).status, 200);
  });

  test('fails one request on a bug, tells nothing of it, and goes on', async () => {
    const broken = await startPortal({
      meddle: (flows) => ({
        ...flows,
        limits: {
          ...flows.limits,
          request: async () => Promise.reject(new TypeError('secret of the house')),
        },
      }),
    });
    const page = await broken.visitor().visit('/_mfa/sign-in');
    await broken.stop();

    assert.equal(page.status, 500);
    assert.equal(codeOf(page), 'internal');
    assert.doesNotMatch(page.body, /secret of the house/);
  });
});
