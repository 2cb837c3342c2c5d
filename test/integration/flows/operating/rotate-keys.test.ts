/**
 * Rotating the keys (F36): everything is sealed anew, what was made under the old key goes on
 * working, and whatever interrupts it, the same command finishes it without another key.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { sql } from 'kysely';

import type { SessionFacts } from '../../../../src/core/facts.ts';
import { sealedPlaces } from '../../../../src/core/sealed-rows.ts';
import { answerChallengeWithPasskey } from '../../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../../src/flows/sign-in/challenge.ts';
import {
  issueChallenge,
  useUpChallenge,
} from '../../../../src/flows/sign-in/webauthn-challenge.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../../src/flows/enroll/enroll-totp.ts';
import { takeRecoveryCodes } from '../../../../src/flows/enroll/recovery-codes.ts';
import { newestRoot } from '../../../../src/flows/operating/open-keys.ts';
import { needsOfOldKeys, removeOldSigningKeys } from '../../../../src/flows/operating/old-keys.ts';
import {
  dropOldKeys,
  prepareRotation,
  rotateKeys,
  type RotationProgress,
} from '../../../../src/flows/operating/rotate-keys.ts';
import { KeyFileError } from '../../../../src/platform/key-files.ts';
import { createSealer, rootIdIn } from '../../../../src/platform/seal.ts';
import { systemRandom } from '../../../../src/platform/random.ts';
import { codeAt } from '../../../support/authenticator-app.ts';
import { sure, visit } from '../../../support/flow-world.ts';
import { keyRoom, type KeyRoom } from '../../../support/key-room.ts';
import { askForPasskey, atPasskeyChallenge } from '../../../support/passkey-verbs.ts';

let room: KeyRoom;
beforeEach(async () => {
  room = await keyRoom();
});
afterEach(() => room.close());

const idOf = (at: KeyRoom): string => sure(at.keys.current()[0]).id;

const days = (count: number): number => count * 24 * 3600;

/** What a machine does that reads of a rotation on another one. */
const follow = async (at: KeyRoom): Promise<string> =>
  at.keys.adopt(sure(await newestRoot(at.world.ctx.stores)));

/** How much is sealed under something else than this key. */
async function othersThan(rootId: string): Promise<number> {
  const { sealedValues } = room.world.ctx.stores;
  let count = 0;
  for (const place of sealedPlaces) {
    count += (await sealedValues.listOthers(place, { rootId, after: null, limit: 1000 })).length;
  }
  return count;
}

/** Somebody who has just set up an app, and whose codes wait to be shown. */
async function justEnrolled(username: string): Promise<SessionFacts> {
  const { world } = room;
  await world.addUser(username);
  const session = await world.signInBy(username);
  const { secret } = await beginTotpEnrollment(world.ctx, session);
  const code = codeAt(secret, world.clock.now());
  const answer = await finishTotpEnrollment(world.ctx, visit(), session, { code });
  assert.ok(answer.ok);
  return sure(await world.rise(answer.session, session));
}

describe('a rotation', () => {
  test('seals everything anew; the old key is kept for reading', async () => {
    const { world } = room;
    await world.enrolledPerson('anna');
    await atPasskeyChallenge(world, 'ben');
    await world.addUser('chloe');
    await beginTotpEnrollment(world.ctx, await world.signInBy('chloe'));
    const dan = await justEnrolled('dan');
    const before = idOf(room);

    const rotation = await rotateKeys(room.rotation());

    assert.equal(rotation.outcome, 'rotated');
    assert.notEqual(rotation.key, before);
    assert.deepEqual(room.names(), [`.${before}.old`]);
    assert.equal(await othersThan(rotation.key), 0);
    assert.deepEqual(rotation.unreadable, []);
    assert.equal(idOf(room), rotation.key);
    // Codes that were made and not shown yet are shown.
    assert.equal((await takeRecoveryCodes(world.ctx, dan))?.length, 10);
  });

  test('leaves everybody what they have: app, passkey, codes, and what they were about', async () => {
    const { world } = room;
    const anna = await world.enrolledPerson('anna');
    const ben = await atPasskeyChallenge(world, 'ben');
    const asked = await askForPasskey(world, ben.session);
    await world.addUser('chloe');
    const chloe = await world.signInBy('chloe');
    const pending = await beginTotpEnrollment(world.ctx, chloe);
    const binding = { purpose: 'answer', holder: 'dan' } as const;
    const challenge = issueChallenge(world.ctx, binding);

    await rotateKeys(room.rotation());

    const again = await world.signInBy('anna');
    const code = codeAt(anna.secret, world.clock.now());
    assert.ok((await answerChallenge(world.ctx, visit(), again, { method: 'totp', code })).ok);
    const lost = await world.signInBy('anna');
    const guess = { method: 'recovery-code', code: sure(anna.recoveryCodes[0]) } as const;
    assert.ok((await answerChallenge(world.ctx, visit(), lost, guess)).ok);
    const response = ben.passkey.get(asked);
    assert.ok((await answerChallengeWithPasskey(world.ctx, visit(), ben.session, response)).ok);
    const finished = await finishTotpEnrollment(world.ctx, visit(), chloe, {
      code: codeAt(pending.secret, world.clock.now()),
    });
    assert.ok(finished.ok);
    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-up');
  });

  test('makes a signing key that is published with the one before it', async () => {
    const { stores } = room.world.ctx;
    const [first] = await stores.signingKeys.list();

    const { key } = await rotateKeys(room.rotation());

    const kids = (await stores.signingKeys.list()).map(({ kid }) => kid);
    assert.equal(kids.length, 2);
    assert.equal(kids[1], first?.kid);
    assert.equal(await newestRoot(stores), key);
  });

  test('is in the audit trail with the names of the keys, and nothing of them', async () => {
    const before = idOf(room);
    const old = readFileSync(room.file);

    const { key } = await rotateKeys(room.rotation());

    const [event] = (await room.world.events()).filter(({ type }) => type === 'keys.rotated');
    assert.equal(event?.details['encryptionKey'], key);
    assert.deepEqual(event?.details['oldEncryptionKeys'], [before]);
    const written = JSON.stringify(event);
    for (const secret of [old, readFileSync(room.file)]) {
      assert.ok(!written.includes(secret.toString('hex')));
      assert.ok(!written.includes(secret.toString('base64url')));
    }
  });

  test('again makes another key, and keeps both old ones', async () => {
    const first = await rotateKeys(room.rotation());
    const second = await rotateKeys(room.rotation());

    assert.equal(second.outcome, 'rotated');
    assert.notEqual(second.key, first.key);
    assert.equal(room.names().length, 2);
    assert.equal((await room.world.ctx.stores.signingKeys.list()).length, 3);
  });

  test('leaves alone what no key opens, says how much it is, and can be done again', async () => {
    const { world } = room;
    await world.enrolledPerson('anna');
    const stranger = createSealer([systemRandom.bytes(32)], systemRandom).seal('x', 'y');
    await sql`update authenticators set sealed_credential = ${stranger}`.execute(world.database.db);

    const first = await rotateKeys(room.rotation());
    assert.deepEqual(first.unreadable, [{ place: 'authenticators', count: 1 }]);
    const second = await rotateKeys(room.rotation());
    assert.equal(second.outcome, 'rotated');
  });
});

describe('a rotation that was interrupted', () => {
  test('is finished by the same command wherever it broke off, without another key', async () => {
    const { world } = room;
    const anna = await world.enrolledPerson('anna');
    await atPasskeyChallenge(world, 'ben');
    const steps = await stepsOf(room);

    for (let brokenAt = 0; brokenAt < steps; brokenAt += 1) {
      const before = idOf(room);
      const oldOnes = room.names();
      await assert.rejects(rotateKeys(room.rotation(breakingAt(brokenAt))), /killed/);
      room.keys.lookAgain();
      await signsIn(anna.secret);

      const finished = await rotateKeys(room.rotation());
      assert.match(finished.outcome, /rotated|joined|finished/);
      assert.notEqual(finished.key, before);
      assert.deepEqual(room.names(), [...oldOnes, `.${before}.old`].toSorted(), `${brokenAt}`);
      assert.equal(await othersThan(finished.key), 0);
      assert.equal(await newestRoot(world.ctx.stores), finished.key);
      await signsIn(anna.secret);
    }
  });

  test('is finished by --resume, which never makes a key', async () => {
    const parts = room.rotation(breakingAt(3));
    await assert.rejects(rotateKeys(parts), /killed/);

    assert.notEqual((await rotateKeys(room.rotation(), 'finish')).outcome, 'nothing');
    const names = room.names();
    assert.equal((await rotateKeys(room.rotation(), 'finish')).outcome, 'nothing');
    assert.deepEqual(room.names(), names);
  });

  test('keeps its old keys until it is finished', async () => {
    await room.world.enrolledPerson('anna');
    await assert.rejects(rotateKeys(room.rotation(breakingAt(3))), /killed/);

    assert.deepEqual(await dropOldKeys(room.rotation()), { ok: false, reason: 'unfinished' });
  });
});

/** How many times a rotation says how far it has come. */
async function stepsOf(at: KeyRoom): Promise<number> {
  let steps = 0;
  await rotateKeys(at.rotation(() => (steps += 1)));
  return steps;
}

function breakingAt(step: number): (progress: RotationProgress) => void {
  let steps = 0;
  return () => {
    if (steps === step) throw new Error('killed');
    steps += 1;
  };
}

async function signsIn(secret: string): Promise<void> {
  const { world } = room;
  world.clock.advance(60);
  const session = await world.signInBy('anna');
  const code = codeAt(secret, world.clock.now());
  const answer = await answerChallenge(world.ctx, visit(), session, { method: 'totp', code });
  assert.ok(answer.ok, JSON.stringify(answer));
}

describe('an old key', () => {
  test('is needed by recovery codes that were hashed with it, until they are replaced', async () => {
    const { world } = room;
    const anna = await world.enrolledPerson('anna');
    const before = idOf(room);
    await rotateKeys(room.rotation());
    world.clock.advance(days(60));

    const [old] = await needsOfOldKeys(world.ctx, room.keys.read().old);
    assert.deepEqual(old, { id: before, needs: [{ kind: 'recovery-codes', count: 10 }] });
    assert.deepEqual(await dropOldKeys(room.rotation()), {
      ok: true,
      dropped: [],
      kept: [old],
    });
    assert.deepEqual(room.names(), [`.${before}.old`]);

    await world.ctx.stores.recoveryCodes.removeOfUser(anna.session.principal.id);
    const answer = await dropOldKeys(room.rotation());
    assert.deepEqual(answer, { ok: true, dropped: [before], kept: [] });
    assert.deepEqual(room.names(), []);
    const [event] = (await world.events()).filter(({ type }) => type === 'keys.dropped');
    assert.deepEqual(event?.details['encryptionKeys'], [before]);
  });

  test('is needed by codes that do not say with which key they were hashed', async () => {
    const { world } = room;
    const anna = await world.enrolledPerson('anna');
    await sql`update recovery_codes set code_hash = substr(code_hash, 14)`.execute(
      world.database.db,
    );
    await rotateKeys(room.rotation());
    world.clock.advance(days(60));

    const [old] = await needsOfOldKeys(world.ctx, room.keys.read().old);
    assert.deepEqual(old?.needs, [{ kind: 'nameless-recovery-codes', count: 10 }]);
    const session = await world.signInBy('anna');
    const guess = { method: 'recovery-code', code: sure(anna.recoveryCodes[0]) } as const;
    assert.ok((await answerChallenge(world.ctx, visit(), session, guess)).ok);
  });

  test('is needed by cookies until the trust in browsers is over', async () => {
    const { world } = room;
    await rotateKeys(room.rotation());
    const [old] = await needsOfOldKeys(world.ctx, room.keys.read().old);
    assert.deepEqual(
      old?.needs.map(({ kind }) => kind),
      ['cookies'],
    );

    const { trustedDevices } = world.ctx.config.current();
    world.clock.advance(trustedDevices.forSeconds - 3600);
    assert.equal((await needsOfOldKeys(world.ctx, room.keys.read().old))[0]?.needs.length, 1);
    world.clock.advance(2 * 3600);
    assert.deepEqual((await needsOfOldKeys(world.ctx, room.keys.read().old))[0]?.needs, []);
  });

  test('is needed by what is sealed under it', async () => {
    const { world } = room;
    const { ctx } = world;
    const before = idOf(room);
    const straggler = createSealer([readFileSync(room.file)], systemRandom);
    await rotateKeys(room.rotation());
    world.clock.advance(days(60));
    await ctx.stores.signingKeys.create({
      kid: 'straggler',
      sealedPrivateJwk: straggler.seal('x', 'signing-keys:straggler'),
      publicJwk: '{}',
      createdAt: 1,
    });

    const [old] = await needsOfOldKeys(ctx, room.keys.read().old);
    assert.deepEqual(old, { id: before, needs: [{ kind: 'sealed', count: 1 }] });
  });

  test('opens nothing any more once it is gone (F36)', async () => {
    const { world } = room;
    const sealed = world.ctx.sealer.seal('x', 'y');
    const mac = world.ctx.sealer.deriveKey('form tokens');
    await rotateKeys(room.rotation());
    assert.equal(world.ctx.sealer.unseal(sealed, 'y').toString(), 'x');
    world.clock.advance(days(60));
    await dropOldKeys(room.rotation());
    room.keys.lookAgain();

    assert.throws(() => world.ctx.sealer.unseal(sealed, 'y'), { name: 'UnsealError' });
    assert.equal(
      world.ctx.sealer.findKey('form tokens', (key) => key.equals(mac)),
      null,
    );
  });
});

describe('an old signing key', () => {
  test('is published until the last token that it signed is over, the newest for ever', async () => {
    const { world } = room;
    const { stores } = world.ctx;
    await rotateKeys(room.rotation());
    const [newest, old] = await stores.signingKeys.list();

    world.clock.advance(12 * 3600);
    assert.deepEqual(await removeOldSigningKeys(stores, world.clock.now()), []);
    world.clock.advance(3600);
    assert.deepEqual(await removeOldSigningKeys(stores, world.clock.now()), [old?.kid]);
    world.clock.advance(400 * 24 * 3600);
    assert.deepEqual(await removeOldSigningKeys(stores, world.clock.now()), []);
    assert.deepEqual(await stores.signingKeys.list(), [newest]);
  });

  test('that a clock which ran ahead made does not stand in the way of a new one', async () => {
    const { world } = room;
    const { stores } = world.ctx;
    world.clock.advance(365 * 24 * 3600);
    await rotateKeys(room.rotation());
    world.clock.set(world.clock.now() - 365 * 24 * 3600 * 1000);

    const { outcome, key } = await rotateKeys(room.rotation());
    assert.equal(outcome, 'rotated');
    assert.equal(await newestRoot(stores), key);
  });
});

describe('several machines on one database', () => {
  let other: KeyRoom;
  beforeEach(async () => {
    const { database } = room.world;
    const { rows } = await sql<{ file: string }>`pragma database_list`.execute(database.db);
    other = await keyRoom({ database: { kind: 'sqlite', file: sure(rows[0]).file }, keyOf: room });
  });
  afterEach(() => other.close());

  test('have the key before it seals, and seal under it when one of them was told to', async () => {
    const { key, isNew } = await prepareRotation(room.rotation());
    assert.equal(isNew, true);
    assert.equal((await prepareRotation(room.rotation())).isNew, false);
    room.give(other, '.next');
    other.keys.lookAgain();
    assert.equal(await follow(other), 'known');

    const rotation = await rotateKeys(room.rotation());
    assert.equal(rotation.outcome, 'rotated');
    assert.equal(rotation.key, key);
    assert.equal(await follow(other), 'adopted');
    assert.equal(rootIdIn(other.world.ctx.sealer.seal('x', 'y')), key);
    // After a restart, too.
    assert.equal((await other.openAnew()).current()[0]?.id, key);

    const joined = await rotateKeys(other.rotation());
    assert.equal(joined.outcome, 'joined');
    assert.equal(joined.key, key);
    assert.deepEqual(other.names(), room.names());
    assert.equal((await room.world.ctx.stores.signingKeys.list()).length, 2);
    assert.equal((await rotateKeys(other.rotation(), 'finish')).outcome, 'nothing');
  });

  test('that lack the key go on, and do not start again without it (F37)', async () => {
    const { key } = await rotateKeys(room.rotation());

    assert.equal(await follow(other), 'unknown');
    assert.ok(other.world.ctx.sealer.seal('x', 'y').length > 0);
    await assert.rejects(other.openAnew(), (thrown) => {
      return thrown instanceof KeyFileError && thrown.message.includes(key);
    });

    room.give(other, '.key');
    room.give(other, '.old');
    assert.equal((await other.openAnew()).current()[0]?.id, key);
  });

  test('do not start with a key that the database knows nothing of (F37)', async () => {
    writeFileSync(other.file, systemRandom.bytes(32));

    await assert.rejects(other.openAnew(), /Restore the right one/);
  });
});
