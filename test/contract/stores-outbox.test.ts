/** Mail stands or falls with what it tells, and is taken by one instance at a time. */

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import type { UserId } from '../../src/core/ids.ts';
import type { NewMail, Stores, WaitingMail } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, describeEngines, sharedDatabase } from './support/engines.ts';

const minute = 60_000;

function take(from: Stores, now: number, limit = 10): Promise<readonly WaitingMail[]> {
  return from.outbox.take({ now, leaseUntil: now + minute, limit });
}

function idsOf(mails: readonly WaitingMail[]): readonly number[] {
  return mails.map(({ id }) => id);
}

describeEngines((engine) => {
  let stores: Stores;
  let otherInstance: Stores;
  let user: UserId;
  beforeEach(async () => {
    const shared = await sharedDatabase(engine);
    ({ stores, otherInstance } = shared);
    user = (await addUser(shared.database)).id;
  });

  const aMail = (of: Partial<NewMail> = {}): NewMail => ({
    userId: user,
    to: 'zoë@example.com',
    kind: 'new-device',
    details: { device: 'Firefox on "Linux"', left: 3 },
    createdAt: NOON,
    ...of,
  });

  async function add(count: number): Promise<void> {
    for (let mail = 0; mail < count; mail += 1) await stores.outbox.add(aMail());
  }

  describe('mail', () => {
    test('is taken as it was added', async () => {
      await stores.outbox.add(aMail());
      const [taken, ...more] = await take(stores, NOON);

      assert.ok(taken !== undefined);
      assert.deepEqual(taken, { ...aMail(), id: taken.id, tries: 0 });
      assert.deepEqual(more, []);
    });

    test('is not there when its transaction failed', async () => {
      await assert.rejects(
        stores.transaction(async ({ outbox }) => {
          await outbox.add(aMail());
          throw new Error('changed its mind');
        }),
      );
      assert.equal(await stores.outbox.count(), 0);
    });

    test('is taken oldest first, as many as asked for', async () => {
      await add(5);
      const first = await take(stores, NOON, 3);
      const rest = await take(stores, NOON, 3);

      assert.deepEqual([first.length, rest.length], [3, 2]);
      const ids = [...idsOf(first), ...idsOf(rest)];
      assert.deepEqual(
        ids,
        ids.toSorted((one, other) => one - other),
      );
    });

    test('is nobody else’s until the lease ends, and then due again with one try more', async () => {
      await add(1);
      await take(stores, NOON);

      assert.deepEqual(await take(otherInstance, NOON), []);
      assert.deepEqual(await take(otherInstance, NOON + minute - 1), []);
      const [again] = await take(otherInstance, NOON + minute);
      assert.equal(again?.tries, 1);
      const [thrice] = await take(stores, NOON + 2 * minute);
      assert.equal(thrice?.tries, 2);
    });

    test('is not due before it was written', async () => {
      await stores.outbox.add(aMail({ createdAt: NOON + 1 }));
      assert.deepEqual(await take(stores, NOON), []);
      assert.equal((await take(stores, NOON + 1)).length, 1);
    });

    test('that is postponed waits until then, and lets others pass', async () => {
      await add(2);
      const [first, second] = await take(stores, NOON);
      assert.ok(first !== undefined && second !== undefined);
      await stores.outbox.postpone(first.id, NOON + 10 * minute);

      assert.deepEqual(idsOf(await take(stores, NOON + 9 * minute)), [second.id]);
      const due = await take(stores, NOON + 10 * minute);
      assert.deepEqual(
        due.map(({ id, tries }) => [id, tries]),
        [
          [first.id, 1],
          [second.id, 2],
        ],
      );
    });

    test('that was sent is gone', async () => {
      await add(2);
      const [first] = await take(stores, NOON);
      await stores.outbox.remove(first?.id ?? 0);
      await stores.outbox.remove(first?.id ?? 0);

      assert.equal(await stores.outbox.count(), 1);
      assert.equal((await take(stores, NOON + minute)).length, 1);
    });

    test('that several instances ask for at once is given to one of them', async () => {
      await add(40);
      const takes = await Promise.all(
        Array.from({ length: 20 }, (_, at) => take(at % 2 === 0 ? stores : otherInstance, NOON, 3)),
      );

      for (const taken of takes) assert.ok(taken.length <= 3);
      const ids = takes.flatMap(idsOf);
      assert.equal(new Set(ids).size, ids.length);
      // Whoever comes at the same moment may get less than there is; nothing is lost by that.
      const rest = idsOf(await take(stores, NOON, 100));
      assert.equal(new Set([...ids, ...rest]).size, 40);
      assert.equal(ids.length + rest.length, 40);
    });

    // On SQLite a transaction has the database for itself.
    if (engine.name === 'SQLite') return;
    test('that somebody takes in an open transaction holds nobody up', async () => {
      await add(4);
      await stores.transaction(async (inner) => {
        const held = idsOf(await take(inner, NOON, 2));
        const others = idsOf(await take(otherInstance, NOON, 10));
        assert.deepEqual([held.length, others.length], [2, 2]);
        assert.equal(new Set([...held, ...others]).size, 4);
      });
    });
  });
});
