/** Signing in with a passkey alone, and stepping up with one. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { assuranceOf } from '../../../src/core/assurance.ts';
import type { SessionFacts } from '../../../src/core/facts.ts';
import { Problem } from '../../../src/core/problem.ts';
import { stepUpWithPasskey } from '../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { hasFreshProof } from '../../../src/flows/fresh-proof.ts';
import {
  beginPasskeySignIn,
  signInWithPasskey,
} from '../../../src/flows/sign-in/sign-in-with-passkey.ts';
import { setDisabled } from '../../../src/flows/admin/users.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { askForPasskey, enrollPasskey } from '../../support/passkey-verbs.ts';
import {
  createPasskey,
  platformBuild,
  touchKeyBuild,
  type Knobs,
  type SoftPasskey,
} from '../../support/soft-authenticator.ts';

const browser = 'the value of a form cookie';

let world: World;
let session: SessionFacts;
let passkey: SoftPasskey;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
  const anna = await enrollPasskey(world, await world.signInBy('anna'), platformBuild);
  ({ session, passkey } = anna);
});
afterEach(() => world.close());

const ask = async (by = browser) => sure(await beginPasskeySignIn(world.ctx, by));
const signIn = (response: string, by = browser) =>
  signInWithPasskey(world.ctx, visit(), { response, browser: by });

async function lastEvent() {
  const { type, severity, details, actor } = sure((await world.events()).at(-1));
  return [type, severity, details['reason'], actor];
}

describe('a passkey alone', () => {
  test('signs in, at once with two factors', async () => {
    const answer = await signIn(passkey.get(await ask()));

    assert(answer.ok);
    const { lineage, proofs, userId } = answer.session;
    assert.equal(lineage, null);
    assert.equal(userId, session.principal.id);
    assert.deepEqual(
      proofs.map(({ method, isUserVerified }) => [method, isUserVerified]),
      [['webauthn', true]],
    );
    const { level, acr } = assuranceOf(proofs, world.clock.now());
    assert.deepEqual([level, acr], [2, 'phr']);
    assert.deepEqual(await lastEvent(), ['session.signed-in', 'info', undefined, 'anna']);
    assert.notEqual(await world.rise(answer.session, null), null);
  });

  test('is asked for by no name, so that nothing is told about anybody', async () => {
    const { allowCredentials, userVerification } = await ask();

    assert.equal(allowCredentials, undefined);
    assert.equal(userVerification, 'required');
  });

  const cases: readonly (readonly [what: string, knobs: Knobs, reason: string])[] = [
    ['verified nobody', { isUserVerified: false }, 'user-not-verified'],
    ['does not say whose it is', { userHandle: null }, 'other-user'],
    ['says that it is of somebody else', { userHandle: 'dXNyX2Jlbg' }, 'other-user'],
    ['says the name instead of the id', { userHandle: 'YW5uYQ' }, 'other-user'],
    ['was used in a frame', { crossOrigin: true }, 'not-verified'],
    ['was used on another site', { origin: 'https://evil.test' }, 'not-verified'],
    ['signed something else', { signature: (made) => made.fill(1, 8) }, 'not-verified'],
  ];
  for (const [what, knobs, reason] of cases) {
    test(`is refused where it ${what}`, async () => {
      const answer = await signIn(passkey.get(await ask(), knobs));

      assert.deepEqual(answer, { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await lastEvent(), ['session.sign-in-failed', 'warning', reason, 'anna']);
      assert.equal(world.counted.at(-1), 'webauthn failure');
    });
  }

  test('that nobody enrolled is refused like any other', async () => {
    const options = { rp: { id: 'console.example.com' }, user: { id: passkey.userHandle } };
    const { passkey: unknown } = createPasskey({ ...options, challenge: 'AAAA' });

    const answer = await signIn(unknown.get(await ask()));

    assert.deepEqual(answer, { ok: false, reason: 'not-accepted' });
    const event = ['session.sign-in-failed', 'warning', 'unknown-passkey', 'unknown'];
    assert.deepEqual(await lastEvent(), event);
  });

  test('that cannot be read is refused', async () => {
    assert.deepEqual(await signIn('{}'), { ok: false, reason: 'not-accepted' });
  });

  test('whose counter went back is a copy', async () => {
    await signIn(passkey.get(await ask(), { counter: 7 }));

    const answer = await signIn(passkey.get(await ask(), { counter: 7 }));

    assert.deepEqual(answer, { ok: false, reason: 'not-accepted' });
    const event = ['second-factor.failed', 'high', 'counter-went-back', 'anna'];
    assert.deepEqual(await lastEvent(), event);
  });

  test('of a disabled account says so to who holds it, and to nobody else', async () => {
    await setDisabled(world.ctx, { username: 'anna', isDisabled: true });

    const holder = await signIn(passkey.get(await ask()));
    const other = await signIn(passkey.get(await ask(), { signature: (made) => made.fill(1, 8) }));

    assert.deepEqual(holder, { ok: false, reason: 'account-disabled' });
    assert.deepEqual(other, { ok: false, reason: 'not-accepted' });
  });

  test('of a service lets nobody in', async () => {
    await world.database.db
      .updateTable('users')
      .set({ kind: 'service' })
      .where('id', '=', session.principal.id)
      .execute();

    const answer = await signIn(passkey.get(await ask()));

    assert.deepEqual(answer, { ok: false, reason: 'not-accepted' });
  });

  test('is neither offered nor taken where it is switched off', async () => {
    const response = passkey.get(await ask());
    const withoutPasskeys = aPolicy({ mfa: anMfaPolicy({ webauthn: { isEnabled: false } }) });
    for (const changes of [
      { policy: withoutPasskeys },
      { policy: aPolicy(), local: { isEnabled: false, minPasswordLength: 12 } },
    ]) {
      world.configure(changes);
      assert.equal(await beginPasskeySignIn(world.ctx, browser), null);
      await assert.rejects(signIn(response), (thrown) => isProblem(thrown, 'policy-forbids'));
    }
  });

  test('goes on working while codes are paused', async () => {
    const guess = { method: 'recovery-code', code: 'AAAA-AAAA-AAAA-AAAA' } as const;
    const thief = await world.signInBy('anna');
    for (let time = 0; time < 6; time += 1) {
      await answerChallenge(world.ctx, visit(), thief, guess);
    }

    assert.equal((await signIn(passkey.get(await ask()))).ok, true);
  });
});

describe('a challenge to sign in', () => {
  // Regression: CVE-2026-7507 (Keycloak) — a step of one browser was finished in another.
  test('is for the browser that asked', async () => {
    const response = passkey.get(await ask('another browser'));

    assert.deepEqual(await signIn(response), { ok: false, reason: 'expired' });
    assert.equal((await signIn(response, 'another browser')).ok, true);
  });

  test('works once, and that it came back is audited: it may have been overheard', async () => {
    const response = passkey.get(await ask());
    assert.equal((await signIn(response)).ok, true);

    assert.deepEqual(await signIn(response), { ok: false, reason: 'expired' });
    const event = ['session.sign-in-failed', 'warning', 'challenge-used-before', 'anna'];
    assert.deepEqual(await lastEvent(), event);
  });

  test('that is too old, or that we never gave out, leaves nothing in the audit log', async () => {
    const late = passkey.get(await ask());
    const elsewhere = passkey.get(await ask('another browser'));
    const { length } = await world.events();

    assert.deepEqual(await signIn(elsewhere), { ok: false, reason: 'expired' });
    world.clock.advance(301);
    assert.deepEqual(await signIn(late), { ok: false, reason: 'expired' });
    assert.equal((await world.events()).length, length);
  });

  test('is good for nothing else, and no other is good for it', async () => {
    const toSignIn = passkey.get(await ask(session.lineage));
    const toAnswer = passkey.get(await askForPasskey(world, session));

    assert.deepEqual(await stepUp(toSignIn), { ok: false, reason: 'expired' });
    assert.deepEqual(await signIn(toAnswer, session.lineage), { ok: false, reason: 'expired' });
  });
});

const stepUp = (response: string, password: string | null = null, by: SessionFacts = session) =>
  stepUpWithPasskey(world.ctx, visit(), by, { response, password });

describe('a step-up', () => {
  test('takes a passkey that verified the person, alone', async () => {
    world.clock.advance(3600);
    assert.equal(hasFreshProof(world.ctx, session, world.clock.now()), false);

    const answer = await stepUp(passkey.get(await askForPasskey(world, session)));

    assert(answer.ok);
    const risen = sure(await world.rise(answer.session, session));
    assert.equal(hasFreshProof(world.ctx, risen, world.clock.now()), true);
    assert.equal(risen.lineage, session.lineage);
    assert.deepEqual(await lastEvent(), ['session.stepped-up', 'info', undefined, 'anna']);
  });

  describe('with a key that was only touched', () => {
    let key: SoftPasskey;
    beforeEach(async () => {
      const second = await enrollPasskey(world, session, touchKeyBuild);
      ({ session } = second);
      key = second.passkey;
      world.clock.advance(3600);
    });

    test('takes the password too', async () => {
      const answer = await stepUp(key.get(await askForPasskey(world, session)), goodPassword);

      assert(answer.ok);
      const risen = sure(await world.rise(answer.session, session));
      assert.equal(hasFreshProof(world.ctx, risen, world.clock.now()), true);
      const { details } = sure((await world.events()).at(-1));
      assert.deepEqual(details['methods'], ['password', 'webauthn']);
    });

    test('asks for a password that is missing, and leaves the challenge as it was', async () => {
      const response = key.get(await askForPasskey(world, session));

      assert.deepEqual(await stepUp(response), { ok: false, reason: 'password-needed' });
      assert.equal((await stepUp(response, goodPassword)).ok, true);
    });

    test('refuses a wrong password before it looks at the key', async () => {
      const response = key.get(await askForPasskey(world, session));

      const answer = await stepUp(response, 'another-password');

      assert.deepEqual(answer, { ok: false, reason: 'invalid-credentials' });
      assert.equal((await stepUp(response, goodPassword)).ok, true);
    });

    test('is not got round by claiming to have verified somebody', async () => {
      const response = key.get(await askForPasskey(world, session), {
        posted: (made) => {
          const data = Buffer.from(String(made.response['authenticatorData']), 'base64url');
          data[32] = (data[32] ?? 0) | 0x04;
          const authenticatorData = data.toString('base64url');
          return { ...made, response: { ...made.response, authenticatorData } };
        },
      });

      assert.deepEqual(await stepUp(response), { ok: false, reason: 'not-accepted' });
    });

    test('takes the password while codes are paused', async () => {
      const guess = { method: 'recovery-code', code: 'AAAA-AAAA-AAAA-AAAA' } as const;
      for (let time = 0; time < 6; time += 1) {
        await answerChallenge(world.ctx, visit(), session, guess);
      }

      const response = key.get(await askForPasskey(world, session));
      assert.equal((await stepUp(response, goodPassword)).ok, true);
    });
  });
});

function isProblem(thrown: unknown, code: string): boolean {
  return thrown instanceof Problem && thrown.code === code;
}
