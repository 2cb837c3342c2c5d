/**
 * Somebody with an ordinary passkey joins a tier that must use security keys of known models: a
 * recovery code beside the password lets them set one up, and nothing less does. Holds G8.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { setGroups } from '../../../src/flows/admin/users.ts';
import { anMfaPolicy, aPolicy } from '../../support/builders.ts';
import { signIn } from '../../support/http-verbs.ts';
import { passkeyOptionsOn } from '../../support/passkey-http-verbs.ts';
import { createPasskey, platformBuild } from '../../support/soft-authenticator.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type WebClient } from '../../support/web-client.ts';

const setUp = '/_mfa/enroll/passkey';

let portal: TestPortal;
let client: WebClient;
let password: string;
let recoveryCodes: readonly string[];

// Regression: every page of theirs led to another, and only a reset let them out.
before(async () => {
  const models = ['2fc0579f-8113-47ea-b116-bb5a8db9202a'];
  const mfa = anMfaPolicy({ webauthn: { requiredForTiers: ['TIER0'] } });
  portal = await startPortal({
    policy: aPolicy({ mfa, hardwareKeys: { tiers: ['TIER0'], models } }),
  });
  const person = await portal.addPerson('dora');
  ({ password } = person);
  client = portal.visitor();
  await signIn(client, { target: '/_mfa/account', ...person });
  const form = await client.open(setUp);
  const build = { ...platformBuild, origin: portal.origin };
  const { posted } = createPasskey(passkeyOptionsOn(form), build);
  const shown = await client.submit(form, { passkey: posted, name: 'Laptop' });
  recoveryCodes = textsMarked(shown, 'data-recovery-code');
  await client.submit(shown, { stored: 'yes' });

  await setGroups(portal.flows, { username: 'dora', groups: ['AI-PLATFORM-ADMINS'] });
  client = portal.visitor();
  await signIn(client, { target: '/_mfa/account', ...person });
});
after(() => portal.stop());

describe('a password alone', () => {
  test('opens nothing but the list of what is owed', async () => {
    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/enroll');
    assert.equal((await client.open('/_mfa/account/password')).url.pathname, '/_mfa/enroll');
  });

  test('is asked for a recovery code before a key may be set up', async () => {
    const page = await client.open(setUp);
    assert.equal(page.url.pathname, '/_mfa/step-up');
    assert.match(page.body, /name="recovery_code"/);
    assert.doesNotMatch(page.body, /data-options/);
  });
});

describe('a password and a recovery code', () => {
  test('lead to setting up a key of a known model', async () => {
    const asked = await client.open(setUp);
    const [code = ''] = recoveryCodes;
    const page = await client.submit(asked, { password, recovery_code: code });

    assert.equal(page.url.pathname, setUp, page.body);
    assert.equal(passkeyOptionsOn(page)['attestation'], 'direct');
  });
});
