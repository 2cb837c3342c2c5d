/** Password and second factor again, inside a live session. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { Problem } from '../../../src/core/problem.ts';
import { lockedUntil } from '../../../src/flows/sign-in/challenge.ts';
import { hasFreshProof } from '../../../src/flows/fresh-proof.ts';
import { signOut } from '../../../src/flows/sessions.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';

let world: World;
let anna: EnrolledPerson;
beforeEach(async () => {
  world = await openWorld();
  anna = await world.enrolledPerson('anna');
});
afterEach(() => world.close());

const rightCode = () => codeAt(anna.secret, world.clock.now());
const confirm = (password: string, code: string, method: 'totp' | 'recovery-code' = 'totp') =>
  stepUp(world.ctx, visit(), anna.session, { password, method, code });

describe('a step-up', () => {
  test('dates both proofs anew and keeps the age of the session', async () => {
    world.clock.advance(3600);

    const answer = await confirm(goodPassword, rightCode());

    assert(answer.ok);
    const { session } = answer;
    assert.equal(session.createdAt, anna.session.createdAt);
    assert.deepEqual(
      session.proofs.filter(({ at }) => at === world.clock.now()).map(({ method }) => method),
      ['password', 'totp'],
    );
    assert.equal((await world.eventTypes()).at(-1), 'session.stepped-up');
  });

  test('holds for the window to the second, for this session alone', async () => {
    world.clock.advance(3600);
    const answer = await confirm(goodPassword, rightCode());
    assert(answer.ok);
    const other = await world.signInBy('anna');
    const risen = sure(await world.rise(answer.session, anna.session));

    const isFresh = (session: typeof risen) => hasFreshProof(world.ctx, session, world.clock.now());
    assert.equal(isFresh(other), false);
    world.clock.advance(600);
    assert.equal(isFresh(risen), true);
    world.clock.advance(1);
    assert.equal(isFresh(risen), false);
  });

  test('with a recovery code works and uses it up', async () => {
    const code = sure(anna.recoveryCodes[0]);

    assert.equal((await confirm(goodPassword, code, 'recovery-code')).ok, true);
    assert.equal((await confirm(goodPassword, code, 'recovery-code')).ok, false);
  });

  test('with a wrong password leaves code and counter alone', async () => {
    const code = rightCode();
    for (let guess = 0; guess < 9; guess += 1) {
      assert.deepEqual(await confirm('wrong', code), { ok: false, reason: 'invalid-credentials' });
    }
    assert.equal((await confirm(goodPassword, code)).ok, true);
  });

  test('audits a wrong password', async () => {
    await confirm('wrong', rightCode());

    const event = (await world.events()).at(-1);
    assert.deepEqual(
      [event?.type, event?.severity, event?.details['during'], event?.session],
      ['session.sign-in-failed', 'warning', 'step-up', anna.session.key],
    );
  });

  test('with a wrong code counts towards the lock', async () => {
    for (let guess = 0; guess < 5; guess += 1) await confirm(goodPassword, '000000');

    assert.notEqual(await lockedUntil(world.ctx, anna.session), null);
    const answer = await confirm(goodPassword, rightCode());
    assert.equal(answer.ok ? 'accepted' : answer.reason, 'locked');
  });

  test('says nothing of the password while codes are paused', async () => {
    for (let guess = 0; guess < 5; guess += 1) await confirm(goodPassword, '000000');

    assert.deepEqual(await confirm('wrong', rightCode()), await confirm(goodPassword, rightCode()));
  });

  test('with the code that signed in is refused', async () => {
    const session = await world.signInBy('anna');
    const code = rightCode();
    const first = await stepUp(world.ctx, visit(), session, {
      password: goodPassword,
      method: 'totp',
      code,
    });
    const second = await confirm(goodPassword, code);

    assert.equal(first.ok, true);
    assert.equal(second.ok ? 'accepted' : second.reason, 'code-already-used');
  });

  test('guesses at the password are limited as at sign-in', async () => {
    await world.close();
    world = await openWorld({ rates: { passwordPerAccount: { timesMax: 3, withinSeconds: 60 } } });
    anna = await world.enrolledPerson('anna');
    for (let guess = 0; guess < 3; guess += 1) await confirm('wrong', rightCode());

    await assert.rejects(
      confirm(goodPassword, rightCode()),
      (thrown) => thrown instanceof Problem && thrown.code === 'too-many-attempts',
    );
  });

  test('in a session that has ended is refused, and the code stays unused', async () => {
    const other = await world.signInBy('anna');
    await signOut(world.ctx, visit(), anna.session);

    await assert.rejects(
      confirm(goodPassword, rightCode()),
      (thrown) => thrown instanceof Problem && thrown.code === 'not-signed-in',
    );
    const guess = { password: goodPassword, method: 'totp', code: rightCode() } as const;
    assert.equal((await stepUp(world.ctx, visit(), other, guess)).ok, true);
  });

  test('answered twice at once gives one session', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => confirm(goodPassword, rightCode())),
    );

    const risen = [];
    for (const answer of answers) {
      if (answer.ok) risen.push(await world.rise(answer.session, anna.session));
    }
    assert.equal(risen.length, 1);
    assert.notEqual(risen[0], null);
  });
});
