/** The first step of a sign-in. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { Problem } from '../../../src/core/problem.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import { createUser, setDisabled, setPassword } from '../../../src/flows/admin/users.ts';
import { createPasswords } from '../../../src/methods/password/password.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
});
afterEach(() => world.close());

const by = (username: string, password = goodPassword) =>
  signIn(world.ctx, visit(), { username, password });

describe('signing in', () => {
  test('with the right password proves one factor, now', async () => {
    const answer = await by('anna');

    assert(answer.ok);
    assert.deepEqual(answer.session.proofs, [
      { method: 'password', at: world.clock.now(), origin: 'answer' },
    ]);
    assert.deepEqual([answer.session.lineage, answer.session.createdAt], [null, world.clock.now()]);
  });

  test('finds the name however it is capitalised', async () => {
    assert.equal((await by('ANNA')).ok, true);
  });

  // prettier-ignore
  const wrong = [
    ['a wrong password',               'anna',           'gnome-lamp-violine'],
    ['an unknown name',                'nobody',         goodPassword],
    ['an empty name',                  '',               goodPassword],
    ['an empty password',              'anna',           ''],
    ['a blank after the password',     'anna',           `${goodPassword} `],
    ['a name with a NUL',              'anna\0',         goodPassword],
    ['a name with half a character',   'anna\ud83d',     goodPassword],
    ['a very long name',               'a'.repeat(1e6),  goodPassword],
    ['a very long password',           'anna',           'a'.repeat(1e6)],
    ['a name that SQL would read',     "anna' OR 1=1 --", goodPassword],
    ['names of JavaScript\'s own',     '__proto__',      goodPassword],
  ] as const;
  for (const [what, username, password] of wrong) {
    test(`with ${what} is refused in the same words`, async () => {
      assert.deepEqual(await by(username, password), { ok: false, reason: 'invalid-credentials' });
    });
  }

  test('as a service is refused: services have no password', async () => {
    const made = await createUser(world.ctx, {
      kind: 'service',
      username: 'batch',
      networks: ['anywhere'],
      password: null,
    });
    assert(made.ok);

    assert.deepEqual(await by('batch', ''), { ok: false, reason: 'invalid-credentials' });
  });

  test('to a disabled account is told only to who knows the password', async () => {
    await setDisabled(world.ctx, { username: 'anna', isDisabled: true });

    assert.deepEqual(await by('anna'), { ok: false, reason: 'account-disabled' });
    assert.deepEqual(await by('anna', 'wrong'), { ok: false, reason: 'invalid-credentials' });
  });

  test('is refused altogether where local users are switched off', async () => {
    world.configure({ local: { isEnabled: false, minPasswordLength: 12 } });

    await assert.rejects(by('anna'), (thrown) => isProblem(thrown, 'policy-forbids'));
  });

  test('works 400 days later with the same password', async () => {
    world.clock.advance(400 * 86_400);

    assert.equal((await by('anna')).ok, true);
  });

  test('stores the password anew when hashing has become more expensive', async () => {
    const before = await hashOf('anna');
    const stronger = createPasswords(
      systemRandom,
      { workers: 1, waitingMax: 4 },
      { memoryKib: 128, passes: 1, parallelism: 1 },
    );

    const answer = await signIn({ ...world.ctx, passwords: stronger }, visit(), {
      username: 'anna',
      password: goodPassword,
    });
    await stronger.close();

    assert.equal(answer.ok, true);
    assert.notEqual(await hashOf('anna'), before);
    assert.match(sure(await hashOf('anna')), /m=128/);
  });

  test('does not bring an old password back that was changed while it was compared', async () => {
    const { passwords } = world.ctx;
    const slow: typeof passwords = {
      ...passwords,
      verify: async (password, hash) => {
        const answer = await passwords.verify(password, hash);
        await setPassword(world.ctx, { username: 'anna', password: 'nine quiet harbours' });
        return answer.ok ? { ok: true, newHash: await passwords.hash(password) } : answer;
      },
    };

    const given = { username: 'anna', password: goodPassword };
    await assert.rejects(
      signIn({ ...world.ctx, passwords: slow }, visit(), given),
      (thrown) => thrown instanceof Problem && thrown.code === 'not-signed-in',
    );

    assert.equal((await by('anna', 'nine quiet harbours')).ok, true);
    assert.equal((await by('anna')).ok, false);
  });

  test('comes out dead when the password was changed while it was compared', async () => {
    const answer = await by('anna');
    await setPassword(world.ctx, { username: 'anna', password: 'nine quiet harbours' });

    assert(answer.ok);
    assert.equal(await world.rise(answer.session, null), null);
  });
});

describe('what signing in leaves in the audit log', () => {
  test('is who, from where and how, and never what was typed', async () => {
    await by('anna', 'my-other-password');
    await by('my-own-password-by-mistake');
    await by('anna');

    const events = (await world.events()).slice(1);
    assert.deepEqual(
      events.map(({ type, actor, ip, details }) => [type, actor, ip, details]),
      [
        [
          'session.sign-in-failed',
          'anna',
          '10.20.0.7',
          { method: 'password', reason: 'wrong-credentials' },
        ],
        [
          'session.sign-in-failed',
          'unknown',
          '10.20.0.7',
          { method: 'password', reason: 'unknown-name' },
        ],
        ['session.signed-in', 'anna', '10.20.0.7', { methods: ['password'] }],
      ],
    );
    assert.doesNotMatch(JSON.stringify(events), /my-o|gnome/);
  });

  test('says signed-in only when nothing is left to prove', async () => {
    const anna = await world.enrolledPerson('ben');
    const seen = (await world.events()).length;

    const session = await world.signInBy('ben');
    const guess = { method: 'totp', code: codeAt(anna.secret, world.clock.now()) } as const;
    await answerChallenge(world.ctx, visit(), session, guess);

    const events = (await world.events()).slice(seen);
    assert.deepEqual(
      events.map(({ type, details }) => [type, details['methods']]),
      [
        ['session.password-accepted', ['password']],
        ['session.signed-in', ['password', 'totp']],
      ],
    );
  });

  test('is nothing for guesses that were not looked at', async () => {
    await world.close();
    world = await openWorld({ rates: { passwordPerAccount: { timesMax: 3, withinSeconds: 60 } } });
    await world.addUser('anna');

    for (let guess = 0; guess < 20; guess += 1) await by('anna', 'wrong').catch(() => null);

    const types = await world.eventTypes();
    assert.equal(types.filter((type) => type === 'session.sign-in-failed').length, 3);
  });
});

describe('guessing passwords', () => {
  beforeEach(async () => {
    await world.close();
    const passwordPerAccount = { timesMax: 5, withinSeconds: 60 };
    world = await openWorld({ rates: { passwordPerAccount } });
    await world.addUser('anna');
  });

  test('is slowed down with a time to wait', async () => {
    for (let guess = 0; guess < 5; guess += 1) await by('anna', 'wrong');

    await assert.rejects(by('anna'), (thrown) => {
      assert.ok(isProblem(thrown, 'too-many-attempts') && (thrown.retryAfterSeconds ?? 0) > 0);
      // Regression: people were told to wait "a moment" where it took a quarter of an hour.
      assert.equal(thrown.detail, 'Try again in 1 minute.');
      return true;
    });
    assert.equal(world.counted.at(-1), 'password locked');
  });

  test('does not lock out the owner, who comes from elsewhere', async () => {
    for (let guess = 0; guess < 9; guess += 1) await by('anna', 'wrong').catch(() => null);

    const owner = await signIn(world.ctx, visit('10.20.0.8'), {
      username: 'anna',
      password: goodPassword,
    });
    assert.equal(owner.ok, true);
  });

  // Regression: CVE-2026-47203 (Authelia) — each spelling of a name had its own count.
  test('counts every spelling of a name as the same account', async () => {
    let looked = 0;
    for (const name of ['anna', 'Anna', 'ANNA', 'aNNa', 'ａｎｎａ', 'anna', 'ANna', 'anNA']) {
      const answer = await by(name, 'wrong').catch(() => null);
      if (answer !== null) looked += 1;
    }
    assert.equal(looked, 5);
  });

  test('counts guesses that arrive together', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, () => by('anna', 'wrong')),
    );

    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 5);
  });

  test('of an unknown name is slowed down just the same', async () => {
    for (let guess = 0; guess < 5; guess += 1) await by('nobody', 'wrong');

    await assert.rejects(by('nobody'), (thrown) => isProblem(thrown, 'too-many-attempts'));
  });

  test('is forgotten after a right one', async () => {
    for (let round = 0; round < 4; round += 1) {
      for (let guess = 0; guess < 4; guess += 1) await by('anna', 'wrong');
      assert.equal((await by('anna')).ok, true);
    }
  });
});

describe('after the password', () => {
  test('somebody with nothing to prove or enroll is done', async () => {
    assert.equal(nextPage(world.ctx, await world.signInBy('anna')), 'done');
  });

  test('somebody with an app is challenged', async () => {
    await world.enrolledPerson('ben');

    assert.equal(nextPage(world.ctx, await world.signInBy('ben')), 'challenge');
  });

  test('somebody whom the policy obliges enrolls', async () => {
    const mfa = anMfaPolicy({ totp: { requiredForTiers: ['TIER0'] } });
    world.configure({ policy: aPolicy({ mfa }) });
    await world.addUser('tim', ['AI-PLATFORM-ADMINS']);

    assert.equal(nextPage(world.ctx, await world.signInBy('tim')), 'enroll');
  });

  test('somebody who has an app and must enroll more is challenged first', async () => {
    world.configure({
      policy: aPolicy({ mfa: anMfaPolicy({ webauthn: { requiredForTiers: ['TIER3'] } }) }),
    });
    await world.enrolledPerson('ben');

    const session = await world.signInBy('ben');

    assert.equal(nextPage(world.ctx, session), 'challenge');
  });

  test('somebody obliged to a passkey who has only an app stays at enrollment', async () => {
    world.configure({
      policy: aPolicy({ mfa: anMfaPolicy({ webauthn: { requiredForTiers: ['TIER3'] } }) }),
    });
    const { session } = await world.enrolledPerson('ben');

    assert.equal(nextPage(world.ctx, session), 'enroll');
  });

  test('somebody whose codes are not confirmed yet stays at enrollment', async () => {
    world.configure({
      policy: aPolicy({ mfa: anMfaPolicy({ recoveryCodes: { requiredForTiers: ['TIER3'] } }) }),
    });
    const { session } = await world.enrolledPerson('ben');

    assert.equal(nextPage(world.ctx, session), 'done');
    assert.equal(nextPage(world.ctx, { ...session, recoveryCodesLeft: 0 }), 'enroll');
  });
});

function isProblem(thrown: unknown, code: Problem['code']): thrown is Problem {
  return thrown instanceof Problem && thrown.code === code;
}

async function hashOf(username: string): Promise<string | null> {
  const user = sure(await world.ctx.stores.users.findByUsername(username));
  return world.ctx.stores.users.passwordHashOf(user.id);
}
