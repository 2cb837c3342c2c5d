/** Somebody who has nothing but a passkey looks after their account: no page asks for an app. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { signIn } from '../../support/http-verbs.ts';
import {
  createPasskey,
  platformBuild,
  type SoftPasskey,
} from '../../support/soft-authenticator.ts';
import { type Person, startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked, type WebClient } from '../../support/web-client.ts';

const target = '/_mfa/account';

let portal: TestPortal;
let client: WebClient;
let person: Person;
let passkey: SoftPasskey;
let recoveryCodes: readonly string[];

/** What the page's script would hand to the browser. */
function optionsOn(page: Answer): Record<string, unknown> {
  const [, text = '{}'] = /data-options="([^"]*)"/.exec(page.body) ?? [];
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as Record<
    string,
    unknown
  >;
}

/** Confirms with the passkey on a page that asks for it. */
async function confirm(page: Answer): Promise<Answer> {
  assert.equal(page.url.pathname, '/_mfa/step-up', page.body);
  return client.submit(page, { passkey: passkey.get(optionsOn(page)) });
}

before(async () => {
  portal = await startPortal();
  person = await portal.addPerson('dora');
  client = portal.visitor();
  await signIn(client, { target, ...person });
  const page = await client.open('/_mfa/enroll/passkey');
  const build = { ...platformBuild, origin: portal.origin };
  const made = createPasskey(optionsOn(page), build);
  ({ passkey } = made);
  const shown = await client.submit(page, { name: 'Laptop', passkey: made.posted });
  recoveryCodes = textsMarked(shown, 'data-recovery-code');
  assert.equal(recoveryCodes.length, 10);
  await client.submit(shown, { stored: 'yes' });
});

after(() => portal.stop());

describe('somebody who has nothing but a passkey', () => {
  test('makes new recovery codes by using it and typing the password', async () => {
    portal.clock.advance(700);
    const page = await client.open('/_mfa/recovery-codes');
    assert.doesNotMatch(page.body, /name="code"|name="password"/);
    const [, href = ''] = /href="([^"]*\/step-up[^"]*)"/.exec(page.body) ?? [];

    const form = await confirm(await client.open(href.replaceAll('&amp;', '&')));
    assert.equal(form.url.pathname, '/_mfa/recovery-codes');
    const shown = await client.submit(form, { action: 'replace', password: person.password });

    const fresh = textsMarked(shown, 'data-recovery-code');
    assert.equal(fresh.length, 10);
    recoveryCodes = fresh;
    await client.submit(shown, { stored: 'yes' });
  });

  test('cannot make any by leaving the passkey out', async () => {
    portal.clock.advance(700);
    const form = await client.open('/_mfa/recovery-codes');

    const answer = await client.post(form, { action: 'replace', password: person.password });

    assert.match(answer.headers.location ?? '', /\/step-up\?return_to=.*recovery-codes$/);
  });

  test('changes the password by using it', async () => {
    const form = await confirm(await client.open('/_mfa/account/password'));
    const next = 'otter-lantern-wintry-17';

    const landed = await client.submit(form, {
      password: person.password,
      new_password: next,
      new_password_again: next,
    });

    assert.equal(landed.url.search, '?done=password-changed');
    person = { ...person, password: next };
  });

  test('is not sent round in a circle by confirming with a recovery code', async () => {
    portal.clock.advance(700);
    const asked = await client.open('/_mfa/account/disable-mfa');
    const other = await client.open(`${asked.url.href}&method=recovery-code`);
    const form = await client.submit(other, {
      password: person.password,
      recovery_code: recoveryCodes[0] ?? '',
    });

    assert.equal(form.url.pathname, '/_mfa/account/disable-mfa');
    assert.match(form.body, /name="recovery_code"/);
  });

  test('switches the second step off by using it and typing the password', async () => {
    portal.clock.advance(700);
    const form = await confirm(await client.open('/_mfa/account/disable-mfa'));
    assert.doesNotMatch(form.body, /name="code"/);
    const wrong = await client.post(form, { password: 'not the password' });
    assert.equal(wrong.status, 401);

    const landed = await client.submit(form, { password: person.password });

    assert.equal(landed.url.search, '?done=mfa-disabled');
    assert.match(landed.body, /Nothing is set up yet/);
  });
});
