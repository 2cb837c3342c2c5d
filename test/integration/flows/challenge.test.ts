/** The second step of a sign-in, and the lockout that it shares with every other pathway. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { Problem } from '../../../src/core/problem.ts';
import { answerChallenge, lockedUntil } from '../../../src/flows/sign-in/challenge.ts';
import { signOut, signOutEverywhere } from '../../../src/flows/sessions.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { resetMfa, setDisabled } from '../../../src/flows/admin/users.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
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
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  anna = await world.enrolledPerson('anna');
  session = await world.signInBy('anna');
});
afterEach(() => world.close());

const rightCode = () => codeAt(anna.secret, world.clock.now());
const wrongCode = () => String((Number(rightCode()) + 500_000) % 1_000_000).padStart(6, '0');
const answer = (code: string, by: SessionFacts = session) =>
  answerChallenge(world.ctx, visit(), by, { method: 'totp', code });
const recover = (code: string, by: SessionFacts = session) =>
  answerChallenge(world.ctx, visit(), by, { method: 'recovery-code', code });

describe('answering a challenge', () => {
  test('with the code of the app adds its proof and keeps age, lineage and epoch', async () => {
    const given = await answer(rightCode());

    assert(given.ok);
    assert.deepEqual(
      given.session.proofs.map(({ method, origin }) => [method, origin]),
      [
        ['password', 'answer'],
        ['totp', 'answer'],
      ],
    );
    const { lineage, createdAt, sessionEpoch } = given.session;
    assert.deepEqual(
      [lineage, createdAt, sessionEpoch],
      [session.lineage, session.createdAt, session.sessionEpoch],
    );
  });

  test('with a recovery code tells how many are left', async () => {
    const given = await recover(sure(anna.recoveryCodes[0]));

    assert(given.ok);
    assert.equal(given.recoveryCodesLeft, 9);
    assert.equal(given.session.proofs.at(-1)?.method, 'recovery-code');
  });

  test('with a wrong code says how many more may be wrong', async () => {
    assert.deepEqual(await answer(wrongCode()), {
      ok: false,
      reason: 'wrong-code',
      failuresLeft: 4,
    });
    assert.deepEqual(await answer(wrongCode()), {
      ok: false,
      reason: 'wrong-code',
      failuresLeft: 3,
    });
  });

  /**
   * Two people share one secret's time step: the attacker who saw the code over a shoulder, and
   * the owner who typed it first.
   *
   * Method: let the owner in, then replay the same code from a second session in the same step and
   * until it falls out of the window.
   */
  test('with a code that was used is refused, in every session, until it is too old', async () => {
    const code = rightCode();
    assert.equal((await answer(code)).ok, true);
    const attacker = await world.signInBy('anna');

    for (const secondsLater of [0, 30, 30]) {
      world.clock.advance(secondsLater);
      const replayed = await answer(code, attacker);
      assert(!replayed.ok);
      assert.notEqual(replayed.reason, 'locked');
    }
    const failures = (await world.events()).filter(({ type }) => type === 'second-factor.failed');
    assert.deepEqual(
      failures.map(({ details }) => details['reason']),
      ['code-already-used', 'code-already-used', 'wrong-code'],
    );
  });

  test('with an older code than the last one used is refused', async () => {
    const older = codeAt(anna.secret, world.clock.now(), { steps: -1 });
    assert.equal((await answer(rightCode())).ok, true);

    const given = await answer(older);

    assert.equal(given.ok ? 'accepted' : given.reason, 'code-already-used');
  });

  test('with a code of two steps ago or ahead is refused', async () => {
    for (const steps of [-2, 2]) {
      const given = await answer(codeAt(anna.secret, world.clock.now(), { steps }));
      assert.equal(given.ok ? 'accepted' : given.reason, 'wrong-code');
    }
  });

  test('with the code that enrolled the app is refused', async () => {
    await world.addUser('ben');
    const ben = await world.enroll(await world.signInBy('ben'));
    const again = await world.signInBy('ben');

    const given = await answer(codeAt(ben.secret, world.clock.now()), again);

    assert.equal(given.ok ? 'accepted' : given.reason, 'code-already-used');
  });

  test('is counted for metrics', async () => {
    world.counted.length = 0;
    await answer(wrongCode());
    await answer(rightCode());

    assert.deepEqual(world.counted, ['totp failure', 'totp success']);
  });

  test('by a method that the policy switched off is refused', async () => {
    const mfa = anMfaPolicy({ totp: { isEnabled: false }, recoveryCodes: { isEnabled: false } });
    world.configure({ policy: aPolicy({ mfa }) });

    await assert.rejects(answer(rightCode()), (thrown) => isProblem(thrown, 'policy-forbids'));
    await assert.rejects(recover(sure(anna.recoveryCodes[0])), (thrown) =>
      isProblem(thrown, 'policy-forbids'),
    );
  });

  test('goes on working after the settings for new apps were changed', async () => {
    world.configure({ totp: { algorithm: 'SHA512', digits: 8, periodSeconds: 60, window: 1 } });

    assert.equal((await answer(rightCode())).ok, true);
  });
});

describe('a challenge whose session has ended meanwhile', () => {
  const endings = [
    ['signed out', () => signOut(world.ctx, visit(), session)],
    ['signed out everywhere', () => signOutEverywhere(world.ctx, visit(), session)],
    ['disabled', () => setDisabled(world.ctx, { username: 'anna', isDisabled: true })],
    ['reset', () => resetMfa(world.ctx, { username: 'anna', reason: 'lost phone', ticket: 'T-1' })],
  ] as const;
  for (const [how, end] of endings) {
    test(`is not answered once the person was ${how}`, async () => {
      await end();

      await assert.rejects(answer(rightCode()), (thrown) => isProblem(thrown, 'not-signed-in'));
    });

    test(`comes out dead when the person was ${how} right after the answer`, async () => {
      const given = await answer(rightCode());
      await end();

      assert(given.ok);
      assert.equal(await world.rise(given.session, session), null);
    });
  }

  test('does not use the code up', async () => {
    const code = rightCode();
    await signOut(world.ctx, visit(), session);
    await assert.rejects(answer(code), Problem);

    assert.equal((await answer(code, await world.signInBy('anna'))).ok, true);
  });
});

describe('guessing codes', () => {
  test('locks after five, at the fifth, with the time until when', async () => {
    for (let guess = 0; guess < 4; guess += 1) await answer(wrongCode());

    const until = world.clock.now() + 900_000;
    assert.deepEqual(await answer(wrongCode()), {
      ok: false,
      reason: 'locked',
      lockedUntil: until,
    });
    assert.equal(await lockedUntil(world.ctx, session), until);
  });

  test('is not helped by a right code while locked', async () => {
    for (let guess = 0; guess < 5; guess += 1) await answer(wrongCode());

    const given = await answer(rightCode());

    assert.equal(given.ok ? 'accepted' : given.reason, 'locked');
  });

  test('shares one count over apps, recovery codes, step-up and sessions', async () => {
    const other = await world.signInBy('anna');
    await answer(wrongCode());
    await recover('0000-0000-0000-0000-0000-0000');
    await answer(wrongCode(), other);
    await stepUp(world.ctx, visit(), other, {
      password: goodPassword,
      method: 'totp',
      code: wrongCode(),
    });

    const fifth = await recover('1111-1111-1111-1111-1111-1111', other);

    assert.equal(fifth.ok ? 'accepted' : fifth.reason, 'locked');
    const given = await recover(sure(anna.recoveryCodes[0]));
    assert.equal(given.ok ? 'accepted' : given.reason, 'locked');
  });

  test('looks at five guesses of a hundred that arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => answer(wrongCode())));

    const failed = (await world.eventTypes()).filter((type) => type === 'second-factor.failed');
    assert.equal(failed.length, 5);
    assert.equal(answers.filter((given) => given.ok).length, 0);
  });

  test('is told once, as an event of high severity, however many more there are', async () => {
    for (let guess = 0; guess < 30; guess += 1) await answer(wrongCode());

    const events = await world.events();
    const locked = events.filter(({ type }) => type === 'second-factor.locked');
    assert.deepEqual(
      locked.map(({ severity, subject }) => [severity, subject]),
      [['high', session.principal.id]],
    );
    assert.equal(events.filter(({ type }) => type === 'second-factor.failed').length, 5);
  });

  test('opens again when the time is over, for five more', async () => {
    for (let guess = 0; guess < 5; guess += 1) await answer(wrongCode());
    world.clock.advance(901);

    assert.equal(await lockedUntil(world.ctx, session), null);
    const given = await answer(wrongCode());
    assert.deepEqual(given, { ok: false, reason: 'wrong-code', failuresLeft: 4 });
  });

  test('is forgotten after a right code', async () => {
    for (let guess = 0; guess < 4; guess += 1) await answer(wrongCode());
    assert.equal((await answer(rightCode())).ok, true);
    world.clock.advance(60);

    const given = await answer(wrongCode());
    assert.deepEqual(given, { ok: false, reason: 'wrong-code', failuresLeft: 4 });
  });

  test('lets a right fifth guess in and leaves no lock', async () => {
    for (let guess = 0; guess < 4; guess += 1) await answer(wrongCode());

    assert.equal((await answer(rightCode())).ok, true);
    assert.equal(await lockedUntil(world.ctx, session), null);
  });

  test('does not pause the codes of anybody else', async () => {
    const ben = await world.enrolledPerson('ben');
    for (let guess = 0; guess < 5; guess += 1) await answer(wrongCode());

    const given = await answer(codeAt(ben.secret, world.clock.now()), await world.signInBy('ben'));
    assert.equal(given.ok, true);
  });
});

describe('a challenge whose audit event cannot be written', () => {
  test('is not answered, and the code is not used up', async () => {
    const { stores } = world.ctx;
    const withoutAudit: typeof stores = {
      ...stores,
      transaction: (work) =>
        stores.transaction((inside) =>
          work({
            ...inside,
            audit: {
              ...inside.audit,
              append: () => Promise.reject(new StoreUnavailable('The audit log')),
            },
          }),
        ),
    };
    const code = rightCode();
    const guess = { method: 'totp', code } as const;
    const ctx = { ...world.ctx, stores: withoutAudit };

    await assert.rejects(answerChallenge(ctx, visit(), session, guess), StoreUnavailable);
    assert.equal((await answer(code)).ok, true);
  });
});

function isProblem(thrown: unknown, code: Problem['code']): boolean {
  return thrown instanceof Problem && thrown.code === code;
}
