/** Switching the second step off. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { disableMfa, type DisableProof } from '../../../src/flows/account/disable-mfa.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';
import {
  afterPasskey,
  aProblem,
  laterCode,
  mailFor,
  mailThatWaits,
  withAddress,
  withPasskey,
} from '../../support/own-changes.ts';

let world: World;
let anna: EnrolledPerson;
beforeEach(async () => {
  world = await openWorld({ config: { mail: mailThatWaits } });
  anna = await world.enrolledPerson();
  await withAddress(world, anna.session);
});
afterEach(() => world.close());

const disable = (proof: DisableProof, session: SessionFacts = anna.session) =>
  disableMfa(world.ctx, visit(), session, proof);
const byApp = (): DisableProof => ({
  password: goodPassword,
  method: 'totp',
  code: laterCode(world, anna.secret),
});
const enrolledNow = async () =>
  (await world.ctx.stores.authenticators.listOfUser(anna.session.principal.id)).length;

describe('switching the second step off', () => {
  test('removes authenticators and codes, and ends all other sessions', async () => {
    const elsewhere = await world.signInBy('anna');
    await withPasskey(world, anna.session);

    const answer = await disable(byApp());

    assert(answer.ok);
    assert.equal(await enrolledNow(), 0);
    const { recoveryCodes } = world.ctx.stores;
    assert.equal(await recoveryCodes.hasConfirmed(anna.session.principal.id), false);
    assert.equal(await world.recall(elsewhere.key), null);
    assert.equal(await world.recall(anna.session.key), null);
  });

  test('leaves the session with the password alone: nothing of the second step counts on', async () => {
    const answer = await disable(byApp());

    assert(answer.ok);
    const risen = sure(await world.rise(answer.session, anna.session));
    assert.deepEqual(
      risen.proofs.map(({ method, at, origin }) => ({ method, at, origin })),
      [{ method: 'password', at: world.clock.now(), origin: 'answer' }],
    );
    assert.deepEqual([risen.enrolled, risen.recoveryCodesLeft], [[], 0]);
  });

  test('is audited as a warning and told', async () => {
    await disable(byApp());

    const event = sure((await world.events()).at(-1));
    assert.deepEqual([event.type, event.severity], ['mfa.disabled', 'warning']);
    assert.deepEqual(event.details, { authenticators: 1, recoveryCodes: 10 });
    assert.equal((await mailFor(world, anna.session)).at(-1), 'mfa-disabled');
  });

  test('takes a recovery code in place of the app', async () => {
    const code = sure(anna.recoveryCodes[0]);

    const answer = await disable({ password: goodPassword, method: 'recovery-code', code });

    assert.equal(answer.ok, true);
  });

  test('takes a passkey that was just used, though a stranger has locked the codes', async () => {
    const key = await withPasskey(world, anna.session);
    const { lockout } = world.ctx.config.current();
    for (let guess = 0; guess < 6; guess += 1) {
      await world.ctx.stores.attempts.reserve(
        anna.session.principal.id,
        lockout,
        world.clock.now(),
      );
    }
    const fresh = await afterPasskey(world, anna.session, key);

    const answer = await disable({ password: goodPassword, method: 'webauthn' }, fresh);

    assert.equal(answer.ok, true);
    assert.equal(await enrolledNow(), 0);
  });
});

describe('the second step stays', () => {
  test('where tier or tenant oblige the person, whatever they type', async () => {
    const required = { requiredForTiers: ['TIER3'] } as const;
    for (const differences of [
      { totp: required },
      { webauthn: required },
      { recoveryCodes: required },
    ]) {
      world.configure({ policy: aPolicy({ mfa: anMfaPolicy(differences) }) });
      await assert.rejects(disable(byApp()), aProblem('policy-forbids'));
    }
    world.configure({ policy: aPolicy() });
    await assert.rejects(
      disable(byApp(), { ...anna.session, enrollBy: world.clock.now() + 1 }),
      aProblem('policy-forbids'),
    );
    assert.equal(await enrolledNow(), 1);
  });

  test('where the obligation came about while the form was open', async () => {
    await world.ctx.stores.users.setMustEnrollAt(anna.session.principal.id, 0);

    await assert.rejects(disable(byApp()), aProblem('policy-forbids'));
    assert.equal(await enrolledNow(), 1);
  });

  test('and may go where the whole policy is switched off', async () => {
    const required = { requiredForTiers: ['TIER3'] } as const;
    const mfa = anMfaPolicy({ isEnabled: false, totp: required });
    world.configure({ policy: aPolicy({ mfa }) });

    assert.equal((await disable(byApp())).ok, true);
  });

  test('when password or code is wrong, or the code was used', async () => {
    const code = laterCode(world, anna.secret);
    const wrong = [
      [{ password: 'not the password', method: 'totp', code }, 'invalid-credentials'],
      [{ password: goodPassword, method: 'totp', code: '000000' }, 'wrong-code'],
      [{ password: '', method: 'totp', code: '' }, 'invalid-credentials'],
      [{ password: goodPassword, method: 'recovery-code', code: 'AAAA' }, 'wrong-code'],
    ] as const;

    for (const [proof, reason] of wrong) {
      const answer = await disable(proof);
      assert.equal(answer.ok ? 'switched off' : answer.reason, reason);
    }
    assert.equal(await enrolledNow(), 1);
  });

  test('when the passkey was used too long ago, or never', async () => {
    const key = await withPasskey(world, anna.session);
    const proof: DisableProof = { password: goodPassword, method: 'webauthn' };
    await assert.rejects(disable(proof), aProblem('step-up-required'));

    const fresh = await afterPasskey(world, anna.session, key);
    world.clock.advance(601);
    await assert.rejects(disable(proof, fresh), aProblem('step-up-required'));
    assert.equal(await enrolledNow(), 2);
  });

  test('when the session was ended meanwhile', async () => {
    await signOutEverywhere(world.ctx, visit(), anna.session);

    await assert.rejects(disable(byApp()), aProblem('not-signed-in'));
    assert.equal(await enrolledNow(), 1);
  });

  test('is not switched off twice: the second finds nothing', async () => {
    const answer = await disable(byApp());
    assert(answer.ok);
    const risen = sure(await world.rise(answer.session, anna.session));

    await assert.rejects(disable(byApp(), risen), aProblem('enrollment-required'));
  });
});
