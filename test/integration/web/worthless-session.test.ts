/** A session whose only proof does not count any more is none, for pages as at the gate. Holds G6. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { setGroups } from '../../../src/flows/admin/users.ts';
import { aPolicy } from '../../support/builders.ts';
import { enrollPasskeyAtSignIn, submitPasskey } from '../../support/passkey-http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import type { WebClient } from '../../support/web-client.ts';

let portal: TestPortal;
let client: WebClient;

// Regression: the gate sent such a session to sign in, and the sign-in page sent it back, for ever.
before(async () => {
  const models = ['2fc0579f-8113-47ea-b116-bb5a8db9202a'];
  portal = await startPortal({
    policy: aPolicy({ hardwareKeys: { tiers: ['TIER0'], models } }),
  });
  const person = await portal.addPerson('dora');
  client = portal.visitor();
  const passkey = await enrollPasskeyAtSignIn(client, person);
  client = portal.visitor();
  await submitPasskey(client, await client.open('/_mfa/sign-in'), passkey);
  assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/account');
  await setGroups(portal.flows, { username: 'dora', groups: ['AI-PLATFORM-ADMINS'] });
});
after(() => portal.stop());

describe('a session that was begun with a passkey that does not count any more', () => {
  test('opens no page of the account', async () => {
    const page = await client.open('/_mfa/account');
    assert.equal(page.url.pathname, '/_mfa/sign-in');
  });

  test('gets the form to sign in, and is not sent round in circles', async () => {
    const page = await client.open('/_mfa/sign-in?return_to=http%3A%2F%2Fconsole.test%2Fone');
    assert.equal(page.status, 200);
    assert.match(page.body, /name="password"/);
  });
});
