/** The pages that take passkeys: what they ask, what they accept, and what they say otherwise. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { aRoute, aRule } from '../../support/builders.ts';
import {
  enrollPasskeyAtSignIn,
  passkeyOptionsOn,
  submitPasskey,
} from '../../support/passkey-http-verbs.ts';
import { enrollAtSignIn } from '../../support/http-verbs.ts';
import {
  createPasskey,
  platformBuild,
  touchKeyBuild,
  type SoftPasskey,
} from '../../support/soft-authenticator.ts';
import { startPortal, type Person, type TestPortal } from '../../support/start-portal.ts';
import type { Answer, WebClient } from '../../support/web-client.ts';

const signInPage = '/_mfa/sign-in?return_to=%2Fadmin%2Fusers%2F7';
const landing = 'http://console.test/admin/users/7';

describe('a passkey alone', () => {
  let portal: TestPortal;
  let passkey: SoftPasskey;

  before(async () => {
    portal = await startPortal();
    const dan = await portal.addPerson('dan');
    passkey = await enrollPasskeyAtSignIn(portal.visitor(), dan);
  });

  after(() => portal.stop());

  test('signs in and leads to the page first asked for', async () => {
    const client = portal.visitor();
    const landed = await submitPasskey(client, await client.open(signInPage), passkey);

    assert.equal(landed.url.href, landing);
    assert.match((await client.open('/_mfa/account')).body, /dan/);
  });

  test('is asked to verify the person, and of no one by name', async () => {
    const options = passkeyOptionsOn(await portal.visitor().open(signInPage));

    assert.equal(options['userVerification'], 'required');
    assert.deepEqual(options['allowCredentials'] ?? [], []);
  });

  test('is refused in words where it was only touched', async () => {
    const client = portal.visitor();
    const page = await client.open(signInPage);
    const posted = passkey.get(passkeyOptionsOn(page), { isUserVerified: false });
    const answer = await client.submit(page, { passkey: posted });

    assert.equal(answer.status, 401);
    assert.match(answer.body, /That passkey was not accepted/);
  });

  test('answers the browser that it was asked by and no other', async () => {
    const [asked, other] = [portal.visitor(), portal.visitor()];
    const page = await asked.open(signInPage);
    const posted = passkey.get(passkeyOptionsOn(page));

    const elsewhere = await other.submit(await other.open(signInPage), { passkey: posted });
    assert.equal(elsewhere.headers['sallyport-response'], 'challenge-expired');
    assert.equal((await other.visit('/_mfa/account')).status, 302);

    assert.equal((await asked.submit(page, { passkey: posted })).url.href, landing);
  });

  test('answers once', async () => {
    const client = portal.visitor();
    const page = await client.open(signInPage);
    const posted = passkey.get(passkeyOptionsOn(page));
    const [copy, thief] = [client.copy(), client.copy()];
    assert.equal((await copy.submit(page, { passkey: posted })).url.href, landing);

    const again = await thief.submit(page, { passkey: posted });
    assert.equal(again.headers['sallyport-response'], 'challenge-expired');
    assert.match(again.body, /open for too long/);
  });

  test('leaves the password as it was: an empty field is no passkey', async () => {
    const client = portal.visitor();
    const page = await client.open(signInPage);
    const answer = await client.submit(page, { username: 'dan', password: 'not the password' });

    assert.match(answer.body, /That username and password did not match/);
  });
});

describe('somebody who has nothing but passkeys', () => {
  let portal: TestPortal;
  let dan: Person;
  let passkey: SoftPasskey;

  /** A new browser in which the password was typed, on the page that came. */
  const afterPassword = async (): Promise<{
    readonly client: WebClient;
    readonly page: Answer;
  }> => {
    const client = portal.visitor();
    const { username, password } = dan;
    const page = await client.submit(await client.open(signInPage), { username, password });
    return { client, page };
  };

  before(async () => {
    portal = await startPortal();
    dan = await portal.addPerson('dan');
    passkey = await enrollPasskeyAtSignIn(portal.visitor(), dan);
  });

  after(() => portal.stop());

  test('is asked for it, never for a code of an app', async () => {
    const { client, page } = await afterPassword();
    for (const shown of [page, await client.open('/_mfa/challenge?method=totp')]) {
      assert.equal(shown.url.pathname, '/_mfa/challenge');
      assert.doesNotMatch(shown.body, /name="code"|method=totp/);
    }
    const guessed = await client.submit(page, { code: '123456' });
    assert.equal(guessed.headers['sallyport-response'], 'invalid-request');
    assert.doesNotMatch(guessed.body, /name="code"/);

    assert.equal((await submitPasskey(client, page, passkey)).url.href, landing);
  });

  test('is told when nothing was sent', async () => {
    const { client, page } = await afterPassword();
    const answer = await client.submit(page, {});

    assert.equal(answer.status, 400);
    assert.match(answer.body, /Your browser sent no passkey/);
  });

  test('is let in once by a form that was sent twice, and is told of no mistake', async () => {
    const { client, page } = await afterPassword();
    const passkeyField = { passkey: passkey.get(passkeyOptionsOn(page)) };
    const twice = await Promise.all([
      client.copy().post(page, passkeyField),
      client.copy().post(page, passkeyField),
    ]);

    assert.deepEqual(
      twice.map(({ headers }) => new URL(headers.location ?? '').pathname).toSorted(),
      ['/_mfa/sign-in', '/admin/users/7'],
    );
  });

  test('is shown the passkey while recovery codes are paused', async () => {
    const { client, page } = await afterPassword();
    let answer = await client.open('/_mfa/challenge/recovery-code');
    for (let guess = 0; guess < 5; guess += 1) {
      const wrong = { recovery_code: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' };
      answer = await client.submit(answer, wrong, '/challenge/recovery-code');
    }

    assert.equal(answer.status, 429);
    for (const shown of [answer, await client.open('/_mfa/challenge/recovery-code')]) {
      assert.match(shown.body, /Codes are paused/);
      assert.match(shown.body, /action="\/_mfa\/challenge" data-passkey/);
    }
    assert.equal((await submitPasskey(client, page, passkey)).url.href, landing);
  });
});

describe('a fresh confirmation by passkey', () => {
  let portal: TestPortal;
  const rules = [aRule({ requires: { withinSeconds: 300, isPhishingResistant: true } })];

  before(async () => {
    portal = await startPortal({ routes: [aRoute({ name: 'admin-console', path: '/**', rules })] });
  });

  after(() => portal.stop());

  test('is the only one that is offered where nothing else would do', async () => {
    const ben = await portal.addPerson('ben', ['SEC-OPS']);
    const { client } = await enrollAtSignIn(portal.visitor(), {
      target: '/_mfa/sign-in',
      ...ben,
      clock: portal.clock,
    });
    const form = await client.open('/_mfa/enroll/passkey');
    const build = { ...platformBuild, origin: portal.origin };
    const { passkey, posted } = createPasskey(passkeyOptionsOn(form), build);
    await client.submit(form, { passkey: posted, name: 'Work laptop' });
    portal.clock.advance(301);

    for (const method of ['totp', 'recovery-code']) {
      const page = await client.open(`/_mfa/step-up?method=${method}&return_to=%2Fadmin`);
      assert.doesNotMatch(page.body, /name="code"|name="recovery_code"|\?method=/);
      assert.doesNotMatch(page.body, /name="password"/);
    }
    const page = await client.open('/_mfa/step-up?return_to=%2Fadmin');
    assert.equal((await submitPasskey(client, page, passkey)).url.pathname, '/admin');
  });

  test('takes the password too where the passkey verified nobody', async () => {
    const chloe = await portal.addPerson('chloe');
    const client = portal.visitor();
    const passkey = await enrollPasskeyAtSignIn(client, chloe, touchKeyBuild);
    const page = await client.open('/_mfa/step-up?return_to=%2Fadmin');

    const asked = await submitPasskey(client, page, passkey);
    assert.match(asked.body, /your password is needed too/);
    assert.match(asked.body, /name="password"/);
    assert.doesNotMatch(asked.body, /<title>Error/);

    const wrong = await submitPasskey(client, asked, passkey, { password: 'not the password' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.body, /The password did not match, or the passkey was not accepted/);

    const { password } = chloe;
    const landed = await submitPasskey(client, wrong, passkey, { password });
    assert.equal(landed.url.pathname, '/admin');
  });
});

describe('setting up a passkey', () => {
  let portal: TestPortal;

  before(async () => {
    portal = await startPortal();
  });

  after(() => portal.stop());

  /** Somebody new in front of the form. */
  const atTheForm = async (username: string, userAgent = '') => {
    const person = await portal.addPerson(username);
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { ...person });
    const headers = { 'user-agent': userAgent };
    return { client, form: await client.open('/_mfa/enroll/passkey', { headers }) };
  };

  test('suggests a name by the device that somebody sits at', async () => {
    const agent = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15';
    assert.match((await atTheForm('emil', agent)).form.body, /name="name" type="text" value="Mac"/);
    assert.match((await atTheForm('fritz')).form.body, /name="name" type="text" value="Passkey"/);
  });

  test('needs a name, and a missing one uses nothing up', async () => {
    const { client, form } = await atTheForm('gerda');
    const build = { ...platformBuild, origin: portal.origin };
    const { posted } = createPasskey(passkeyOptionsOn(form), build);
    const nameless = await client.submit(form, { passkey: posted, name: ' ' });
    assert.equal(nameless.status, 400);
    assert.match(nameless.body, /id="name-error">Give it a name/);

    const named = await client.submit(nameless, { passkey: posted, name: 'Blue key' });
    assert.equal(named.url.pathname, '/_mfa/recovery-codes');
  });

  test('says in words why it came to nothing', async () => {
    const { client, form } = await atTheForm('heidi');
    const empty = await client.submit(form, { name: 'Blue key' });
    assert.match(empty.body, /Your browser sent no passkey/);
    assert.match(empty.body, /value="Blue key"/);

    const elsewhere = { ...platformBuild, origin: 'https://phishing.example' };
    const { posted } = createPasskey(passkeyOptionsOn(empty), elsewhere);
    const refused = await client.submit(empty, { passkey: posted, name: 'Blue key' });
    assert.match(refused.body, /That could not be set up/);

    const late = createPasskey(passkeyOptionsOn(refused), {
      ...platformBuild,
      origin: portal.origin,
    });
    portal.clock.advance(1700);
    const expired = await client.submit(refused, { passkey: late.posted, name: 'Blue key' });
    assert.equal(expired.headers['sallyport-response'], 'challenge-expired');
    assert.match(expired.body, /open for too long/);
  });
});
