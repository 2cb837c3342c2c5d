/**
 * Answering with a passkey, as the second step of a sign-in: what it leads to, what challenges are
 * good for, and who may. What is looked at in the answer itself is in passkey-checks.test.ts.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { levelOf } from '../../../src/core/assurance.ts';
import type { SessionFacts } from '../../../src/core/facts.ts';
import { Problem } from '../../../src/core/problem.ts';
import {
  answerChallengeWithPasskey,
  beginPasskeyChallenge,
} from '../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { setDisabled } from '../../../src/flows/admin/users.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { askForPasskey, atPasskeyChallenge, enrollPasskey } from '../../support/passkey-verbs.ts';
import { type SoftPasskey } from '../../support/soft-authenticator.ts';

let world: World;
let passkey: SoftPasskey;
let securityKey: SoftPasskey;
/** Signed in by password, at the challenge. */
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  ({ passkey, securityKey, session } = await atPasskeyChallenge(world, 'anna'));
});
afterEach(() => world.close());

const ask = (by: SessionFacts = session) => askForPasskey(world, by);
const answer = (response: string, by: SessionFacts = session) =>
  answerChallengeWithPasskey(world.ctx, visit(), by, response);
const stored = async (key: SoftPasskey) =>
  sure(sure(await world.ctx.stores.authenticators.findByCredentialId(key.credentialId)).passkey);

const written = async () => [
  ...(await world.database.db.selectFrom('used_challenges').selectAll().execute()),
  ...(await world.events()),
];

async function lastEvent() {
  const { type, severity, details } = sure((await world.events()).at(-1));
  return { type, severity, reason: details['reason'] };
}

function failed(reason: string, severity: 'warning' | 'high' = 'warning') {
  return { type: 'second-factor.failed', severity, reason };
}

describe('a right answer', () => {
  test('completes the sign-in and says what was shown', async () => {
    const answered = await answer(passkey.get(await ask()));

    assert(answered.ok);
    const proof = sure(answered.session.proofs.at(-1));
    assert.equal(proof.method, 'webauthn');
    assert.equal(proof.origin, 'answer');
    assert.equal(proof.isUserVerified, true);
    assert.equal(levelOf(answered.session.proofs, world.clock.now()), 2);
    assert.equal(answered.session.lineage, session.lineage);
    assert.equal((await lastEvent()).type, 'session.signed-in');
    assert.equal(world.counted.at(-1), 'webauthn success');
  });

  test('may come from any of the keys, touched only', async () => {
    const answered = await answer(securityKey.get(await ask()));

    assert(answered.ok);
    assert.equal(answered.session.proofs.at(-1)?.isUserVerified, false);
    assert.equal(levelOf(answered.session.proofs, world.clock.now()), 2);
  });

  test('is asked of the keys of this person, each by its transports', async () => {
    const { allowCredentials, rpId, userVerification } = await ask();

    assert.deepEqual(allowCredentials, [
      { id: passkey.credentialId, transports: ['hybrid', 'internal'], type: 'public-key' },
      { id: securityKey.credentialId, transports: ['usb'], type: 'public-key' },
    ]);
    assert.equal(rpId, 'console.example.com');
    assert.equal(userVerification, 'preferred');
  });

  test('writes down the counter, the state of the backup and the use', async () => {
    world.clock.advance(60);
    await answer(securityKey.get(await ask(), { counter: 41 }));
    await answer(passkey.get(await ask(), { isBackedUp: false }));

    assert.equal((await stored(securityKey)).signCount, 41);
    assert.equal((await stored(passkey)).isBackedUp, false);
    const all = await world.ctx.stores.authenticators.listOfUser(session.principal.id);
    for (const { lastUsedAt } of all) assert.equal(lastUsedAt, world.clock.now());
  });

  // Security G7.
  test('is taken while codes are paused, and does not touch their counter', async () => {
    const guess = { method: 'recovery-code', code: 'AAAA-AAAA-AAAA-AAAA' } as const;
    for (let time = 0; time < 5; time += 1) {
      await answerChallenge(world.ctx, visit(), session, guess);
    }

    assert.equal((await answer(passkey.get(await ask()))).ok, true);

    const locked = await answerChallenge(world.ctx, visit(), session, guess);
    assert.equal(locked.ok ? '' : locked.reason, 'locked');
  });
});

describe('a challenge', () => {
  test('is another each time, of at least 128 bits', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => ask()));

    const challenges = new Set(all.map(({ challenge }) => String(challenge)));
    assert.equal(challenges.size, 200);
    for (const challenge of challenges) {
      assert(Buffer.from(challenge, 'base64url').length >= 16);
    }
  });

  test('works once, and nobody is let in by an answer that was overheard', async () => {
    const response = passkey.get(await ask());
    assert.equal((await answer(response)).ok, true);

    assert.deepEqual(await answer(response), { ok: false, reason: 'expired' });
    assert.deepEqual(await lastEvent(), failed('challenge-used-before'));
  });

  test('is used up by a wrong answer too', async () => {
    const options = await ask();
    await answer(passkey.get(options, { isUserPresent: false }));

    assert.deepEqual(await answer(passkey.get(options)), { ok: false, reason: 'expired' });
  });

  test('of another session of the same person is refused', async () => {
    const other = await world.signInBy('anna');

    const answered = await answer(passkey.get(await ask(other)));

    assert.deepEqual(answered, { ok: false, reason: 'expired' });
    assert.deepEqual(await lastEvent(), failed('challenge-not-ours'));
  });

  test('that we did not give is refused', async () => {
    const { challenge } = await ask();
    const own = Buffer.from(String(challenge), 'base64url');
    const turned = Array.from({ length: own.length }, (_, at) => {
      const bytes = Buffer.from(own);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64url');
    });
    for (const other of ['', 'AAAA', `${String(challenge)}A`, `${String(challenge)}=`, ...turned]) {
      const answered = await answer(passkey.get({}, { challenge: other }));
      assert.deepEqual(answered, { ok: false, reason: 'expired' });
    }
    // And the true one was not used up by any of them.
    assert.equal((await answer(passkey.get({}, { challenge: String(challenge) }))).ok, true);
  });

  test('waits five minutes', async () => {
    const early = passkey.get(await ask());
    const late = passkey.get(await ask());
    world.clock.advance(299);
    assert.equal((await answer(early)).ok, true);
    const { length } = await world.events();
    world.clock.advance(1);

    assert.deepEqual(await answer(late), { ok: false, reason: 'expired' });
    assert.equal((await world.events()).length, length, 'who took long has done nothing wrong');
  });

  // Security F33.
  test('from before the clock went back is no longer good', async () => {
    const response = passkey.get(await ask());
    world.clock.advance(-3600);

    assert.deepEqual(await answer(response), { ok: false, reason: 'expired' });
  });

  test('is forgotten once nobody could use it any more, and not before', async () => {
    const response = passkey.get(await ask());
    await answer(response);
    world.clock.advance(299);
    await world.ctx.stores.usedChallenges.removeExpired(world.clock.now());
    assert.deepEqual(await answer(response), { ok: false, reason: 'expired' });

    world.clock.advance(200);
    await world.ctx.stores.usedChallenges.removeExpired(world.clock.now());
    const left = await world.database.db.selectFrom('used_challenges').selectAll().execute();
    assert.deepEqual(left, []);
  });

  test('writes nothing while it is only asked for', async () => {
    const before = await written();

    await ask();

    assert.deepEqual(await written(), before);
  });
});

describe('somebody', () => {
  test('else cannot answer with their own passkey', async () => {
    await world.addUser('ben');
    const ben = await enrollPasskey(world, await world.signInBy('ben'));

    const answered = await answer(ben.passkey.get(await ask()));

    assert.deepEqual(answered, { ok: false, reason: 'not-accepted' });
    assert.deepEqual(await lastEvent(), failed('unknown-passkey'));
  });

  test('cannot answer with a passkey that was removed', async () => {
    const options = await ask();
    const { authenticators } = world.ctx.stores;
    const found = sure(await authenticators.findByCredentialId(passkey.credentialId));
    await authenticators.remove(found.userId, found.id);

    assert.deepEqual(await answer(passkey.get(options)), { ok: false, reason: 'not-accepted' });
  });

  test('who has no passkey is asked for none', async () => {
    await world.addUser('ben');

    const ben = await world.signInBy('ben');
    const asked = await beginPasskeyChallenge(world.ctx, ben, { userVerification: 'preferred' });

    assert.equal(asked, null);
  });

  test('is asked for none, and answers with none, where passkeys are switched off', async () => {
    const response = passkey.get(await ask());
    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ webauthn: { isEnabled: false } }) }) });

    const asked = await beginPasskeyChallenge(world.ctx, session, { userVerification: 'required' });
    assert.equal(asked, null);
    await assert.rejects(answer(response), (thrown) => isProblem(thrown, 'policy-forbids'));
  });

  test('whose session was ended meanwhile, or account disabled, answers in vain', async () => {
    const options = await ask();
    await signOutEverywhere(world.ctx, visit(), session);
    await assert.rejects(answer(passkey.get(options)), (thrown) =>
      isProblem(thrown, 'not-signed-in'),
    );

    const again = await world.signInBy('anna');
    const response = passkey.get(await ask(again));
    await setDisabled(world.ctx, { username: 'anna', isDisabled: true });
    await assert.rejects(answer(response, again), (thrown) => isProblem(thrown, 'not-signed-in'));
  });

  // Security G12.
  test('is not let in when the audit event cannot be written', async () => {
    const { ctx } = world;
    const stores = {
      ...ctx.stores,
      transaction: <Value>(work: (stores: typeof ctx.stores) => Promise<Value>) =>
        ctx.stores.transaction((inside) =>
          work({
            ...inside,
            audit: { ...inside.audit, append: () => Promise.reject(new StoreUnavailable('audit')) },
          }),
        ),
    };
    const response = securityKey.get(await ask(), { counter: 41 });

    await assert.rejects(
      answerChallengeWithPasskey({ ...ctx, stores }, visit(), session, response),
      StoreUnavailable,
    );
    assert.notEqual((await stored(securityKey)).signCount, 41);
    assert.deepEqual(await answer(response), { ok: false, reason: 'expired' });
  });
});

function isProblem(thrown: unknown, code: string): boolean {
  return thrown instanceof Problem && thrown.code === code;
}
