/**
 * What may be used once is used once (G5), and guesses are counted before they are looked at (G7),
 * on every engine and over two instances at a time.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import {
  type AttemptState,
  failuresInARowMax,
  lockedForGood,
  lockEnd,
  type Reservation,
  reserveAttempt,
} from '../../src/core/attempts.ts';
import type { AuthenticatorId, ChallengeId, SessionKey, UserId } from '../../src/core/ids.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { Challenge, Stores } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, countOf, describeEngines, sharedDatabase } from './support/engines.ts';

const minute = 60_000;

describeEngines((engine) => {
  let database: SqlDatabase;
  let stores: Stores;
  let otherInstance: Stores;
  before(async () => {
    ({ database, stores, otherInstance } = await sharedDatabase(engine));
  });

  /** Does something fifty times at once, on two instances in turns. */
  function fiftyTimes<Value>(work: (stores: Stores) => Promise<Value>): readonly Promise<Value>[] {
    return Array.from({ length: 50 }, (_, at) => work(at % 2 === 0 ? stores : otherInstance));
  }

  async function enroll(lastStep: number): Promise<{ user: UserId; id: AuthenticatorId }> {
    const user = (await addUser(database)).id;
    const id = `ath_${user}` as AuthenticatorId;
    await stores.authenticators.create({
      id,
      userId: user,
      method: 'totp',
      name: 'phone',
      sealedCredential: 'sealed',
      lastStep,
      passkey: null,
      createdAt: NOON,
      lastUsedAt: null,
    });
    return { user, id };
  }

  async function confirmed(hashes: readonly string[]): Promise<UserId> {
    const { id } = await addUser(database);
    await stores.recoveryCodes.createUnconfirmed(id, hashes, NOON);
    await stores.recoveryCodes.confirm(id, NOON, 'drop');
    return id;
  }

  async function challenge(of: Partial<Challenge> = {}): Promise<Challenge> {
    const { id } = await addUser(database);
    const made: Challenge = {
      id: `chl_${id}` as ChallengeId,
      kind: 'totp-enrollment',
      userId: id,
      session: `session of ${id}` as SessionKey,
      sealedPayload: 'sealed',
      expiresAt: NOON + minute,
      ...of,
    };
    await stores.challenges.create(made);
    return made;
  }

  describe('a time step', () => {
    test('is accepted once, and no earlier one after it', async () => {
      const { user, id } = await enroll(-1);
      const { authenticators } = stores;

      assert.equal(await authenticators.consumeStep(id, 100, NOON), true);
      assert.equal(await authenticators.consumeStep(id, 100, NOON), false);
      assert.equal(await authenticators.consumeStep(id, 99, NOON), false);
      assert.equal(await authenticators.consumeStep(id, 101, NOON + 1), true);
      const [kept] = await authenticators.listOfUser(user);
      assert.deepEqual([kept?.lastStep, kept?.lastUsedAt], [101, NOON + 1]);
    });

    test('of which fifty arrive at once on two instances is accepted once', async () => {
      const { id } = await enroll(99);
      const uses = fiftyTimes(({ authenticators }) => authenticators.consumeStep(id, 100, NOON));
      assert.equal(await countOf(uses, (isAccepted) => isAccepted), 1);
    });

    test('is accepted after a clock had run ahead, but not a step that is merely a little old', async () => {
      const { id } = await enroll(5000);
      assert.equal(await stores.authenticators.consumeStep(id, 4990, NOON), false);
      assert.equal(await stores.authenticators.consumeStep(id, 4989, NOON), true);
      assert.equal(await stores.authenticators.consumeStep(id, 4989, NOON), false);
    });

    test('of an unknown authenticator is refused', async () => {
      assert.equal(
        await stores.authenticators.consumeStep('ath_none' as AuthenticatorId, 1, NOON),
        false,
      );
    });

    test('goes with the authenticator when it is removed', async () => {
      const { user, id } = await enroll(-1);
      assert.equal(await stores.authenticators.removeOfUser(user), 1);
      assert.equal(await stores.authenticators.consumeStep(id, 1, NOON), false);
      assert.deepEqual(await stores.authenticators.listOfUser(user), []);
    });
  });

  describe('recovery codes', () => {
    test('do not work before they are confirmed', async () => {
      const { id } = await addUser(database);
      await stores.recoveryCodes.createUnconfirmed(id, ['one'], NOON);

      assert.equal(await stores.recoveryCodes.consume(id, 'one', NOON), false);
      assert.deepEqual(
        [
          await stores.recoveryCodes.hasUnconfirmed(id),
          await stores.recoveryCodes.hasConfirmed(id),
        ],
        [true, false],
      );
    });

    test('work once each', async () => {
      const id = await confirmed(['one', 'two']);

      assert.equal(await stores.recoveryCodes.consume(id, 'one', NOON), true);
      assert.equal(await stores.recoveryCodes.consume(id, 'one', NOON), false);
      assert.equal(await stores.recoveryCodes.countLeft(id), 1);
    });

    test('of which fifty arrive at once on two instances work once', async () => {
      const id = await confirmed(['one']);
      const uses = fiftyTimes(({ recoveryCodes }) => recoveryCodes.consume(id, 'one', NOON));
      assert.equal(await countOf(uses, (isAccepted) => isAccepted), 1);
    });

    test('belong to one user', async () => {
      await confirmed(['shared']);
      const { id } = await addUser(database);
      assert.equal(await stores.recoveryCodes.consume(id, 'shared', NOON), false);
    });

    test('die when the next set is confirmed, not when it is made', async () => {
      const id = await confirmed(['old one', 'old two']);
      await stores.recoveryCodes.createUnconfirmed(id, ['abandoned'], NOON);
      await stores.recoveryCodes.createUnconfirmed(id, ['new'], NOON);
      assert.equal(await stores.recoveryCodes.consume(id, 'old one', NOON), true);

      assert.equal(await stores.recoveryCodes.confirm(id, NOON, 'drop'), true);
      assert.equal(await stores.recoveryCodes.consume(id, 'old two', NOON), false);
      assert.equal(await stores.recoveryCodes.consume(id, 'abandoned', NOON), false);
      assert.equal(await stores.recoveryCodes.consume(id, 'new', NOON), true);
    });

    test('of earlier sets go on working where they are kept', async () => {
      const id = await confirmed(['old']);
      await stores.recoveryCodes.createUnconfirmed(id, ['new'], NOON);
      await stores.recoveryCodes.confirm(id, NOON, 'keep');

      assert.equal(await stores.recoveryCodes.countLeft(id), 2);
      assert.equal(await stores.recoveryCodes.consume(id, 'old', NOON), true);
    });

    test('are known to have been confirmed after the last is used, until they are removed', async () => {
      const id = await confirmed(['only']);
      await stores.recoveryCodes.consume(id, 'only', NOON);
      assert.equal(await stores.recoveryCodes.hasConfirmed(id), true);

      await stores.recoveryCodes.removeOfUser(id);
      assert.equal(await stores.recoveryCodes.hasConfirmed(id), false);
    });

    test('are confirmed once', async () => {
      const { id } = await addUser(database);
      await stores.recoveryCodes.createUnconfirmed(id, ['a', 'b'], NOON);
      const confirmations = fiftyTimes(({ recoveryCodes }) =>
        recoveryCodes.confirm(id, NOON, 'drop'),
      );
      assert.equal(await countOf(confirmations, (isConfirmed) => isConfirmed), 1);
      assert.equal(await stores.recoveryCodes.countLeft(id), 2);
    });

    test('made twice at once leave one set', async () => {
      const { id } = await addUser(database);
      await Promise.all([
        stores.recoveryCodes.createUnconfirmed(id, ['a1', 'a2'], NOON),
        otherInstance.recoveryCodes.createUnconfirmed(id, ['b1', 'b2'], NOON),
      ]);
      await stores.recoveryCodes.confirm(id, NOON, 'drop');
      assert.equal(await stores.recoveryCodes.countLeft(id), 2);
    });
  });

  describe('a challenge', () => {
    test('is found as often as one likes and used once', async () => {
      const made = await challenge();
      const { kind, session } = made;

      assert.deepEqual(await stores.challenges.find(kind, session, NOON), made);
      assert.deepEqual(await stores.challenges.consume(kind, session, NOON), made);
      assert.equal(await stores.challenges.consume(kind, session, NOON), null);
      assert.equal(await stores.challenges.find(kind, session, NOON), null);
    });

    test('of which fifty answers arrive at once on two instances is used once', async () => {
      const { kind, session } = await challenge();
      const uses = fiftyTimes(({ challenges }) => challenges.consume(kind, session, NOON));
      assert.equal(await countOf(uses, (used) => used !== null), 1);
    });

    test('is gone for another session, another kind and after its time', async () => {
      const { kind, session, expiresAt } = await challenge();
      const { challenges } = stores;

      assert.equal(await challenges.consume(kind, 'other' as SessionKey, NOON), null);
      assert.equal(await challenges.consume('recovery-codes-display', session, NOON), null);
      assert.equal(await challenges.consume(kind, session, expiresAt), null);
      assert.equal(await challenges.find(kind, session, expiresAt), null);
      assert.notEqual(await challenges.consume(kind, session, expiresAt - 1), null);
    });

    test('takes the place of an earlier one of its kind', async () => {
      const first = await challenge();
      const second = { ...first, id: `${first.id}b` as ChallengeId, sealedPayload: 'second' };
      await stores.challenges.create(second);

      assert.deepEqual(await stores.challenges.consume(first.kind, first.session, NOON), second);
      assert.equal(await stores.challenges.consume(first.kind, first.session, NOON), null);
    });

    test('moves with its session', async () => {
      const { kind, session } = await challenge();
      const next = `${session} rotated` as SessionKey;
      await stores.challenges.rebind(session, next);

      assert.equal(await stores.challenges.find(kind, session, NOON), null);
      assert.equal((await stores.challenges.find(kind, next, NOON))?.session, next);
    });

    test('is removed once expired', async () => {
      const { kind, session, expiresAt } = await challenge();
      await stores.challenges.removeExpired(expiresAt);
      assert.equal(await stores.challenges.find(kind, session, NOON), null);
    });
  });

  describe('the lockout counter', () => {
    const limits = { failuresMax: 5, withinSeconds: 900, durationSeconds: 600 };
    const within = limits.withinSeconds * 1000;
    const duration = limits.durationSeconds * 1000;

    async function guess(user: UserId, times: number, at = NOON): Promise<void> {
      for (let time = 0; time < times; time += 1) await stores.attempts.reserve(user, limits, at);
    }

    test('counts as the arithmetic of the core does, to the hundredth failure in a row', async () => {
      const { id } = await addUser(database);
      let state: AttemptState | null = null;
      let at = NOON;
      for (let time = 0; time < failuresInARowMax; time += 1) {
        const expected: Reservation = reserveAttempt(state, limits, at);
        state = expected.state;
        assert.ok(expected.ok);
        assert.deepEqual(await stores.attempts.reserve(id, limits, at), {
          ok: true,
          failuresLeft: expected.failuresLeft,
        });
        at = lockEnd(state, limits, at) ?? at;
      }

      const inAYear = NOON + 365 * 86_400_000;
      assert.deepEqual(await stores.attempts.reserve(id, limits, inAYear), {
        ok: false,
        lockedUntil: lockedForGood,
      });
      await stores.attempts.reset(id);
      assert.equal((await stores.attempts.reserve(id, limits, inAYear)).ok, true);
    });

    test('allows the last guess and locks with it', async () => {
      const { id } = await addUser(database);
      const { attempts } = stores;
      const left: unknown[] = [];
      for (let time = 0; time < 5; time += 1) left.push(await attempts.reserve(id, limits, NOON));

      assert.deepEqual(
        left,
        [4, 3, 2, 1, 0].map((failuresLeft) => ({ ok: true, failuresLeft })),
      );
      const lockedUntil = NOON + duration;
      assert.equal(await attempts.lockedUntil(id, NOON), lockedUntil);
      assert.deepEqual(await attempts.reserve(id, limits, NOON + 1), { ok: false, lockedUntil });
    });

    test('is not moved by guesses during the lock, and starts anew after it', async () => {
      const { id } = await addUser(database);
      await guess(id, 5);
      await guess(id, 3, NOON + duration - 1);

      assert.equal(await stores.attempts.lockedUntil(id, NOON + duration), null);
      assert.deepEqual(await stores.attempts.reserve(id, limits, NOON + duration), {
        ok: true,
        failuresLeft: 4,
      });
    });

    test('forgets failures that lie further apart than its window', async () => {
      const { id } = await addUser(database);
      await guess(id, 4);

      assert.deepEqual(await stores.attempts.reserve(id, limits, NOON + within), {
        ok: true,
        failuresLeft: 4,
      });
    });

    test('forgets everything after a right answer, the lock too', async () => {
      const { id } = await addUser(database);
      await guess(id, 5);
      await stores.attempts.reset(id);

      assert.equal(await stores.attempts.lockedUntil(id, NOON), null);
      assert.deepEqual(await stores.attempts.reserve(id, limits, NOON), {
        ok: true,
        failuresLeft: 4,
      });
    });

    test('lets five of fifty guesses through that arrive at once on two instances', async () => {
      const { id } = await addUser(database);
      const guesses = fiftyTimes(({ attempts }) => attempts.reserve(id, limits, NOON));
      assert.equal(await countOf(guesses, ({ ok }) => ok), 5);
    });

    test('locks at the first guess where one is allowed', async () => {
      const { id } = await addUser(database);
      const strict = { ...limits, failuresMax: 1 };

      assert.equal((await stores.attempts.reserve(id, strict, NOON)).ok, true);
      assert.equal((await stores.attempts.reserve(id, strict, NOON)).ok, false);
    });

    test('does not let go when the clock goes back', async () => {
      const { id } = await addUser(database);
      await guess(id, 5);
      assert.equal((await stores.attempts.reserve(id, limits, NOON - 3600 * 1000)).ok, false);
    });

    test('of one user says nothing of another', async () => {
      const [one, other] = [await addUser(database), await addUser(database)];
      await guess(one.id, 5);
      assert.equal(await stores.attempts.lockedUntil(other.id, NOON), null);
    });
  });
});
