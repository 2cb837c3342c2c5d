/** What a person may give up of their second step. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthenticatorId } from '../../../../src/core/ids.ts';
import {
  type HeldAuthenticator,
  mustHaveSecondFactor,
  removalRefusal,
} from '../../../../src/core/policy/removal.ts';
import { anMfaPolicy, aPolicy, aPrincipal, aSession, NOON } from '../../../support/builders.ts';

const model = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const admin = aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] });

const app = held('ath_app', 'totp', null);
const otherApp = held('ath_tablet', 'totp', null);
const passkey = held('ath_passkey', 'webauthn', { attestedModel: null });
const hardware = held('ath_key', 'webauthn', { attestedModel: model });

function held(
  id: string,
  method: HeldAuthenticator['method'],
  about: HeldAuthenticator['passkey'],
): HeldAuthenticator {
  return { id: id as AuthenticatorId, method, passkey: about };
}

/** The session of somebody who has these. */
function having(
  all: readonly HeldAuthenticator[],
  changes: Parameters<typeof aSession>[0] = {},
): ReturnType<typeof aSession> {
  return aSession({
    enrolled: [...new Set(all.map(({ method }) => method))],
    attestedModels: all.flatMap((one) => one.passkey?.attestedModel ?? []),
    recoveryCodesLeft: 10,
    ...changes,
  });
}

describe('removalRefusal', () => {
  const obliging = aPolicy({
    mfa: anMfaPolicy({
      totp: { requiredForTiers: ['TIER0', 'TIER1'] },
      webauthn: { requiredForTiers: ['TIER0'] },
    }),
    hardwareKeys: { tiers: ['TIER0'], models: [model] },
  });

  test('lets go what somebody can do without', () => {
    const session = having([app, passkey]);

    assert.equal(removalRefusal(session, [app, passkey], app.id, obliging), null);
    assert.equal(removalRefusal(session, [app, passkey], passkey.id, obliging), null);
  });

  test('keeps the last one, whatever codes are left', () => {
    assert.equal(removalRefusal(having([app]), [app], app.id, aPolicy()), 'last-one');
  });

  test('keeps the only one of a method that the tier needs, and lets one of two go', () => {
    const owner = { principal: aPrincipal({ groups: ['SEC-OPS'] }) };
    const [one, two] = [
      [app, passkey],
      [app, otherApp],
    ];

    assert.equal(removalRefusal(having(one, owner), one, app.id, obliging), 'policy-needs-it');
    assert.equal(removalRefusal(having(two, owner), two, app.id, obliging), null);
  });

  test('keeps the last one of somebody whose tenant asks for one before long', () => {
    const session = having([passkey], { enrollBy: NOON });

    assert.equal(removalRefusal(session, [passkey], passkey.id, aPolicy()), 'policy-needs-it');
  });

  test('keeps the security key of whoever needs one; other passkeys do not stand in for it', () => {
    const all = [app, passkey, hardware];
    const session = having(all, { principal: admin });

    assert.equal(removalRefusal(session, all, hardware.id, obliging), 'policy-needs-it');
    assert.equal(removalRefusal(session, all, passkey.id, obliging), null);
  });

  test('keeps nothing for the sake of what is missing anyway', () => {
    const all = [app, passkey];
    const session = having(all, { principal: admin });

    assert.equal(removalRefusal(session, all, passkey.id, obliging), null);
  });
});

describe('mustHaveSecondFactor', () => {
  const obliging = anMfaPolicy({ totp: { requiredForTiers: ['TIER0'] } });

  test('is so by tier or by tenant, and for nobody while the policy is switched off', () => {
    const byTier = aSession({ principal: admin });
    const byTenant = aSession({ enrollBy: NOON });
    const free = aSession();

    const answers = (isEnabled: boolean) =>
      [byTier, byTenant, free].map((session) =>
        mustHaveSecondFactor(session, aPolicy({ mfa: { ...obliging, isEnabled } })),
      );
    assert.deepEqual(answers(true), [true, true, false]);
    assert.deepEqual(answers(false), [false, false, false]);
  });
});
