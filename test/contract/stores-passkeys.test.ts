/**
 * Passkeys are found by a credential id that one of them has, their counters only rise, and a
 * challenge that carries its own proof is used once (G5), on every engine and over two instances.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { AuthenticatorId, UserId } from '../../src/core/ids.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { CredentialTaken, type Authenticator, type Stores } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, aPasskey, countOf, describeEngines, sharedDatabase } from './support/engines.ts';

type PasskeyUse = Parameters<Stores['authenticators']['recordPasskeyUse']>[1];

function use(signCount: number, of: Partial<PasskeyUse> = {}): PasskeyUse {
  return { signCount, isBackedUp: false, at: NOON, ...of };
}

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

  async function enrolled(of: Parameters<typeof aPasskey>[1] = {}): Promise<Authenticator> {
    const passkey = aPasskey((await addUser(database)).id, of);
    await stores.authenticators.create(passkey);
    return passkey;
  }

  describe('a passkey', () => {
    test('comes back as it was created, by its user and by its credential id', async () => {
      const made = await enrolled({ signCount: 7, isBackedUp: true, attestedModel: 'model' });
      const { authenticators } = stores;

      assert.deepEqual(await authenticators.listOfUser(made.userId), [made]);
      const credentialId = made.passkey?.credentialId ?? '';
      assert.deepEqual(await authenticators.findByCredentialId(credentialId), made);
    });

    test('is not found by anything else', async () => {
      const { passkey } = await enrolled();
      const id = passkey?.credentialId ?? '';
      for (const other of [id.toUpperCase(), `${id}=`, ` ${id}`, `${id}\0`, '', '%']) {
        const found = await stores.authenticators.findByCredentialId(other);
        assert.equal(found, null, JSON.stringify(other));
      }
    });

    test('cannot take a credential id that is enrolled, by the same person or another', async () => {
      const first = await enrolled();
      const credentialId = first.passkey?.credentialId ?? '';
      const other = (await addUser(database)).id;

      for (const user of [first.userId, other]) {
        const second = aPasskey(user, { name: 'second', credentialId });
        await assert.rejects(stores.authenticators.create(second), CredentialTaken);
      }

      assert.deepEqual(await stores.authenticators.findByCredentialId(credentialId), first);
      assert.deepEqual(await stores.authenticators.listOfUser(other), []);
    });

    test('whose credential id is taken leaves the transaction usable', async () => {
      const { userId, passkey } = await enrolled();
      const again = { name: 'again', credentialId: passkey?.credentialId ?? '' };

      await stores.transaction(async ({ authenticators, users }) => {
        await assert.rejects(authenticators.create(aPasskey(userId, again)), CredentialTaken);
        await users.setMustEnrollAt(userId, NOON);
      });

      assert.equal((await stores.users.findById(userId))?.mustEnrollAt, NOON);
    });

    test('that twenty people enroll at once belongs to one of them', async () => {
      const people = await Promise.all(twentyTimes(() => addUser(database)));
      const creations = twentyTimes(async ({ authenticators }, at) => {
        const user = people[at]?.id ?? ('' as UserId);
        try {
          await authenticators.create(aPasskey(user, { credentialId: 'contended' }));
          return true;
        } catch (error) {
          assert.ok(error instanceof CredentialTaken);
          return false;
        }
      });
      assert.equal(await countOf(creations, (isCreated) => isCreated), 1);
    });

    test('may be enrolled beside any number of things that have no credential id', async () => {
      const user = (await addUser(database)).id;
      for (const name of ['one', 'two']) {
        const id = `ath_${user}_${name}` as AuthenticatorId;
        const app = { ...aPasskey(user, { name }), id, method: 'totp', passkey: null } as const;
        await stores.authenticators.create(app);
      }
      assert.equal((await stores.authenticators.listOfUser(user)).length, 2);
    });
  });

  describe('the counter of a passkey', () => {
    // prettier-ignore
    const cases = [
      // stored  sent   accepted
      [0,        0,     true],
      [0,        1,     true],
      [5,        6,     true],
      [5,        5,     false],
      [5,        4,     false],
      [5,        0,     false],
      [4294967294, 4294967295, true],
    ] as const;
    for (const [stored, sent, isAccepted] of cases) {
      const verb = isAccepted ? 'goes' : 'does not go';
      test(`${verb} from ${String(stored)} to ${String(sent)}`, async () => {
        const made = await enrolled({ signCount: stored });
        const { authenticators } = stores;

        const at = NOON + 1;
        const answer = await authenticators.recordPasskeyUse(
          made.id,
          use(sent, { at, isBackedUp: true }),
        );

        assert.equal(answer, isAccepted);
        const [kept] = await authenticators.listOfUser(made.userId);
        const expected = isAccepted ? [sent, true, at] : [stored, false, null];
        assert.deepEqual(
          [kept?.passkey?.signCount, kept?.passkey?.isBackedUp, kept?.lastUsedAt],
          expected,
        );
      });
    }

    test('that twenty answers bring at once is taken once', async () => {
      const { id } = await enrolled({ signCount: 5 });
      const uses = twentyTimes(({ authenticators }) => authenticators.recordPasskeyUse(id, use(6)));
      assert.equal(await countOf(uses, (isTaken) => isTaken), 1);
    });

    test('ends at the highest of those that arrive at once', async () => {
      const { id, userId } = await enrolled({ signCount: 5 });
      await Promise.all(
        twentyTimes(({ authenticators }, at) => authenticators.recordPasskeyUse(id, use(25 - at))),
      );
      const [kept] = await stores.authenticators.listOfUser(userId);
      assert.equal(kept?.passkey?.signCount, 25);
    });

    test('is that of no unknown authenticator, and of none that is no passkey', async () => {
      const user = (await addUser(database)).id;
      const app = { ...aPasskey(user), method: 'totp', passkey: null } as const;
      await stores.authenticators.create(app);
      for (const id of [app.id, 'ath_none' as AuthenticatorId]) {
        assert.equal(await stores.authenticators.recordPasskeyUse(id, use(0)), false);
      }
    });
  });

  describe('an authenticator', () => {
    test('is renamed by its owner and nobody else', async () => {
      const { id, userId } = await enrolled();
      const stranger = (await addUser(database)).id;
      const { authenticators } = stores;

      assert.equal(await authenticators.rename(stranger, id, 'mine'), false);
      assert.equal(await authenticators.rename(userId, 'ath_none' as AuthenticatorId, 'x'), false);
      assert.equal(await authenticators.rename(userId, id, 'Schlüssel'), true);
      assert.equal((await authenticators.listOfUser(userId))[0]?.name, 'Schlüssel');
    });

    test('is removed once, by its owner and nobody else, and leaves the others', async () => {
      const made = await enrolled();
      const kept = aPasskey(made.userId, { name: 'kept' });
      await stores.authenticators.create(kept);
      const stranger = (await addUser(database)).id;

      assert.equal(await stores.authenticators.remove(stranger, made.id), false);
      const removals = twentyTimes(({ authenticators }) =>
        authenticators.remove(made.userId, made.id),
      );
      assert.equal(await countOf(removals, (isRemoved) => isRemoved), 1);
      assert.deepEqual(await stores.authenticators.listOfUser(made.userId), [kept]);
    });

    test('that was removed may be enrolled again', async () => {
      const made = await enrolled();
      await stores.authenticators.remove(made.userId, made.id);
      await stores.authenticators.create(made);
      assert.deepEqual(await stores.authenticators.listOfUser(made.userId), [made]);
    });
  });

  describe('a challenge that carries its own proof', () => {
    test('is used once', async () => {
      const { usedChallenges } = stores;
      assert.equal(await usedChallenges.consume('a', NOON), true);
      assert.equal(await usedChallenges.consume('a', NOON + 1), false);
      assert.equal(await usedChallenges.consume('b', NOON), true);
    });

    test('of which twenty answers arrive at once on two instances is used once', async () => {
      const uses = twentyTimes(({ usedChallenges }) => usedChallenges.consume('raced', NOON));
      assert.equal(await countOf(uses, (isUsed) => isUsed), 1);
    });

    test('that was used before leaves the transaction usable', async () => {
      await stores.usedChallenges.consume('seen', NOON);
      const { id } = await addUser(database);
      await stores.transaction(async ({ usedChallenges, users }) => {
        assert.equal(await usedChallenges.consume('seen', NOON), false);
        await users.setMustEnrollAt(id, NOON);
      });
      assert.equal((await stores.users.findById(id))?.mustEnrollAt, NOON);
    });

    test('is not used up by a transaction that failed', async () => {
      await assert.rejects(
        stores.transaction(async ({ usedChallenges }) => {
          await usedChallenges.consume('undone', NOON);
          throw new Error('changed its mind');
        }),
      );
      assert.equal(await stores.usedChallenges.consume('undone', NOON), true);
    });

    test('is remembered until it would have expired', async () => {
      const { usedChallenges } = stores;
      await usedChallenges.consume('early', NOON + 1000);
      await usedChallenges.consume('late', NOON + 1001);
      await usedChallenges.removeExpired(NOON + 1000);

      assert.equal(await usedChallenges.consume('late', NOON + 1001), false);
      assert.equal(await usedChallenges.consume('early', NOON + 1000), true);
    });
  });
});
