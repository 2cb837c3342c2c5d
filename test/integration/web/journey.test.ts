/** What people do on our pages, from the first sign-in to signing out. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeAt } from '../../support/authenticator-app.ts';
import { type Enrolled, enrollAtSignIn, nextCode, stepUp } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type WebClient } from '../../support/web-client.ts';

const target = '/_mfa/sign-in?return_to=%2Fadmin%2Fusers%2F7%3Ftab%3Dmail';

describe('the pages of the portal', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  const enrolledAs = async (username: string): Promise<Enrolled> => {
    const person = await portal.addPerson(username, ['SEC-OPS']);
    const client = portal.visitor();
    return enrollAtSignIn(client, { target, ...person, clock: portal.clock });
  };

  /** A new browser in which the password was typed. */
  const afterPassword = async (person: Enrolled): Promise<WebClient> => {
    const client = portal.visitor();
    const { username, password } = person;
    await client.post(await client.open(target), { username, password });
    return client;
  };

  before(async () => {
    portal = await startPortal();
    ben = await enrolledAs('ben');
  });

  after(() => portal.stop());

  test('lead through enrollment to the page first asked for, query included', () => {
    assert.equal(ben.landed.url.href, 'http://console.test/admin/users/7?tab=mail');
  });

  test('say where the person is going and why they are asked', async () => {
    const page = await portal.visitor().open(target);

    assert.match(page.body, /Admin console/);
    assert.match(page.body, /\/admin\/users\/7/);
    assert.match(page.body, /Admin console asks you to sign in\./);
  });

  test('ask for the second factor at the next sign-in, then send on', async () => {
    const client = portal.visitor();
    const { username, password } = ben;
    const challenge = await client.submit(await client.open(target), { username, password });
    assert.equal(challenge.url.pathname, '/_mfa/challenge');

    const code = nextCode(portal.clock, ben.secret);
    const landed = await client.submit(challenge, {
      code: `${code.slice(0, 3)} ${code.slice(3)} `,
    });

    assert.equal(landed.url.href, 'http://console.test/admin/users/7?tab=mail');
  });

  test('take a recovery code in place of the app, once', async () => {
    const [recoveryCode = ''] = ben.recoveryCodes;
    const use = async () => {
      const client = await afterPassword(ben);
      const page = await client.open('/_mfa/challenge/recovery-code?return_to=%2Fadmin');
      return client.submit(page, { recovery_code: recoveryCode.toLowerCase() });
    };

    // Past the question what is lost; lost-authenticator.test.ts follows it.
    assert.equal((await use()).url.pathname, '/_mfa/lost-authenticator');
    const again = await use();
    assert.equal(again.status, 401);
    assert.equal(again.headers['sallyport-response'], 'invalid-credentials');
    assert.match(again.body, /Each code works once/);
  });

  test('lead somebody whom nothing obliges straight on', async () => {
    const person = await portal.addPerson('dan');
    const client = portal.visitor();
    const landed = await client.submit(await client.open(target), { ...person });

    assert.equal(landed.url.href, 'http://console.test/admin/users/7?tab=mail');
    assert.equal((await client.open('/_mfa/account')).status, 200);
  });

  test('go on with the enrollment in another browser where the first was closed', async () => {
    const person = await portal.addPerson('clara', ['SEC-OPS']);
    const first = portal.visitor();
    await first.post(await first.open(target), { ...person });
    const shownFirst = await first.open('/_mfa/enroll/totp');
    const [secretFirst = ''] = textsMarked(shownFirst, 'data-totp-secret');
    const [reloaded = ''] = textsMarked(await first.open('/_mfa/enroll/totp'), 'data-totp-secret');
    assert.equal(reloaded, secretFirst);

    const second = portal.visitor();
    const enrolled = await enrollAtSignIn(second, { target, ...person, clock: portal.clock });

    assert.notEqual(enrolled.secret, secretFirst);
    assert.equal(enrolled.landed.url.pathname, '/admin/users/7');
  });

  test('show a new secret when the first code came too late', async () => {
    const person = await portal.addPerson('carla', ['SEC-OPS']);
    const client = portal.visitor();
    await client.post(await client.open(target), { ...person });
    const enrollment = await client.open('/_mfa/enroll/totp');
    const [old = ''] = textsMarked(enrollment, 'data-totp-secret');
    for (let minutes = 0; minutes < 61; minutes += 20) {
      portal.clock.advance(20 * 60);
      await client.open('/_mfa/enroll');
    }

    const late = await client.post(enrollment, { code: nextCode(portal.clock, old) });

    assert.equal(late.status, 410);
    assert.equal(late.headers['sallyport-response'], 'challenge-expired');
    const [fresh = ''] = textsMarked(late, 'data-totp-secret');
    assert.notEqual(fresh, old);
    const codes = await client.submit(late, { code: nextCode(portal.clock, fresh) });
    assert.equal(codes.url.pathname, '/_mfa/recovery-codes');
  });

  test('make new codes for whoever closed the browser before storing the first ones', async () => {
    const person = await portal.addPerson('carl', ['SEC-OPS']);
    const first = portal.visitor();
    await first.post(await first.open(target), { ...person });
    const enrollment = await first.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    await first.post(enrollment, { code: nextCode(portal.clock, secret) });

    const second = portal.visitor();
    const challenge = await second.submit(await second.open(target), { ...person });
    const overview = await second.submit(challenge, { code: nextCode(portal.clock, secret) });
    assert.equal(overview.url.pathname, '/_mfa/enroll');
    const none = await second.open('/_mfa/recovery-codes');
    // Regression: the page said that the codes they had stored keep working.
    assert.match(none.body, /You have no recovery codes that work\./);
    const shown = await second.submit(none, {});

    assert.equal(textsMarked(shown, 'data-recovery-code').length, 10);
    assert.equal((await second.open('/_mfa/account')).url.pathname, '/_mfa/enroll');
    const settled = await second.submit(shown, { stored: 'yes' });
    assert.equal(settled.url.pathname, '/_mfa/account');
  });

  test('show recovery codes once, and not to a HEAD request or a browser that loads ahead', async () => {
    const person = await portal.addPerson('cleo', ['SEC-OPS']);
    const client = portal.visitor();
    await client.post(await client.open(target), { ...person });
    const enrollment = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    await client.post(enrollment, { code: nextCode(portal.clock, secret) });

    const head = await client.visit('/_mfa/recovery-codes', { method: 'HEAD' });
    assert.equal(head.body, '');
    const ahead = await client.visit('/_mfa/recovery-codes', {
      headers: { 'sec-purpose': 'prefetch;prerender' },
    });
    assert.equal(textsMarked(ahead, 'data-recovery-code').length, 0);
    const shown = await client.open('/_mfa/recovery-codes');
    assert.equal(textsMarked(shown, 'data-recovery-code').length, 10);
    const reloaded = await client.open('/_mfa/recovery-codes');
    assert.equal(textsMarked(reloaded, 'data-recovery-code').length, 0);
    assert.match(reloaded.body, /cannot be shown again/);
  });

  test('take password and code for a step-up, by hand too', async () => {
    const { client, password, secret } = await enrolledAs('bea');
    const page = await client.open('/_mfa/step-up?return_to=%2Fadmin%2Fsave');
    assert.match(page.body, /You are about to change something in Admin console\./);

    const landed = await client.submit(page, { password, code: nextCode(portal.clock, secret) });

    assert.equal(landed.url.pathname, '/admin/save');
  });

  test('take a recovery code for a step-up', async () => {
    const { client, password, recoveryCodes } = await enrolledAs('bert');
    const page = await client.open('/_mfa/step-up?method=recovery-code');
    const landed = await client.submit(page, { password, recovery_code: recoveryCodes[3] ?? '' });

    assert.equal(landed.url.pathname, '/_mfa/account');
    assert.match(landed.body, /9 unused codes left/);
  });

  test('say the same for a wrong password and a wrong code at a step-up', async () => {
    const { client, password, secret } = await enrolledAs('bo');
    const page = await client.open('/_mfa/step-up');
    const code = nextCode(portal.clock, secret);
    const wrongPassword = await client.post(page, { password: 'something-else-42', code });
    const wrongCode = await client.post(page, { password, code: '000000' });

    for (const answer of [wrongPassword, wrongCode]) {
      assert.equal(answer.status, 401);
      assert.match(answer.body, /The password or the code did not match/);
    }
    const right = await client.submit(page, { password, code });
    assert.equal(right.url.pathname, '/_mfa/account', 'the wrong password used the code up');
  });

  test('replace recovery codes against password and code', async () => {
    const { client, password, secret, recoveryCodes } = await enrolledAs('bruno');
    const page = await client.open('/_mfa/recovery-codes');
    const refused = await client.post(page, { password, code: '000000' });
    assert.equal(refused.status, 401);

    const code = nextCode(portal.clock, secret);
    const shown = await client.submit(page, { password, code });
    const fresh = textsMarked(shown, 'data-recovery-code');
    await client.submit(shown, { stored: 'yes' });

    assert.equal(fresh.length, 10);
    assert.ok(!fresh.some((one) => recoveryCodes.includes(one)));
  });

  test('list sessions and end another one', async () => {
    const bella = await enrolledAs('bella');
    const { client, username, password, secret } = bella;
    const other = portal.visitor();
    const challenge = await other.submit(await other.open(target), { username, password });
    await other.submit(challenge, { code: nextCode(portal.clock, secret) });
    assert.equal((await other.open('/_mfa/account')).status, 200);

    const asked = await client.submit(
      await client.open('/_mfa/account'),
      { action: 'end-session' },
      '/account',
    );
    const account = await stepUp(asked, bella, portal.clock);
    const ended = await client.submit(account, { action: 'end-session' }, '/account');

    assert.match(ended.body, /That session was ended/);
    assert.equal((await other.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');
  });

  test('sign out everywhere, here included', async () => {
    const { client, username, password, secret } = await enrolledAs('benno');
    const other = portal.visitor();
    const challenge = await other.submit(await other.open(target), { username, password });
    await other.submit(challenge, { code: nextCode(portal.clock, secret) });

    const account = await client.open('/_mfa/account');
    const out = await client.submit(account, { action: 'sign-out-everywhere' }, '/account');

    assert.match(out.body, /You are signed out/);
    for (const browser of [client, other]) {
      assert.equal((await browser.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');
    }
  });

  test('ask before signing out, and sign out by POST only', async () => {
    const { client } = await enrolledAs('basil');
    const cookies = client.copy();
    const question = await client.open('/_mfa/sign-out');
    assert.match(question.body, /Sign out\?/);
    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/account');

    const done = await client.submit(question, {});

    assert.match(done.body, /You are signed out/);
    assert.equal(client.cookie('sallyport'), null);
    assert.equal((await cookies.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');
  });

  test('end the session of a disabled account and say so', async () => {
    const { client, username } = await enrolledAs('bonnie');
    const user = await portal.flows.stores.users.findByUsername(username);
    assert.ok(user);
    await portal.flows.stores.users.setDisabled(user.id, true);

    const page = await client.open('/_mfa/account');

    assert.equal(page.status, 403);
    assert.equal(page.headers['sallyport-response'], 'account-disabled');
    assert.equal(client.cookie('sallyport'), null);
  });

  test('say to a disabled account only after the right password that it is disabled', async () => {
    const person = await portal.addPerson('bjorn');
    const user = await portal.flows.stores.users.findByUsername('bjorn');
    assert.ok(user);
    await portal.flows.stores.users.setDisabled(user.id, true);
    const client = portal.visitor();
    const page = await client.open(target);

    const wrong = await client.post(page, { username: 'bjorn', password: 'something-else-42' });
    const right = await client.post(page, { ...person });

    assert.equal(wrong.headers['sallyport-response'], 'invalid-credentials');
    assert.equal(right.headers['sallyport-response'], 'account-disabled');
  });

  test('keep what was typed when a sign-in fails, but for the password', async () => {
    const client = portal.visitor();
    const page = await client.open(target);
    const answer = await client.post(page, { username: 'ben', password: 'not-it-42' });

    assert.equal(answer.status, 401);
    assert.equal(answer.headers['sallyport-response'], 'invalid-credentials');
    assert.match(answer.body, /name="username"[^>]*value="ben"/);
    assert.doesNotMatch(answer.body, /not-it-42/);
  });

  test('ask about the clock of the phone after two misses', async () => {
    const person = await enrolledAs('brita');
    const client = await afterPassword(person);
    const page = await client.open('/_mfa/challenge');
    const first = await client.post(page, { code: '000000' });
    const second = await client.post(page, { code: '000001' });

    assert.match(first.body, /Codes change every 30 seconds/);
    assert.doesNotMatch(first.body, /set automatically/);
    assert.match(second.body, /clock set automatically/);
  });

  test('pause codes after too many, say until when, and do not look at the right one', async () => {
    const person = await enrolledAs('bodo');
    const client = await afterPassword(person);
    const page = await client.open('/_mfa/challenge');
    for (const code of ['000000', '000001', '000002', '000003']) await client.post(page, { code });
    const fifth = await client.post(page, { code: '000004' });
    const right = await client.post(page, { code: nextCode(portal.clock, person.secret) });

    for (const answer of [fifth, right]) {
      assert.equal(answer.status, 429);
      assert.equal(answer.headers['sallyport-response'], 'too-many-attempts');
      assert.match(answer.body, /Codes are paused for this account until \d\d:\d\d \(SAST\)/);
      assert.doesNotMatch(answer.body, /Use a recovery code/, 'they are paused as well');
    }
    assert.match(String(fifth.headers['retry-after']), /^\d+$/);
    portal.clock.advance(16 * 60);
    const later = await client.open('/_mfa/challenge');
    const code = nextCode(portal.clock, person.secret);
    assert.equal((await client.submit(later, { code })).url.pathname, '/_mfa/account');
  });

  test('say that a code was used already', async () => {
    const person = await enrolledAs('bille');
    const first = await afterPassword(person);
    const code = nextCode(portal.clock, person.secret);
    await first.submit(await first.open('/_mfa/challenge'), { code });
    const second = await afterPassword(person);
    const answer = await second.post(await second.open('/_mfa/challenge'), {
      code: codeAt(person.secret, portal.clock.now()),
    });

    assert.equal(answer.status, 401);
    assert.match(answer.body, /That code was already used/);
  });
});
