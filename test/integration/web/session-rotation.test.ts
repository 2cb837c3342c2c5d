/** A session changes its id at every rise in assurance, and the old one is dead (G6). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Enrolled, enrollAtSignIn, nextCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type WebClient } from '../../support/web-client.ts';

const cookieName = 'sallyport';

const idOf = (client: WebClient): string => client.cookie(cookieName) ?? '';

const isSignedIn = async (client: WebClient): Promise<boolean> =>
  (await client.open('/_mfa/sign-in')).url.pathname !== '/_mfa/sign-in';

describe('the session of a browser', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  const withPasswordOnly = async (person: {
    readonly username: string;
    readonly password: string;
  }): Promise<WebClient> => {
    const client = portal.visitor();
    const { username, password } = person;
    await client.post(await client.open('/_mfa/sign-in'), { username, password });
    return client;
  };

  before(async () => {
    portal = await startPortal();
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const { clock } = portal;
    ben = await enrollAtSignIn(portal.visitor(), { target: '/_mfa/sign-in', ...person, clock });
  });

  after(() => portal.stop());

  test('is none before the password, and another one after each step; the old ones are dead', async () => {
    const client = portal.visitor();
    const form = await client.open('/_mfa/sign-in');
    assert.equal(idOf(client), '');

    const { username, password, secret } = ben;
    const challenge = await client.submit(form, { username, password });
    const afterPassword = client.copy();
    await client.submit(challenge, { code: nextCode(portal.clock, secret) });
    const afterCode = client.copy();
    const stepUp = await client.open('/_mfa/step-up');
    await client.submit(stepUp, { password, code: nextCode(portal.clock, secret) });

    const ids = [afterPassword, afterCode, client].map(idOf);
    assert.equal(new Set(ids).size, 3);
    assert.ok(!ids.includes(''));
    assert.equal(await isSignedIn(afterPassword), false);
    assert.equal(await isSignedIn(afterCode), false);
    assert.equal(await isSignedIn(client), true);
  });

  test('changes at enrollment too', async () => {
    const client = await withPasswordOnly(await portal.addPerson('nina', ['SEC-OPS']));
    const old = client.copy();
    const enrollment = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    await client.post(enrollment, { code: nextCode(portal.clock, secret) });

    assert.notEqual(idOf(client), idOf(old));
    assert.equal(await isSignedIn(old), false);
  });

  test('stays the same while nothing rises', async () => {
    const client = await withPasswordOnly(ben);
    const id = idOf(client);
    const page = await client.open('/_mfa/challenge');
    await client.post(page, { code: '000000' });

    assert.equal(idOf(client), id);
    assert.equal(await isSignedIn(client), true);
  });

  test('is never one that somebody else planted', async () => {
    const attacker = await withPasswordOnly(await portal.addPerson('mallory'));
    const planted = idOf(attacker);
    const victim = portal.visitor();
    victim.setCookie(cookieName, planted);
    const { username, password } = await portal.addPerson('vera');
    const csrf = /name="csrf" value="([^"]+)"/.exec((await victim.open('/_mfa/account')).body)?.[1];
    const answer = await victim.visit('/_mfa/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username, password, csrf: csrf ?? '' }).toString(),
    });

    assert.equal(answer.status, 303);
    assert.notEqual(idOf(victim), planted);
    assert.match((await victim.open('/_mfa/account')).body, /vera/);
    assert.equal(await isSignedIn(attacker), false, 'the planted session went on');
  });

  test('ends for good when somebody signs in over it as another person', async () => {
    const client = await withPasswordOnly(await portal.addPerson('first'));
    const old = client.copy();
    const { username, password } = await portal.addPerson('second');
    const account = await client.open('/_mfa/account');
    const csrf = /name="csrf" value="([^"]+)"/.exec(account.body)?.[1] ?? '';
    await client.visit('/_mfa/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username, password, csrf }).toString(),
    });

    assert.match((await client.open('/_mfa/account')).body, /second/);
    assert.equal(await isSignedIn(old), false);
  });

  test('does not come into being when it was ended while the code was typed', async () => {
    const { username, password, secret } = ben;
    const slow = await withPasswordOnly(ben);
    const page = await slow.open('/_mfa/challenge');
    // Elsewhere the same person signs out everywhere.
    const other = portal.visitor();
    const challenge = await other.submit(await other.open('/_mfa/sign-in'), { username, password });
    const account = await other.submit(challenge, { code: nextCode(portal.clock, secret) });
    await other.submit(account, { action: 'sign-out-everywhere' }, '/account');

    const answer = await slow.post(page, { code: nextCode(portal.clock, secret) });

    assert.equal(answer.headers.location, 'http://console.test/_mfa/sign-in');
    assert.equal(await isSignedIn(slow), false);
  });

  test('is none, without any error, when the cookie is damaged, forged or doubled', async () => {
    const live = await withPasswordOnly(await portal.addPerson('olga'));
    const id = idOf(live);
    const [head = '', signature = ''] = id.split('.');
    const damaged = [
      'x',
      's:',
      's%3A',
      's:abc.def',
      head,
      `${head}.`,
      `${head}.${signature.slice(1)}`,
      `${head.slice(0, -1)}.${signature}`,
      id.slice(4),
      '%',
      '%00',
      '%E0%A4%A',
      'j:{"record":{"userId":"usr_1"}}',
      '"quoted"',
      'é',
      'x'.repeat(5000),
    ];
    for (const value of damaged) {
      const client = portal.visitor();
      client.setCookie(cookieName, Buffer.from(value).toString('latin1'));
      const page = await client.open('/_mfa/account');
      assert.equal(page.status, 200, value);
      assert.equal(page.url.pathname, '/_mfa/sign-in', value);
      const { username, password } = ben;
      const next = await client.submit(page, { username, password });
      assert.equal(next.url.pathname, '/_mfa/challenge', value);
    }
    const doubled = await portal.visitor().visit('/_mfa/account', {
      headers: { cookie: `${cookieName}=${id}; ${cookieName}=${id}` },
    });
    assert.equal(doubled.headers['sallyport-response'], 'not-signed-in');
  });

  test('survives a request that was overtaken by the rise', async () => {
    const { username, password, secret } = ben;
    const client = portal.visitor();
    const challenge = await client.submit(await client.open('/_mfa/sign-in'), {
      username,
      password,
    });
    const overtaken = client.copy();
    await client.submit(challenge, { code: nextCode(portal.clock, secret) });

    const late = await overtaken.visit('/_mfa/account');

    assert.equal(late.headers['set-cookie'], undefined, 'the new cookie would be removed');
  });
});
