/** What the challenge says while codes are paused: a passkey is named only where one would help. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import type { AccessPolicy } from '../../../src/core/policy/mfa-policy.ts';
import { idBytes, idFrom } from '../../../src/core/ids.ts';
import { anMfaPolicy, aPolicy } from '../../support/builders.ts';
import { nextCode, signIn } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked } from '../../support/web-client.ts';

let portal: TestPortal;
afterEach(() => portal.stop());

/** What somebody reads who has an app and a passkey and has typed too many wrong codes. */
async function noticeUnder(policy: AccessPolicy): Promise<string> {
  return noticeOn((await pageUnder(policy)).body);
}

function noticeOn(body: string): string {
  const [notice] = /Codes are paused for this account[^<]*/.exec(body) ?? [];
  assert.ok(notice !== undefined, body);
  return notice;
}

/** Where somebody stands after too many wrong codes, who has an app and a passkey. */
async function pageUnder(policy: AccessPolicy): Promise<Answer> {
  portal = await startPortal({ policy });
  const person = await portal.addPerson('ben');
  const target = '/_mfa/sign-in';
  const first = portal.visitor();
  await signIn(first, { target, ...person });
  const enrollment = await first.open('/_mfa/enroll/totp');
  const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
  await first.submit(enrollment, { code: nextCode(portal.clock, secret) });
  await addPasskey('ben');

  const client = portal.visitor();
  await signIn(client, { target, ...person });
  let page = await client.open('/_mfa/challenge?method=totp');
  for (let guess = 0; guess < 5; guess += 1) {
    page = await client.submit(page, { code: '000000' });
  }
  return page;
}

/** Keeps a passkey as if it had been enrolled, without an attestation. */
async function addPasskey(username: string): Promise<void> {
  const { flows, clock } = portal;
  const user = await flows.stores.users.findByUsername(username);
  assert.ok(user !== null);
  const id = idFrom('authenticator', flows.random.bytes(idBytes));
  const credential = { publicKey: 'AAAA', transports: [], aaguid: '', isBackupEligible: false };
  await flows.stores.authenticators.create({
    id,
    userId: user.id,
    method: 'webauthn',
    name: 'Laptop',
    sealedCredential: flows.passkeys.seal(user.id, id, credential),
    lastStep: -1,
    passkey: { credentialId: 'AAAA', signCount: 0, isBackedUp: false, attestedModel: null },
    createdAt: clock.now(),
    lastUsedAt: null,
  });
}

describe('while codes are paused', () => {
  test('a passkey that somebody has still works, and the page says so', async () => {
    assert.match(await noticeUnder(aPolicy()), /A passkey still works/);
  });

  test('none is named where passkeys are switched off', async () => {
    const mfa = anMfaPolicy({ webauthn: { isEnabled: false } });
    const notice = await noticeUnder(aPolicy({ mfa }));
    assert.doesNotMatch(notice, /passkey/i);
    assert.match(notice, /Come back then\. If you did not type wrong codes, somebody knows your/);
  });

  test('nobody is asked for a step that they cannot do', async () => {
    const mfa = anMfaPolicy({ webauthn: { isEnabled: false } });
    assert.doesNotMatch((await pageUnder(aPolicy({ mfa }))).body, /asks for a second step/);
  });

  test('none is named where theirs does not count', async () => {
    const models = ['2fc0579f-8113-47ea-b116-bb5a8db9202a'];
    const hardwareKeys = { tiers: ['TIER3'], models } as const;
    assert.doesNotMatch(await noticeUnder(aPolicy({ hardwareKeys })), /passkey/i);
  });
});
