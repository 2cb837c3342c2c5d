/**
 * People whose second factors were switched off or do not count any more: what they enrolled still
 * keeps a password alone from changing how they sign in. Holds G8.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { SessionKey } from '../../../src/core/ids.ts';
import { changePassword } from '../../../src/flows/account/change-password.ts';
import { beginPasskeyEnrollment } from '../../../src/flows/enroll/enroll-passkey.ts';
import { beginTotpEnrollment } from '../../../src/flows/enroll/enroll-totp.ts';
import { endSession } from '../../../src/flows/sessions.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { aProblem } from '../../support/own-changes.ts';

let world: World;
let thief: SessionFacts;
let ownersKey: SessionKey;
let recoveryCodes: readonly string[];

// Regression: a session of the password alone changed the password of somebody with an app.
beforeEach(async () => {
  world = await openWorld();
  const owner = await world.enrolledPerson('anna');
  ownersKey = owner.session.key;
  ({ recoveryCodes } = owner);
  thief = await world.signInBy('anna');
  world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false } }) }) });
  thief = sure(await world.recall(thief.key));
});
afterEach(() => world.close());

describe('a password alone, while the app of its owner is switched off', () => {
  test('does not change the password', async () => {
    const next = { current: goodPassword, next: 'otter-lantern-wintry' };
    await assert.rejects(
      changePassword(world.ctx, visit(), thief, next),
      aProblem('step-up-required'),
    );
  });

  test('enrolls nothing', async () => {
    await assert.rejects(beginPasskeyEnrollment(world.ctx, thief), aProblem('step-up-required'));
    await assert.rejects(beginTotpEnrollment(world.ctx, thief), aProblem('policy-forbids'));
  });

  test('ends no single session', async () => {
    await assert.rejects(
      endSession(world.ctx, visit(), thief, ownersKey),
      aProblem('step-up-required'),
    );
    assert.notEqual(await world.recall(ownersKey), null);
  });

  test('with a recovery code beside it is enough to set up something that counts', async () => {
    const code = sure(recoveryCodes[0]);
    const given = { password: goodPassword, method: 'recovery-code', code } as const;
    const answer = await stepUp(world.ctx, visit(), thief, given);
    assert(answer.ok);

    const risen = sure(await world.rise(answer.session, thief));
    const { options } = await beginPasskeyEnrollment(world.ctx, risen);
    assert.equal(typeof options['challenge'], 'string');
  });
});
