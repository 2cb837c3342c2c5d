/** Signing in for a token, and the second step, over the API (contract section 7; G5, G7, G8). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { callApi, enrollOverApi, freshToken } from '../../support/api-client.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { type Person, startPortal, type TestPortal } from '../../support/start-portal.ts';

let portal: TestPortal;

before(async () => {
  portal = await startPortal();
});
after(async () => {
  await portal.stop();
});

const login = async (body: object) => callApi(portal.visitor(), 'POST /auth/login', { body });

describe('somebody without a second factor who need not have one', () => {
  test('is given a token that says how little was proved', async () => {
    const dan = await portal.addPerson('dan');
    const { status, body } = await login(dan);
    assert.equal(status, 200);
    const claims = decodeJwt(body.token);
    assert.deepEqual([claims['acr'], claims['amr'], claims['tier']], ['aal1', ['pwd'], 'TIER3']);
    assert.equal(decodeProtectedHeader(body.token).typ, 'at+jwt');
    assert.equal(body['token_type'], 'Bearer');
    assert.equal(body['expires_in'], 1200);
    assert.equal(body.user.username, 'dan');
  });
});

describe('somebody who must enroll first', () => {
  let anna: Person;
  before(async () => {
    anna = await portal.addPerson('anna', ['AI-PLATFORM-ADMINS']);
  });

  test('obtains nothing but a token for enrolling, and then everything', async () => {
    const client = portal.visitor();
    const refused = await login(anna);
    assert.deepEqual([refused.status, refused.code], [403, 'enrollment-required']);
    assert.deepEqual(refused.body['missing'], ['totp', 'recovery-code']);
    assert.equal(refused.body.token, undefined);
    const token = refused.body.enrollment_token;
    assert.equal((await callApi(client, 'GET /mfa', { token })).code, 'invalid-token');

    const setUp = await callApi(client, 'POST /mfa/setup', { token });
    assert.equal(setUp.status, 200);
    assert.match(setUp.body.otpauth_url, /^otpauth:\/\/totp\//);
    assert.match(setUp.body.qr_code, /^data:image\/png;base64,iVBOR/);
    assert.equal(setUp.body.backup_codes.length, 10);

    const wrong = await callApi(client, 'POST /mfa/verify', { token, body: { code: '000000' } });
    assert.deepEqual([wrong.status, wrong.code], [401, 'invalid-credentials']);
    const code = codeAt(setUp.body.secret, portal.clock.now());
    const verified = await callApi(client, 'POST /mfa/verify', { token, body: { code } });
    assert.equal(verified.status, 200);
    assert.deepEqual(
      [verified.body['success'], verified.body['enabled'], verified.body['missing']],
      [true, true, []],
    );
    const mfa = await callApi(client, 'GET /mfa', { token: verified.body.token });
    assert.equal(mfa.status, 200);
    assert.equal(mfa.body['recovery_codes_left'], 10);
    assert.equal(mfa.body.authenticators.length, 1);
  });

  test('has no live backup codes before the app is verified', async () => {
    const eva = await portal.addPerson('eva', ['SEC-OPS']);
    const client = portal.visitor();
    const refused = await login(eva);
    const token = refused.body.enrollment_token;
    const setUp = await callApi(client, 'POST /mfa/setup', { token });
    const [first] = setUp.body.backup_codes;
    const { id } = (await portal.flows.stores.users.findByUsername('eva')) ?? assert.fail();
    assert.equal(await portal.flows.stores.recoveryCodes.countLeft(id), 0);
    const again = await callApi(client, 'POST /mfa/setup', { token });
    assert.equal(again.body.secret, setUp.body.secret);
    assert.notEqual(again.body.backup_codes[0], first);
  });
});

describe('somebody with a second factor', () => {
  test('is asked for it, answers once, and is told how many backup codes are left', async () => {
    const ben = await portal.addPerson('ben', ['SEC-OPS']);
    const client = portal.visitor();
    const enrolled = await enrollOverApi(client, portal.clock, ben);

    const asked = await login(ben);
    assert.equal(asked.status, 200);
    assert.equal(asked.body['mfa_required'], true);
    assert.deepEqual(asked.body['methods'], ['totp', 'recovery-code']);
    assert.deepEqual(Object.keys(asked.body.user), ['id', 'username', 'display_name']);
    const mfaToken = asked.body.mfa_token;
    assert.equal((await callApi(client, 'GET /mfa', { token: mfaToken })).code, 'invalid-token');

    const [backup = ''] = enrolled.backupCodes;
    const answered = await callApi(client, 'POST /auth/mfa', {
      body: { mfa_token: mfaToken, backup_code: backup },
    });
    assert.equal(answered.status, 200, JSON.stringify(answered.body));
    assert.equal(answered.body['remaining_codes'], 9);

    portal.clock.advance(30);
    const replay = await callApi(client, 'POST /auth/mfa', {
      body: { mfa_token: mfaToken, code: codeAt(enrolled.secret, portal.clock.now()) },
    });
    assert.deepEqual([replay.status, replay.code], [401, 'invalid-token']);
    const claims = decodeJwt(answered.body.token);
    assert.deepEqual([claims['acr'], claims['amr']], ['aal2', ['mfa', 'otp', 'pwd']]);
  });

  test('signs in with both at once', async () => {
    const ida = await portal.addPerson('ida', ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, ida);
    assert.match(await freshToken(portal.visitor(), portal.clock, enrolled), /^ey/);
  });

  test('has wrong codes counted with those of the pages, and then waits (G7)', async () => {
    const kim = await portal.addPerson('kim', ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, kim);
    const asked = await login(kim);
    const body = { mfa_token: asked.body.mfa_token, code: '000000' };
    const answers = [];
    for (let guess = 0; guess < 5; guess += 1) {
      answers.push(await callApi(portal.visitor(), 'POST /auth/mfa', { body }));
    }
    assert.deepEqual(
      answers.map(({ code }) => code),
      [...Array<string>(4).fill('invalid-credentials'), 'too-many-attempts'],
    );
    assert.equal(answers[0]?.body['attempts_left'], 4);
    assert.equal(answers[4]?.headers['retry-after'], '900');
    portal.clock.advance(30);
    const right = { ...body, code: codeAt(enrolled.secret, portal.clock.now()) };
    const late = await callApi(portal.visitor(), 'POST /auth/mfa', { body: right });
    assert.equal(late.code, 'too-many-attempts');
  });
});
