/** After a recovery code: what is lost is asked once, and replaced at once if need be. */

import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';

import { type Enrolled, enrollAtSignIn, nextCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type Answer, type WebClient } from '../../support/web-client.ts';

const target = '/_mfa/sign-in?return_to=%2Fadmin%2Fusers%2F7%3Ftab%3Dmail';

function linkOn(page: Answer, words: RegExp): string {
  const link = [
    ...page.body.matchAll(/<a\b[^>]*href="([^"]*)"[^>]*>(?:<svg[^]*?<\/svg>)?([^<]*)</g),
  ].find(([, , text = '']) => words.test(text));
  assert.ok(link !== undefined, `no link ${String(words)} on\n${page.body}`);
  return new URL((link[1] ?? '').replaceAll('&amp;', '&'), page.url).href;
}

describe('somebody who signed in with a recovery code', async () => {
  const portal: TestPortal = await startPortal();
  let ben: Enrolled;
  let count = 0;
  beforeEach(async () => {
    count += 1;
    const person = await portal.addPerson(`ben-${count}`, ['SEC-OPS']);
    ben = await enrollAtSignIn(portal.visitor(), { target, ...person, clock: portal.clock });
  });
  after(() => portal.stop());

  /** A new browser in which the password was typed. */
  async function afterPassword(): Promise<WebClient> {
    const client = portal.visitor();
    const { username, password } = ben;
    await client.post(await client.open(target), { username, password });
    return client;
  }

  async function useCode(at = 0): Promise<{ client: WebClient; page: Answer }> {
    const client = await afterPassword();
    const form = await client.open(
      '/_mfa/challenge/recovery-code?return_to=%2Fadmin%2Fusers%2F7%3Ftab%3Dmail',
    );
    const page = await client.submit(form, { recovery_code: ben.recoveryCodes[at] ?? '' });
    return { client, page };
  }

  test('is asked what is lost, and goes on to the page first asked for', async () => {
    const { client, page } = await useCode();
    assert.equal(page.url.pathname, '/_mfa/lost-authenticator');
    assert.equal(page.status, 200);
    assert.match(page.body, /Authenticator app/);
    assert.match(page.body, /Do you still have these\?/);
    assert.doesNotMatch(page.body, /recovery codes? (?:is|are) left/);

    const landed = await client.open(linkOn(page, /go on/));
    assert.equal(landed.url.href, 'http://console.test/admin/users/7?tab=mail');
  });

  test('is not kept from anything by the question', async () => {
    const { client } = await useCode();
    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/account');
    assert.equal((await client.open('/admin')).url.href, 'http://console.test/admin');
  });

  test('replaces what is lost without being asked again: a new one, then the old one goes', async () => {
    const { client, page } = await useCode();
    const enrollment = await client.open(linkOn(page, /I lost it/));
    assert.equal(enrollment.url.pathname, '/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    assert.notEqual(secret, ben.secret);
    assert.match(enrollment.body, /You are going to/);
    const back = await client.open(linkOn(enrollment, /^Back$/));
    assert.equal(back.url.href, page.url.href);

    const old = await client.submit(enrollment, {
      name: 'New phone',
      code: nextCode(portal.clock, secret),
    });
    assert.match(old.url.pathname, /^\/_mfa\/account\/authenticators\/ath_/);
    assert.match(old.body, /Authenticator app/);
    assert.match(old.body, /You are going to/);
    const landed = await client.submit(old, { action: 'remove' }, old.url.pathname);
    assert.equal(landed.url.href, 'http://console.test/admin/users/7?tab=mail');
    const names = (await portal.flows.stores.authenticators.listOfUser(await idOf(ben))).map(
      ({ name }) => name,
    );
    assert.deepEqual(names, ['New phone']);

    // What was lost opens nothing any more.
    const finder = await afterPassword();
    const challenge = await finder.open('/_mfa/challenge');
    const refused = await finder.submit(challenge, { code: nextCode(portal.clock, ben.secret) });
    assert.equal(refused.status, 401);
  });

  test('may leave the lost one for now, and goes where they wanted to go', async () => {
    const { client, page } = await useCode();
    const enrollment = await client.open(linkOn(page, /I lost it/));
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    const code = nextCode(portal.clock, secret);
    const old = await client.submit(enrollment, { name: 'New phone', code });
    const onward = /<a href="([^"]*)">(?:<svg[^]*?<\/svg>)?<span>Go on without/.exec(old.body);
    assert.equal(onward?.[1], 'http://console.test/admin/users/7?tab=mail');
  });

  async function idOf({ username }: Enrolled) {
    const user = await portal.flows.stores.users.findByUsername(username);
    assert.ok(user !== null);
    return user.id;
  }

  test('is offered new codes once few are left', async () => {
    for (let used = 0; used < 6; used += 1) await useCode(used);
    const { client, page } = await useCode(6);
    assert.match(page.body, /Only 3 recovery codes are left\./);
    const codes = await client.open(linkOn(page, /New codes/));
    assert.equal(codes.url.pathname, '/_mfa/recovery-codes');

    await useCode(7);
    await useCode(8);
    assert.match((await useCode(9)).page.body, /That was your last recovery code\./);
  });

  test('is the only one: a password alone sees nothing of it', async () => {
    const client = await afterPassword();
    const answer = await client.open('/_mfa/lost-authenticator');
    assert.equal(answer.url.pathname, '/_mfa/challenge');
    assert.equal(
      (await portal.visitor().open('/_mfa/lost-authenticator')).url.pathname,
      '/_mfa/sign-in',
    );
  });
});
