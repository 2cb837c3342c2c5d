/**
 * The door to the API: what holds for every operation, tried by hand (G2, G3, G13; ASVS 5.0 §3.5,
 * §4.1.4; faults F21, F22, F42).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Person, TestPortal } from '../../support/start-portal.ts';
import { startPortal } from '../../support/start-portal.ts';
import { type ApiPerson, callApi, enrollOverApi, freshToken } from '../../support/api-client.ts';
import { signInWithCode } from '../../support/http-verbs.ts';
import type { WebClient } from '../../support/web-client.ts';

let portal: TestPortal;
let plain: Person;
let anna: ApiPerson;
let token: string;
/** A browser in which anna is signed in. */
let browser: WebClient;

before(async () => {
  portal = await startPortal();
  plain = await portal.addPerson('dan');
  const person = await portal.addPerson('anna', ['AI-PLATFORM-ADMINS']);
  anna = await enrollOverApi(portal.visitor(), portal.clock, person);
  browser = portal.visitor();
  await signInWithCode(browser, { target: '/_mfa/sign-in', person: anna, clock: portal.clock });
  token = await freshToken(portal.visitor(), portal.clock, anna);
});
after(async () => {
  await portal.stop();
});

const login = (body: unknown, headers: Record<string, string> = {}) =>
  callApi(portal.visitor(), 'POST /auth/login', { body, headers });

describe('every answer of the API', () => {
  test('is not kept by anybody, is never shown as a page, and says that it is ours', async () => {
    const answers = [
      await callApi(portal.visitor(), 'GET /mfa', { token }),
      await callApi(portal.visitor(), 'GET /mfa'),
      await callApi(portal.visitor(), 'GET /nowhere'),
      await login({ username: 'dan', password: 'wrong' }, { accept: 'text/html' }),
    ];
    for (const { headers, status } of answers) {
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; frame-ancestors 'none'",
      );
      assert.match(String(headers['content-type']), /^application\/(?:problem\+)?json$/);
      assert.ok(headers['sallyport-response'] !== undefined);
      assert.equal(headers['access-control-allow-origin'], undefined);
      assert.equal(headers['set-cookie'], undefined);
      if (status === 401) assert.ok(headers['www-authenticate'] !== undefined);
    }
  });

  test('to another method names those that there are, also to a preflight', async () => {
    for (const method of ['OPTIONS', 'PUT', 'PATCH']) {
      const answer = await callApi(portal.visitor(), `${method} /mfa`, {
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' },
      });
      assert.deepEqual([answer.status, answer.code], [405, 'method-not-allowed']);
      assert.equal(answer.headers.allow, 'HEAD, GET, DELETE');
      assert.equal(answer.headers['access-control-allow-methods'], undefined);
    }
  });

  test('to HEAD has the headers alone', async () => {
    const answer = await callApi(portal.visitor(), 'HEAD /mfa', { token });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, {});
  });
});

describe('a body', () => {
  test('that is not JSON in UTF-8, or not said to be, is refused', async () => {
    const body = JSON.stringify(plain);
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'application/jsonp',
      '',
    ];
    for (const type of types) {
      const answer = await login(body, { 'content-type': type });
      assert.deepEqual([answer.status, answer.code], [415, 'unsupported-media-type'], type);
    }
    const byToken = { token, body: '{}', headers: { 'content-type': 'text/plain' } };
    const told = await callApi(portal.visitor(), 'POST /mfa/setup', byToken);
    assert.equal(told.code, 'unsupported-media-type');
    const compressed = await login(body, { 'content-encoding': 'gzip' });
    assert.equal(compressed.code, 'unsupported-media-type');
    const broken = ['{', '{"a":}', 'null,', "{'username':'dan'}", '{"username":"\u0000"}', '[1,]'];
    for (const text of broken) {
      const answer = await login(text);
      assert.deepEqual([answer.status, answer.code], [400, 'invalid-request'], text);
    }
    const client = portal.visitor();
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const answer = await client.call('/_mfa/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bytes,
    });
    assert.equal(answer.status, 400);
  });

  test('that is too large or too deep is refused before it is understood (F22)', async () => {
    const large = await login({ ...plain, username: 'x'.repeat(70_000) });
    assert.deepEqual([large.status, large.code], [413, 'body-too-large']);
    for (const deep of [
      '['.repeat(60_000),
      '{"a":'.repeat(10_000),
      `${'['.repeat(40)}${']'.repeat(40)}`,
    ]) {
      const answer = await login(deep);
      assert.deepEqual([answer.status, answer.code], [400, 'invalid-request'], deep.slice(0, 20));
    }
  });

  test('with a member twice is refused, however it is spelled', async () => {
    const { password } = plain;
    const bodies = [
      `{"username":"dan","username":"anna","password":"${password}"}`,
      `{"username":"dan","\\u0075sername":"anna","password":"${password}"}`,
      `{"username":"dan","password":{"a":1,"a":2}}`,
    ];
    for (const body of bodies) {
      const answer = await login(body);
      assert.deepEqual([answer.status, answer.code], [400, 'invalid-request'], body);
    }
    // Two members of one name in two objects are two.
    const apart = await login('{"username":{"a":1},"password":{"a":1}}');
    assert.equal(apart.code, 'validation-failed');
  });

  test('is told everything that is wrong with it at once', async () => {
    const sent = { username: '', password: 7, mfa_code: '12', __proto__x: 1, extra: true };
    const { status, code, body } = await login(sent);
    assert.deepEqual([status, code], [422, 'validation-failed']);
    assert.deepEqual(body.errors.map(({ pointer }) => pointer).toSorted(), [
      '/__proto__x',
      '/extra',
      '/mfa_code',
      '/password',
      '/username',
    ]);
    const polluted = await login('{"username":"dan","password":"x","__proto__":{"admin":true}}');
    assert.deepEqual(
      polluted.body.errors.map(({ pointer }) => pointer),
      ['/__proto__'],
    );
    const both = { ...plain, mfa_code: '123456', backup_code: 'ABCD-EFGH' };
    assert.equal((await login(both)).code, 'validation-failed');
  });

  test('is not sent where none is taken', async () => {
    const answer = await callApi(portal.visitor(), 'POST /mfa/setup', { token, body: { a: 1 } });
    assert.equal(answer.code, 'validation-failed');
  });
});

describe('a query', () => {
  test('is refused when it is unknown, doubled, broken or out of range', async () => {
    const queries = [
      'limit=0',
      'limit=201',
      'limit=1e2x',
      'limit=5&limit=6',
      'cursor=nonsense',
      'cursor=%',
      'nobody=asked',
      '__proto__=1',
      'limit=%ff',
    ];
    for (const query of queries) {
      const answer = await callApi(portal.visitor(), `GET /api-keys?${query}`, { token });
      assert.deepEqual([answer.status, answer.code], [422, 'validation-failed'], query);
      assert.ok(answer.body.errors.every(({ pointer }) => pointer.startsWith('/query')));
    }
    const none = await callApi(portal.visitor(), 'GET /mfa?a=1', { token });
    assert.equal(none.code, 'validation-failed');
  });
});

describe('a caller', () => {
  test('is known by a cookie or by a token, never by both', async () => {
    assert.equal((await callApi(browser, 'GET /mfa')).status, 200);
    assert.equal((await callApi(portal.visitor(), 'GET /mfa', { token })).status, 200);
    const both = await callApi(browser, 'GET /mfa', { token });
    assert.deepEqual([both.status, both.code], [400, 'invalid-request']);
  });

  test('with two Authorization headers is refused; another scheme says nothing', async () => {
    const authorization = [`Bearer ${token}`, `Bearer ${token}`];
    const two = await callApi(portal.visitor(), 'GET /mfa', { headers: { authorization } });
    assert.deepEqual([two.status, two.code], [400, 'invalid-request']);
    const basic = { authorization: 'Basic ZGFuOng=' };
    assert.equal((await callApi(browser, 'GET /mfa', { headers: basic })).status, 200);
    const stranger = await callApi(portal.visitor(), 'GET /mfa', { headers: basic });
    assert.equal(stranger.code, 'not-signed-in');
  });

  test('with a token of somebody else is told that it is none of ours', async () => {
    for (const foreign of [
      'abc',
      'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL28ifQ.c2ln',
      'sp_key_x',
    ]) {
      const answer = await callApi(portal.visitor(), 'GET /mfa', { token: foreign });
      assert.deepEqual([answer.status, answer.code], [401, 'invalid-token']);
    }
  });

  test('in a browser that owes its second factor is sent to prove it', async () => {
    const client = portal.visitor();
    const form = await client.open('/_mfa/sign-in');
    await client.submit(form, { username: anna.username, password: anna.password });
    const { status, code, body } = await callApi(client, 'GET /mfa');
    assert.deepEqual([status, code], [401, 'second-factor-required']);
    assert.equal(body['challenge_url'], `${portal.config.portal.url}/challenge`);
  });

  test('is not told whether a name exists: unknown, service, other tenant, wrong password', async () => {
    const { password } = plain;
    const answers = [
      await login({ username: 'nobody', password }),
      await login({ username: 'dan', password: 'wrong' }),
      await login({ username: 'dan', password, tenant_id: 'elsewhere' }),
      await login({ username: 'x'.repeat(150), password }),
    ];
    for (const { status, code, body } of answers) {
      assert.deepEqual([status, code], [401, 'invalid-credentials']);
      assert.deepEqual(Object.keys(body).toSorted(), [
        'code',
        'instance',
        'status',
        'title',
        'type',
      ]);
    }
    assert.equal((await login({ ...plain, tenant_id: 'default' })).status, 200);
  });
});

describe('a call that a page of another site makes a browser send', () => {
  test('changes nothing: not as JSON, not as a form, not by a neighbour (G11)', async () => {
    const evil: readonly Record<string, string>[] = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
    ];
    for (const headers of evil) {
      const answer = await callApi(browser, 'POST /auth/logout', { headers });
      assert.deepEqual([answer.status, answer.code], [403, 'origin-not-allowed']);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { 'content-type': type };
      const answer = await callApi(browser, 'POST /auth/logout', { headers });
      assert.equal(answer.code, 'unsupported-media-type', type);
    }
    const own = { origin: portal.config.portal.origin, 'sec-fetch-site': 'same-origin' };
    const copy = browser.copy();
    assert.equal((await callApi(copy, 'GET /mfa')).status, 200);
    assert.equal((await callApi(copy, 'POST /mfa/setup', { headers: own })).status, 200);
  });

  test('signs nobody in with a password that it brought along', async () => {
    const headers = { origin: 'https://evil.example' };
    assert.equal((await login(plain, headers)).code, 'origin-not-allowed');
  });
});

describe('signing out', () => {
  test('ends a browser session and takes its cookie away', async () => {
    const client = portal.visitor();
    await signInWithCode(client, { target: '/_mfa/sign-in', person: anna, clock: portal.clock });
    const answer = await callApi(client, 'POST /auth/logout');
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers['set-cookie']), /^sallyport=;/);
    assert.equal((await callApi(client, 'GET /mfa')).code, 'not-signed-in');
  });
});

describe('the page and the document', () => {
  test('are there for whoever writes a program', async () => {
    const client = portal.visitor();
    const document = await client.call('/_mfa/api/openapi.json');
    assert.equal(document.headers['content-type'], 'application/json');
    const { openapi, servers } = JSON.parse(document.body) as {
      openapi: string;
      servers: readonly { readonly url: string }[];
    };
    assert.deepEqual([openapi, servers[0]?.url], ['3.1.1', `${portal.config.portal.url}/api/v1`]);
    const page = await client.open('/_mfa/api');
    assert.equal(page.status, 200);
    assert.match(page.body, /<h1>API<\/h1>/);
    assert.match(page.body, /id="logIn"/);
  });
});
