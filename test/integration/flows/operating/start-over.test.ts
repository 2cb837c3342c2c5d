/**
 * Going on without the encryption key: nobody's password alone enrolls anything afterwards, and an
 * interrupted run is done again (F37, G8).
 */

import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { Problem } from '../../../../src/core/problem.ts';
import { beginTotpEnrollment } from '../../../../src/flows/enroll/enroll-totp.ts';
import { redeemEnrollAgain } from '../../../../src/flows/enroll/redeem-link.ts';
import type { Invitation } from '../../../../src/flows/operating/import/import-people.ts';
import {
  countLosses,
  lossOf,
  replaceLostKey,
  startOver,
} from '../../../../src/flows/operating/start-over.ts';
import { endEverything } from '../../../../src/flows/operating/end-everything.ts';
import { readKeyFiles } from '../../../../src/platform/key-files.ts';
import { openKeyRing, type KeyRing } from '../../../../src/platform/key-ring.ts';
import { systemRandom } from '../../../../src/platform/random.ts';
import { createSealer } from '../../../../src/platform/seal.ts';
import { goodPassword, openWorld, sure, visit } from '../../../support/flow-world.ts';
import { keyRoom, type KeyRoom } from '../../../support/key-room.ts';
import { atPasskeyChallenge } from '../../../support/passkey-verbs.ts';

let room: KeyRoom;
beforeEach(async () => {
  room = await keyRoom();
});
afterEach(() => room.close());

const order = { reason: 'disk lost', ticket: 'OPS-1' } as const;

/** The new keys, and a context that seals under them, as the command has. */
function anew(): { readonly keys: KeyRing; readonly ctx: KeyRoom['world']['ctx'] } {
  const keys = openKeyRing(room.file, { trouble: (error) => assert.fail(error) });
  return { keys, ctx: { ...room.world.ctx, sealer: createSealer(keys, systemRandom) } };
}

async function lose(hand: (links: readonly Invitation[]) => void = () => {}): Promise<number> {
  const { stores } = room.world.ctx;
  replaceLostKey(room.file, await lossOf(room.file, stores), systemRandom);
  const { keys, ctx } = anew();
  return (await startOver(ctx, { ...order, keyFile: room.file, keys, hand })).people;
}

describe('the loss of a key', () => {
  test('is told from a key that is there', async () => {
    const { stores } = room.world.ctx;
    assert.equal(await lossOf(room.file, stores), 'no');
    writeFileSync(room.file, 'half a key');
    assert.equal(await lossOf(room.file, stores), 'damaged');
    writeFileSync(room.file, systemRandom.bytes(32));
    assert.equal(await lossOf(room.file, stores), 'another');
    rmSync(room.file);
    assert.equal(await lossOf(room.file, stores), 'missing');
  });

  test('is none where the key only has to be closed to others', async () => {
    const { stores } = room.world.ctx;
    rmSync(room.file);
    writeFileSync(room.file, systemRandom.bytes(32), { mode: 0o666 });
    await assert.rejects(lossOf(room.file, stores), /chmod 600/);
  });

  test('is none where nothing was sealed yet', async () => {
    const world = await openWorld();
    assert.equal(await lossOf('/nowhere/encryption.key', world.ctx.stores), 'no');
    await world.close();
  });

  test('is counted in people', async () => {
    await room.world.enrolledPerson('anna');
    await atPasskeyChallenge(room.world, 'ben');
    await room.world.addUser('chloe');
    assert.deepEqual(await countLosses(room.world.ctx.stores), { people: 2 });
  });
});

describe('starting over', () => {
  test('takes what the key sealed from everybody, and leaves everything else', async () => {
    const { world } = room;
    await world.enrolledPerson('anna');
    await atPasskeyChallenge(world, 'ben');
    await world.addUser('chloe', ['STAFF']);
    const { stores } = world.ctx;
    writeFileSync(room.file, systemRandom.bytes(32));

    assert.equal(await lose(), 2);

    for (const name of ['anna', 'ben']) {
      const { id } = sure(await stores.users.findByUsername(name));
      assert.deepEqual(await stores.authenticators.listOfUser(id), []);
      assert.equal(await stores.recoveryCodes.countLeft(id), 0);
    }
    assert.deepEqual((await stores.users.findByUsername('chloe'))?.groups, ['STAFF']);
    assert.deepEqual(await stores.signingKeys.list(), []);
    assert.equal(await lossOf(room.file, stores), 'no');
    assert.equal(readKeyFiles(room.file).isUnfinished, false);
    assert.ok(room.names().some((name) => name.endsWith('.useless')));
  });

  test('lets nobody enroll by password alone, but by the link (G8)', async () => {
    const { world } = room;
    await world.enrolledPerson('anna');
    rmSync(room.file);
    const links: Invitation[] = [];
    await lose((made) => links.push(...made));
    const { ctx } = anew();

    const thief = await world.signInBy('anna');
    await assert.rejects(
      beginTotpEnrollment(ctx, thief),
      (thrown) => thrown instanceof Problem && thrown.code === 'enrollment-link-required',
    );
    assert.equal(links.length, 1);
    assert.equal(links[0]?.username, 'anna');
    const secret = sure(links[0]).url.split('/').at(-1) ?? '';
    const answer = await redeemEnrollAgain(ctx, visit(), {
      secret,
      username: 'anna',
      password: goodPassword,
    });
    assert.ok(answer.ok, JSON.stringify(answer));
    const session = sure(await world.rise(answer.session, null));
    assert.equal(typeof (await beginTotpEnrollment(ctx, session)).secret, 'string');
  });

  test('ends every session of those concerned', async () => {
    const { session } = await room.world.enrolledPerson('anna');
    rmSync(room.file);
    await lose();
    assert.equal(await room.world.recall(session.key), null);
  });

  test('is in the audit trail, loud, and the trail is whole', async () => {
    const { world } = room;
    await world.enrolledPerson('anna');
    rmSync(room.file);
    await lose();

    const events = await world.events();
    const [replaced] = events.filter(({ type }) => type === 'keys.replaced');
    assert.equal(replaced?.severity, 'high');
    assert.deepEqual(
      [replaced.details['reason'], replaced.details['ticket'], replaced.details['people']],
      ['disk lost', 'OPS-1', 1],
    );
    assert.ok(
      events.some(
        ({ type, details }) => type === 'reset.executed' && details['isKeyLost'] === true,
      ),
    );
    assert.equal((await world.ctx.stores.audit.verify()).ok, true);
  });

  test('that was interrupted goes on with the key that it made', async () => {
    const { world } = room;
    for (const name of ['anna', 'ben']) await world.enrolledPerson(name);
    rmSync(room.file);
    const links: string[] = [];
    await assert.rejects(
      lose(() => {
        throw new Error('killed');
      }),
      /killed/,
    );
    const { stores } = world.ctx;
    assert.equal(await lossOf(room.file, stores), 'begun');
    const made = readKeyFiles(room.file).newest.id;

    await lose((given) => links.push(...given.map(({ username }) => username)));

    assert.equal(readKeyFiles(room.file).newest.id, made);
    assert.deepEqual(links, ['anna', 'ben']);
    assert.equal(existsSync(room.file), true);
    assert.equal(await lossOf(room.file, stores), 'no');
  });
});

describe('ending everything', () => {
  test('ends sessions of today, of an earlier epoch, and of a day that has not come', async () => {
    const { world } = room;
    const { session } = await world.enrolledPerson('anna');
    const { ctx, database } = world;
    const ahead = world.clock.now() + 365 * 24 * 3600 * 1000;
    const key = `${session.key.slice(1)}x` as typeof session.key;
    await database.sessions.create({
      key,
      lineage: key,
      userId: session.principal.id,
      sessionEpoch: session.sessionEpoch,
      proofs: session.proofs,
      createdAt: ahead,
      lastSeenAt: ahead,
      ip: '::1',
      userAgent: '',
    });

    await endEverything(ctx, { reason: 'clock' });

    assert.equal(await world.recall(session.key), null);
    world.clock.set(ahead + 1000);
    assert.equal(await world.recall(key), null);
    const event = (await world.events()).at(-1);
    assert.deepEqual(
      [event?.type, event?.severity, event?.details['reason']],
      ['access.withdrawn', 'high', 'clock'],
    );
  });
});
