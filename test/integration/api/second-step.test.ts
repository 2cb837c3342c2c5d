/** The second step of whoever calls: by token, by the session of a browser, with a passkey (G6, G8). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AuthenticatorId } from '../../../src/core/ids.ts';
import { callApi, enrollOverApi, freshToken } from '../../support/api-client.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { nextCode, signIn, signInWithCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import type { WebClient } from '../../support/web-client.ts';

let portal: TestPortal;

before(async () => {
  portal = await startPortal();
});
after(async () => {
  await portal.stop();
});

const userNamed = async (username: string) =>
  (await portal.flows.stores.users.findByUsername(username)) ?? assert.fail(username);

/** Enrolls an app by a browser's session; the answer is the last of the API. */
async function setUpIn(browser: WebClient) {
  const setUp = await callApi(browser, 'POST /mfa/setup');
  assert.equal(setUp.status, 200, JSON.stringify(setUp.body));
  const { secret } = setUp.body;
  const code = nextCode(portal.clock, secret);
  const verified = await callApi(browser, 'POST /mfa/verify', { body: { code } });
  assert.equal(verified.status, 200, JSON.stringify(verified.body));
  return { secret, codes: setUp.body.backup_codes, verified };
}

describe('a browser that calls', () => {
  test('rises like on the pages: under another id, the old one dead, without a token', async () => {
    const ben = await portal.addPerson('ben', ['SEC-OPS']);
    const browser = portal.visitor();
    await signIn(browser, { target: '/_mfa/sign-in', ...ben });
    const before = browser.copy();

    const { verified } = await setUpIn(browser);

    assert.equal(verified.body.token, undefined);
    assert.equal(verified.body['enabled'], true);
    assert.equal((await callApi(browser, 'GET /mfa')).body['recovery_codes_left'], 10);
    assert.equal((await callApi(before, 'GET /mfa')).code, 'not-signed-in');
    // The page knows it too: the API and the pages are about one session.
    assert.match((await browser.open('/_mfa/account')).body, /Authenticator app/);
  });

  test('is asked for a fresh proof before it adds another (G8)', async () => {
    const kim = await portal.addPerson('kim', ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, kim);
    const browser = portal.visitor();
    await signInWithCode(browser, {
      target: '/_mfa/sign-in',
      person: enrolled,
      clock: portal.clock,
    });
    portal.clock.advance(601);
    const refused = await callApi(browser, 'POST /mfa/setup');
    assert.deepEqual([refused.status, refused.code], [401, 'step-up-required']);
    assert.equal(refused.body['step_up_url'], `${portal.config.portal.url}/step-up`);
  });
});

describe('somebody with a token', () => {
  test('switches the second step off for password and code, and goes on with what is left', async () => {
    const dan = await portal.addPerson('dan');
    const first = await callApi(portal.visitor(), 'POST /auth/login', { body: dan });
    assert.equal(first.status, 200);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, dan);
    const browser = portal.visitor();
    await signInWithCode(browser, {
      target: '/_mfa/sign-in',
      person: enrolled,
      clock: portal.clock,
    });
    const token = await freshToken(portal.visitor(), portal.clock, enrolled);
    const off = async (body: object) => callApi(portal.visitor(), 'DELETE /mfa', { token, body });

    const { password, secret } = enrolled;
    assert.equal((await off({ password: 'wrong', code: '123456' })).code, 'invalid-credentials');
    assert.equal((await off({ password, code: '000000' })).code, 'invalid-credentials');
    assert.equal((await off({ password })).code, 'step-up-required');
    assert.equal((await off({ code: '123456' })).code, 'validation-failed');
    const done = await off({ password, code: nextCode(portal.clock, secret) });
    assert.deepEqual([done.status, done.body['enabled']], [200, false]);
    assert.equal((await callApi(browser, 'GET /mfa')).code, 'not-signed-in');
    const after = await callApi(portal.visitor(), 'GET /mfa', { token: done.body.token });
    assert.deepEqual(after.body.authenticators, []);
  });

  test('does not switch off what the policy asks for, whatever is typed', async () => {
    const eva = await portal.addPerson('eva', ['SEC-OPS']);
    const { token, password, secret } = await enrollOverApi(portal.visitor(), portal.clock, eva);
    const body = { password, code: nextCode(portal.clock, secret) };
    const answer = await callApi(portal.visitor(), 'DELETE /mfa', { token, body });
    assert.deepEqual([answer.status, answer.code], [403, 'policy-forbids']);
    assert.equal((await callApi(portal.visitor(), 'GET /mfa', { token })).body['required'], true);
  });

  test('makes new backup codes; the old ones are dead, the new ones live at once', async () => {
    const ida = await portal.addPerson('ida', ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, ida);
    const { token, password, secret, backupCodes } = enrolled;
    const renew = async (body: object) =>
      callApi(portal.visitor(), 'POST /mfa/backup-codes', { token, body });
    assert.equal((await renew({ password, code: '000000' })).code, 'invalid-credentials');
    const made = await renew({ password, code: nextCode(portal.clock, secret) });
    assert.equal(made.status, 200);
    assert.equal(made.body.backup_codes.length, 10);

    const withCode = async (backup_code: string) =>
      callApi(portal.visitor(), 'POST /auth/login', { body: { ...ida, backup_code } });
    assert.equal((await withCode(backupCodes[0] ?? '')).code, 'invalid-credentials');
    assert.equal((await withCode(made.body.backup_codes[0] ?? '')).status, 200);
  });

  test('is told how they stand', async () => {
    const lea = await portal.addPerson('lea');
    const { body } = await callApi(portal.visitor(), 'POST /auth/login', { body: lea });
    const before = await callApi(portal.visitor(), 'GET /mfa', { token: body.token });
    assert.deepEqual(before.body, {
      authenticators: [],
      missing: [],
      recovery_codes_left: 0,
      required: false,
      enroll_by: null,
    });
  });

  test('that a reset overtook sets up nothing by password alone', async () => {
    const rita = await portal.addPerson('rita', ['SEC-OPS']);
    const { id } = await userNamed('rita');
    await portal.flows.stores.users.setEnrollGuard(id, {
      since: portal.clock.now(),
      supervisedUntil: null,
    });
    const refused = await callApi(portal.visitor(), 'POST /auth/login', { body: rita });
    assert.equal(refused.code, 'enrollment-required');
    const token = refused.body.enrollment_token;
    const setUp = await callApi(portal.visitor(), 'POST /mfa/setup', { token });
    assert.deepEqual([setUp.status, setUp.code], [403, 'enrollment-link-required']);
  });
});

describe('somebody who has a passkey alone', () => {
  test('is sent to the sign-in page: programs have no passkeys', async () => {
    const max = await portal.addPerson('max');
    const { id } = await userNamed('max');
    await portal.flows.stores.authenticators.create({
      id: 'ath_max' as AuthenticatorId,
      userId: id,
      method: 'webauthn',
      name: 'Security key',
      sealedCredential: 'sealed',
      lastStep: -1,
      passkey: { credentialId: 'max', signCount: 0, isBackedUp: false, attestedModel: null },
      createdAt: portal.clock.now(),
      lastUsedAt: null,
    });
    const { body } = await callApi(portal.visitor(), 'POST /auth/login', { body: max });
    assert.deepEqual([body['mfa_required'], body['methods']], [true, ['webauthn']]);
    assert.equal(body['sign_in_url'], `${portal.config.portal.url}/sign-in`);
    const code = codeAt('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', portal.clock.now());
    const guess = { mfa_token: body.mfa_token, code };
    const answer = await callApi(portal.visitor(), 'POST /auth/mfa', { body: guess });
    assert.equal(answer.code, 'invalid-credentials');
  });
});

describe('what is done over the API', () => {
  test('is written down like what is done on the pages', async () => {
    const amy = await portal.addPerson('amy', ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, amy);
    const { username, password } = enrolled;
    await callApi(portal.visitor(), 'POST /auth/login', { body: { username, password: 'wrong' } });
    const half = await callApi(portal.visitor(), 'POST /auth/login', {
      body: { username, password },
    });
    const mfa = { mfa_token: half.body.mfa_token };
    await callApi(portal.visitor(), 'POST /auth/mfa', { body: { ...mfa, code: '000000' } });
    const code = nextCode(portal.clock, enrolled.secret);
    await callApi(portal.visitor(), 'POST /auth/mfa', { body: { ...mfa, code } });
    const { id } = await userNamed('amy');
    const types: string[] = [];
    for await (const event of portal.flows.stores.audit.read({ since: null })) {
      if (event.subject === id) types.push(event.type);
      assert.doesNotMatch(JSON.stringify(event), new RegExp(`eyJ|${password}|${enrolled.secret}`));
    }
    assert.deepEqual(types.slice(1), [
      'session.signed-in',
      'token.refused',
      'recovery-codes.generated',
      'authenticator.enrolled',
      'recovery-codes.confirmed',
      'token.issued',
      'session.sign-in-failed',
      'session.password-accepted',
      'second-factor.failed',
      'session.signed-in',
      'token.issued',
    ]);
  });
});
