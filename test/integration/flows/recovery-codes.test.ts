/** Recovery codes: shown once, live once confirmed, replaced on demand. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { Problem } from '../../../src/core/problem.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../src/flows/enroll/enroll-totp.ts';
import {
  confirmRecoveryCodes,
  hasUnconfirmedCodes,
  takeRecoveryCodes,
} from '../../../src/flows/enroll/recovery-codes.ts';
import { setUpApp } from '../../../src/flows/enroll/set-up-app.ts';
import {
  isProofNeededForCodes,
  regenerateRecoveryCodes,
} from '../../../src/flows/account/regenerate-codes.ts';
import { createRecoveryCodeFactor } from '../../../src/methods/recovery-code/recovery-code.ts';
import { createSealer } from '../../../src/platform/seal.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import {
  afterPasskey,
  aProblem,
  laterCode,
  mailFor,
  mailThatWaits,
  withAddress,
  withPasskey,
} from '../../support/own-changes.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Somebody who has just typed the first code of their app and has not looked at the codes. */
async function justEnrolled(username = 'anna') {
  await world.addUser(username);
  const session = await world.signInBy(username);
  const { secret } = await beginTotpEnrollment(world.ctx, session);
  const code = codeAt(secret, world.clock.now());
  const answer = await finishTotpEnrollment(world.ctx, visit(), session, { code });
  assert(answer.ok);
  return { secret, session: sure(await world.rise(answer.session, session)) };
}

// Regression: a stolen password alone made codes live for somebody who had nothing enrolled: the
// owner was then asked for a proof that only the thief could give (G8).
test('a set that was shown beside no authenticator is not made live', async () => {
  await world.addUser('dan');
  const session = await world.signInBy('dan');
  const { recoveryCodes } = await setUpApp(world.ctx, visit(), session);
  assert.equal(recoveryCodes.length, 10);
  assert.equal(await confirm(session), false);
  const { id } = session.principal;
  assert.equal(await world.ctx.stores.recoveryCodes.hasConfirmed(id), false);
  assert.equal((await world.enroll(await world.signInBy('dan'))).recoveryCodes.length, 10);
});

const take = (session: SessionFacts) => takeRecoveryCodes(world.ctx, session);
const confirm = (session: SessionFacts) => confirmRecoveryCodes(world.ctx, visit(), session);
const isWaiting = (session: SessionFacts) => hasUnconfirmedCodes(world.ctx, session);
const replace = (
  session: SessionFacts,
  proof: { readonly password: string; readonly code: string } | null = null,
) => regenerateRecoveryCodes(world.ctx, visit(), session, proof);

const proofOf = (secret: string) => ({
  password: goodPassword,
  code: codeAt(secret, world.clock.now()),
});

async function isAccepted(username: string, code: string): Promise<boolean> {
  const session = await world.signInBy(username);
  const guess = { method: 'recovery-code', code } as const;
  return (await answerChallenge(world.ctx, visit(), session, guess)).ok;
}

describe('the first recovery codes', () => {
  test('are as many as the policy says, all different, and shown once', async () => {
    const { session } = await justEnrolled();

    const codes = sure(await take(session));

    assert.equal(codes.length, 10);
    assert.equal(new Set(codes).size, 10);
    assert.equal(await take(session), null);
  });

  test('are shown to one of two windows that look together', async () => {
    const { session } = await justEnrolled();

    const shown = await Promise.all(Array.from({ length: 10 }, () => take(session)));

    assert.equal(shown.filter((codes) => codes !== null).length, 1);
  });

  test('work only once the person says that they are stored', async () => {
    const { session } = await justEnrolled();
    const codes = sure(await take(session));
    assert.equal(await isAccepted('anna', sure(codes[0])), false);

    assert.equal(await confirm(session), true);

    assert.equal(sure(await world.recall(session.key)).recoveryCodesLeft, 10);
    assert.equal(await isAccepted('anna', sure(codes[0])), true);
    assert.equal(await isAccepted('anna', sure(codes[0])), false);
  });

  test('cannot be confirmed before they were looked at', async () => {
    const { session } = await justEnrolled();

    assert.equal(await confirm(session), false);
    assert.equal(await isWaiting(session), true);
    assert.notEqual(await take(session), null);
    assert.equal(await confirm(session), true);
  });

  test('are confirmed once', async () => {
    const { session } = await justEnrolled();
    await take(session);

    const answers = await Promise.all([confirm(session), confirm(session), confirm(session)]);

    assert.equal(answers.filter(Boolean).length, 1);
    assert.equal(await isWaiting(session), false);
  });

  test('are not shown to, nor confirmed by, another session of the same person', async () => {
    const { session, secret } = await justEnrolled();
    world.clock.advance(60);
    const other = await world.signInBy('anna');
    const guess = { method: 'totp', code: codeAt(secret, world.clock.now()) } as const;
    const passed = await answerChallenge(world.ctx, visit(), other, guess);
    assert(passed.ok);
    const risen = sure(await world.rise(passed.session, other));

    assert.equal(await take(risen), null);
    await take(session);
    assert.equal(await confirm(risen), false);
    assert.equal(await isWaiting(risen), false);
  });

  test('are not shown to a session that has proved a password alone', async () => {
    const { session } = await justEnrolled();
    const { proofs } = session;
    const weak = { ...session, proofs: proofs.filter(({ method }) => method === 'password') };

    assert.equal(await take(weak), null);
    assert.equal(await confirm(weak), false);
    assert.notEqual(await take(session), null);
  });

  test('survive neither half an hour nor in the clear', async () => {
    const { session } = await justEnrolled();
    const rows = await world.database.db.selectFrom('challenges').selectAll().execute();
    const codes = sure(await take(session));
    const hashes = await world.database.db.selectFrom('recovery_codes').selectAll().execute();

    const stored = JSON.stringify([rows, hashes, await world.events()]);
    for (const code of codes) {
      assert.equal(stored.includes(code), false);
      assert.equal(stored.includes(code.replaceAll('-', '')), false);
    }

    const ben = await justEnrolled('ben');
    world.clock.advance(1801);
    assert.equal(await take(ben.session), null);
    assert.equal(await isWaiting(ben.session), false);
  });

  test('that nobody saw can be made again in the middle of enrolling, without proof', async () => {
    const { session } = await justEnrolled();
    await take(session);

    assert.equal(await isProofNeededForCodes(world.ctx, session), false);
    assert.deepEqual(await replace(session), { ok: true });
    const second = sure(await take(session));
    assert.equal(await confirm(session), true);
    assert.equal(await isAccepted('anna', sure(second[0])), true);
  });

  test('that nobody saw need proof again once the enrollment is ten minutes old', async () => {
    const { session, secret } = await justEnrolled();
    world.clock.advance(601);

    assert.equal(await isProofNeededForCodes(world.ctx, session), true);
    await assert.rejects(replace(session), (thrown) => isProblem(thrown, 'step-up-required'));
    const proof = { password: goodPassword, code: codeAt(secret, world.clock.now()) };
    assert.deepEqual(await replace(session, proof), { ok: true });
  });

  test('need proof where the clock went back since the enrollment (F33)', async () => {
    const { session } = await justEnrolled();
    world.clock.advance(-3600);

    assert.equal(await isProofNeededForCodes(world.ctx, session), true);
  });

  test('are not made for somebody whom they could not stand in for', async () => {
    await world.addUser('anna');
    const session = await world.signInBy('anna');

    await assert.rejects(replace(session), (thrown) => thrown instanceof Problem);
    assert.equal(await world.ctx.stores.recoveryCodes.hasUnconfirmed(session.principal.id), false);
  });

  test('of a browser whose set was replaced by another browser are not confirmed', async () => {
    const { session, secret } = await justEnrolled();
    const first = sure(await take(session));
    world.clock.advance(60);
    const proof = { password: goodPassword, code: codeAt(secret, world.clock.now()) };
    const other = await world.signInBy('anna');
    const passed = await answerChallenge(world.ctx, visit(), other, {
      method: 'totp',
      code: proof.code,
    });
    assert(passed.ok);
    const risen = sure(await world.rise(passed.session, other));
    assert.deepEqual(await replace(risen), { ok: true });

    assert.equal(await confirm(session), false);
    const second = sure(await take(risen));
    assert.equal(await confirm(risen), true);
    assert.equal(await isAccepted('anna', sure(first[0])), false);
    assert.equal(await isAccepted('anna', sure(second[0])), true);
  });
});

describe('new recovery codes', () => {
  test('cost password and code once a set was confirmed, however fresh the session', async () => {
    const { session } = await world.enrolledPerson();

    assert.equal(await isProofNeededForCodes(world.ctx, session), true);
    await assert.rejects(replace(session), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  test('leave the old ones alone until they are confirmed, then end them', async () => {
    const { session, secret, recoveryCodes } = await world.enrolledPerson();
    assert.deepEqual(await replace(session, proofOf(secret)), { ok: true });
    const fresh = sure(await take(session));
    assert.equal(await isAccepted('anna', sure(recoveryCodes[0])), true);

    await confirm(session);

    assert.equal(await isAccepted('anna', sure(recoveryCodes[1])), false);
    assert.equal(await isAccepted('anna', sure(fresh[0])), true);
    assert.equal(await world.ctx.stores.recoveryCodes.countLeft(session.principal.id), 9);
  });

  test('leave the old ones alive where the policy says so', async () => {
    const mfa = anMfaPolicy({ recoveryCodes: { doesRegenerateInvalidateOld: false } });
    world.configure({ policy: aPolicy({ mfa }) });
    const { session, secret, recoveryCodes } = await world.enrolledPerson();
    await replace(session, proofOf(secret));
    await take(session);
    await confirm(session);

    assert.equal(await isAccepted('anna', sure(recoveryCodes[1])), true);
    assert.equal(await world.ctx.stores.recoveryCodes.countLeft(session.principal.id), 19);
  });

  test('are made for a recovery code in place of the app', async () => {
    const { session, recoveryCodes } = await world.enrolledPerson();

    const proof = { password: goodPassword, code: sure(recoveryCodes[0]) };

    assert.deepEqual(await replace(session, proof), { ok: true });
  });

  test('are not made for a wrong password, and the code stays unused', async () => {
    const { session, secret } = await world.enrolledPerson();
    const wrong = { ...proofOf(secret), password: 'wrong' };

    assert.deepEqual(await replace(session, wrong), { ok: false, reason: 'invalid-credentials' });
    assert.deepEqual(await replace(session, proofOf(secret)), { ok: true });
  });

  test('are not made for a wrong code', async () => {
    const { session } = await world.enrolledPerson();

    const answer = await replace(session, { password: goodPassword, code: '000000' });

    assert.deepEqual(answer, { ok: false, reason: 'wrong-code', failuresLeft: 4 });
    assert.equal(await world.ctx.stores.recoveryCodes.hasUnconfirmed(session.principal.id), false);
  });

  test('are not made where the policy switched them off', async () => {
    const { session, secret } = await world.enrolledPerson();
    const mfa = anMfaPolicy({ recoveryCodes: { isEnabled: false } });
    world.configure({ policy: aPolicy({ mfa }) });

    await assert.rejects(replace(session, proofOf(secret)), (thrown) =>
      isProblem(thrown, 'policy-forbids'),
    );
  });

  test('are as many as the policy says by then', async () => {
    const { session, secret } = await world.enrolledPerson();
    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ recoveryCodes: { codesMin: 16 } }) }) });
    await replace(session, proofOf(secret));

    assert.equal(sure(await take(session)).length, 16);
  });
});

describe('a recovery code', () => {
  test('is accepted as people type it', async () => {
    const { recoveryCodes } = await world.enrolledPerson();

    const typed = sure(recoveryCodes[0]).toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o');

    assert.equal(await isAccepted('anna', typed), true);
  });

  test('works after the encryption key was rotated', async () => {
    const { session, recoveryCodes } = await world.enrolledPerson();
    const keys = [seededRandom('new').bytes(32), seededRandom('key').bytes(32)];
    const factor = createRecoveryCodeFactor(createSealer(keys, seededRandom()));

    const { stores, clock } = world.ctx;
    const code = sure(recoveryCodes[0]);
    const answer = await factor.verify(stores, session.principal.id, code, clock.now());

    assert.equal(answer.ok, true);
  });
});

function isProblem(thrown: unknown, code: Problem['code']): boolean {
  return thrown instanceof Problem && thrown.code === code;
}

describe('a new set in place of another', () => {
  test('is told once it is confirmed; the first set is not', async () => {
    world.configure({ mail: mailThatWaits });
    const { session, secret } = await justEnrolled();
    await withAddress(world, session);
    await take(session);
    await confirm(session);
    assert.deepEqual(await mailFor(world, session), []);
    world.clock.advance(60);

    assert.deepEqual(await replace(session, proofOf(secret)), { ok: true });
    assert.deepEqual(await mailFor(world, session), []);
    await take(session);
    await confirm(session);

    assert.deepEqual(await mailFor(world, session), ['recovery-codes-regenerated']);
  });

  test('is made by password and a passkey that was just used, without a code', async () => {
    const { session } = await justEnrolled();
    await take(session);
    await confirm(session);
    const key = await withPasskey(world, session);
    const fresh = await afterPasskey(world, session, key);

    const wrong = await regenerateRecoveryCodes(world.ctx, visit(), fresh, {
      password: 'not the password',
      code: null,
    });
    assert.deepEqual(wrong, { ok: false, reason: 'invalid-credentials' });
    const proof = { password: goodPassword, code: null };
    assert.deepEqual(await regenerateRecoveryCodes(world.ctx, visit(), fresh, proof), { ok: true });

    world.clock.advance(601);
    await assert.rejects(
      regenerateRecoveryCodes(world.ctx, visit(), fresh, proof),
      aProblem('step-up-required'),
    );
  });

  // Contract section 7: rate-limited. By account, so that more sessions make no more sets.
  test('is made so often and no more; wrong passwords use nothing up', async () => {
    const rates = { recoveryCodes: { timesMax: 2, withinSeconds: 3600 } };
    await world.close();
    world = await openWorld({ rates });
    const anna = await world.enrolledPerson();
    const more = (password = goodPassword) =>
      replace(anna.session, { password, code: laterCode(world, anna.secret) });

    assert.equal((await more('not the password')).ok, false);
    assert.equal((await more()).ok, true);
    assert.equal((await more()).ok, true);
    await assert.rejects(more(), aProblem('too-many-attempts'));
    await assert.rejects(more(), aProblem('too-many-attempts'));
    assert.equal(await world.ctx.stores.attempts.lockedUntil(anna.session.principal.id, 0), null);
  });
});
