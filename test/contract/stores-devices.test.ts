/** Browsers that are known, what is remembered in them, and places, on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { DeviceId, UserId } from '../../src/core/ids.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { Device, DeviceTrust, Stores } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, countOf, describeEngines, sharedDatabase } from './support/engines.ts';

const day = 86_400_000;

function aDevice(userId: UserId, of: Partial<Device> = {}): Device {
  const key = of.key ?? 'browser';
  return {
    id: `dev_${userId}_${key}` as DeviceId,
    userId,
    key,
    name: 'Firefox on Linux',
    firstSeenAt: NOON,
    lastSeenAt: NOON,
    lastIp: '192.0.2.1',
    trust: null,
    ...of,
  };
}

const trust: DeviceTrust = { method: 'totp', provedAt: NOON - 5, until: NOON + 30 * day };

describeEngines((engine) => {
  let database: SqlDatabase;
  let stores: Stores;
  let otherInstance: Stores;
  before(async () => {
    ({ database, stores, otherInstance } = await sharedDatabase(engine));
  });

  /** Does something twenty times at once, on two instances in turns. */
  function twentyTimes<Value>(
    work: (stores: Stores, at: number) => Promise<Value>,
  ): readonly Promise<Value>[] {
    return Array.from({ length: 20 }, (_, at) => work(at % 2 === 0 ? stores : otherInstance, at));
  }

  async function seen(of: Partial<Device> = {}): Promise<Device> {
    const device = aDevice((await addUser(database)).id, of);
    await stores.devices.see(device);
    return device;
  }

  describe('a device', () => {
    test('comes back as it was first seen, trusted with nothing', async () => {
      const made = await seen();

      assert.deepEqual(await stores.devices.find(made.userId, made.key), made);
      assert.deepEqual(await stores.devices.listOfUser(made.userId), [made]);
    });

    test('that is seen again keeps its id, its name, its first day and its trust', async () => {
      const made = await seen();
      await stores.devices.trust(made.userId, made.key, trust);

      const at = NOON + day;
      await stores.devices.see({
        ...made,
        id: 'dev_another' as DeviceId,
        name: 'Another name',
        firstSeenAt: at,
        lastSeenAt: at,
        lastIp: '2001:db8::1',
      });

      assert.deepEqual(await stores.devices.listOfUser(made.userId), [
        { ...made, lastSeenAt: at, lastIp: '2001:db8::1', trust },
      ]);
    });

    test('that is seen twenty times at once is one device', async () => {
      const { id } = await addUser(database);
      await Promise.all(
        twentyTimes(({ devices }, at) =>
          devices.see(aDevice(id, { id: `dev_${id}_${String(at)}` as DeviceId })),
        ),
      );
      assert.equal((await stores.devices.listOfUser(id)).length, 1);
    });

    test('of two people is one for each of them', async () => {
      const one = await seen();
      const other = await seen();
      await stores.devices.trust(one.userId, one.key, trust);

      assert.equal((await stores.devices.find(other.userId, other.key))?.trust, null);
      assert.equal((await stores.devices.listOfUser(one.userId)).length, 1);
    });

    test('is forgotten when nobody has seen it for long', async () => {
      const made = await seen({ lastSeenAt: NOON });
      await stores.devices.see(aDevice(made.userId, { key: 'later', lastSeenAt: NOON + 1 }));
      await stores.devices.removeUnseenSince(NOON + 1);

      assert.equal(await stores.devices.find(made.userId, made.key), null);
      assert.notEqual(await stores.devices.find(made.userId, 'later'), null);
    });
  });

  test('of many devices of a person the latest are kept, trusted or not', async () => {
    const { id } = await addUser(database);
    for (const at of [3, 1, 4, 2]) {
      await stores.devices.see(
        aDevice(id, { key: `seen at ${String(at)}`, lastSeenAt: NOON + at }),
      );
    }
    await stores.devices.trust(id, 'seen at 1', trust);
    const other = await seen({ lastSeenAt: NOON });
    await stores.devices.keepLatest(id, 5);
    assert.equal((await stores.devices.listOfUser(id)).length, 4);
    await stores.devices.keepLatest(id, 2);

    assert.deepEqual(
      (await stores.devices.listOfUser(id)).map(({ key }) => key),
      ['seen at 4', 'seen at 3'],
    );
    assert.notEqual(await stores.devices.find(other.userId, other.key), null);
  });

  test('devices are listed by when they were last seen, the latest first', async () => {
    const { id } = await addUser(database);
    for (const [key, lastSeenAt] of [
      ['old', NOON],
      ['new', NOON + 2],
      ['older', NOON - 1],
    ] as const) {
      await stores.devices.see(aDevice(id, { key, lastSeenAt }));
    }
    const listed = await stores.devices.listOfUser(id);
    assert.deepEqual(
      listed.map(({ key }) => key),
      ['new', 'old', 'older'],
    );
  });

  describe('the trust in a device', () => {
    test('is given to a known one and kept as it was given', async () => {
      const { userId, key } = await seen();
      assert.equal(await stores.devices.trust(userId, key, trust), true);
      assert.deepEqual((await stores.devices.find(userId, key))?.trust, trust);

      const later: DeviceTrust = { method: 'webauthn', provedAt: NOON + 1, until: NOON + day };
      assert.equal(await stores.devices.trust(userId, key, later), true);
      assert.deepEqual((await stores.devices.find(userId, key))?.trust, later);
    });

    test('is not given to an unknown one, nor to that of another person', async () => {
      const { key } = await seen({ key: 'browser of one' });
      const other = (await addUser(database)).id;
      assert.equal(await stores.devices.trust(other, key, trust), false);
      assert.equal(await stores.devices.find(other, key), null);
    });

    test('ends once, by its owner and nobody else', async () => {
      const { id, userId, key } = await seen();
      const stranger = (await addUser(database)).id;
      await stores.devices.trust(userId, key, trust);

      assert.equal(await stores.devices.distrust(stranger, id), false);
      assert.equal(await stores.devices.distrust(userId, `${id}\0` as typeof id), false);
      assert.deepEqual((await stores.devices.find(userId, key))?.trust, trust);
      const ends = twentyTimes(({ devices }) => devices.distrust(userId, id));
      assert.equal(await countOf(ends, (isEnded) => isEnded), 1);
      assert.equal((await stores.devices.find(userId, key))?.trust, null);
    });

    test('ends in all devices of one person, which are counted', async () => {
      const { userId } = await seen({ key: 'never trusted' });
      for (const key of ['one', 'two']) {
        await stores.devices.see(aDevice(userId, { key }));
        await stores.devices.trust(userId, key, trust);
      }
      const other = await seen();
      await stores.devices.trust(other.userId, other.key, trust);

      assert.equal(await stores.devices.distrustAll(userId), 2);
      assert.equal(await stores.devices.distrustAll(userId), 0);
      const left = await stores.devices.listOfUser(userId);
      assert.deepEqual(
        left.map((device) => device.trust),
        [null, null, null],
      );
      assert.deepEqual((await stores.devices.find(other.userId, other.key))?.trust, trust);
    });
  });

  describe('a place', () => {
    test('is the first, then known; others are new, then known', async () => {
      const { id } = await addUser(database);
      const answers: string[] = [];
      for (const place of ['here', 'here', 'there', 'here', 'there']) {
        answers.push(await stores.places.see(id, place, NOON));
      }
      assert.deepEqual(answers, ['first', 'known', 'new', 'known', 'known']);
    });

    test('can be looked at without being noted', async () => {
      const { id } = await addUser(database);
      assert.equal(await stores.places.look(id, 'here'), 'first');
      assert.equal(await stores.places.see(id, 'here', NOON), 'first');
      assert.equal(await stores.places.look(id, 'here'), 'known');
      assert.equal(await stores.places.look(id, 'there'), 'new');
      assert.equal(await stores.places.see(id, 'there', NOON), 'new');
    });

    test('of one person says nothing about another', async () => {
      const [one, other] = [await addUser(database), await addUser(database)];
      await stores.places.see(one.id, 'here', NOON);
      assert.equal(await stores.places.see(other.id, 'here', NOON), 'first');
    });

    test('that is seen twenty times at once is noted once', async () => {
      const { id } = await addUser(database);
      const answers = await Promise.all(twentyTimes(({ places }) => places.see(id, 'here', NOON)));
      assert.equal(answers.filter((answer) => answer === 'first').length, 1);
      assert.equal(answers.filter((answer) => answer === 'known').length, 19);
    });

    test('of twenty that are seen at once is the first once', async () => {
      const { id } = await addUser(database);
      const answers = await Promise.all(
        twentyTimes(({ places }, at) => places.see(id, `place ${String(at)}`, NOON)),
      );
      assert.equal(answers.filter((answer) => answer === 'first').length, 1);
      assert.equal(answers.filter((answer) => answer === 'new').length, 19);
    });

    test('can be noted in the transaction of a sign-in, and stands or falls with it', async () => {
      const { id } = await addUser(database);
      await assert.rejects(
        stores.transaction(async ({ places }) => {
          assert.equal(await places.see(id, 'here', NOON), 'first');
          throw new Error('changed its mind');
        }),
      );
      assert.equal(await stores.places.see(id, 'here', NOON), 'first');
    });

    test('is forgotten when nobody was there for long', async () => {
      const { id } = await addUser(database);
      await stores.places.see(id, 'old', NOON - 2);
      await stores.places.see(id, 'kept', NOON - 2);
      await stores.places.see(id, 'kept', NOON - 1);
      await stores.places.removeUnseenSince(NOON - 1);

      assert.equal(await stores.places.see(id, 'kept', NOON), 'known');
      assert.equal(await stores.places.see(id, 'old', NOON), 'new');
    });
  });
});
