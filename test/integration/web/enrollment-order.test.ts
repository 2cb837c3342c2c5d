/** The steps of an enrollment stand in the order in which people go through them. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { anMfaPolicy, aPolicy } from '../../support/builders.ts';
import { nextCode, signIn } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked } from '../../support/web-client.ts';

let portal: TestPortal;
afterEach(() => portal.stop());

const target = '/_mfa/sign-in';
const forAll = { requiredForTiers: ['TIER3'] } as const;

function stepsOn({ body }: Answer): readonly string[] {
  const steps = [...body.matchAll(/class="step-title">(.*?) <span class="badge">(.*?)</g)];
  return steps.map(([, title = '', state = '']) => `${title.replaceAll(/<[^>]*>/g, '')}: ${state}`);
}

describe('the steps of an enrollment', () => {
  test('run downwards: an authenticator, its codes, what else is owed', async () => {
    const mfa = anMfaPolicy({ totp: forAll, webauthn: forAll, recoveryCodes: forAll });
    portal = await startPortal({ policy: aPolicy({ mfa }) });
    const client = portal.visitor();
    const person = await portal.addPerson('ben');
    const first = await signIn(client, { target, ...person });
    assert.deepEqual(stepsOn(first), [
      'Authenticator app: Next',
      'Recovery codes: Later',
      'Passkey: Later',
    ]);

    const enrollment = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    const codes = await client.submit(enrollment, { code: nextCode(portal.clock, secret) });
    assert.deepEqual(stepsOn(await client.open('/_mfa/enroll')), [
      'Authenticator app: Done',
      'Recovery codes: Next',
      'Passkey: Later',
    ]);
    assert.deepEqual(stepsOn(await client.submit(codes, { stored: 'yes' })), [
      'Authenticator app: Done',
      'Recovery codes: Done',
      'Passkey: Next',
    ]);
  });

  test('begin with what can be set up', async () => {
    const totp = { isEnabled: false };
    const mfa = anMfaPolicy({ totp, webauthn: forAll, recoveryCodes: forAll });
    portal = await startPortal({ policy: aPolicy({ mfa }) });
    const person = await portal.addPerson('ben');
    const first = await signIn(portal.visitor(), { target, ...person });
    assert.deepEqual(stepsOn(first), ['Passkey: Next', 'Recovery codes: Later']);
  });
});
