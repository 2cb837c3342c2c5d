/**
 * Sessions, wherever they are kept: nobody's id is stored, what ended stays ended (G6, G10), and
 * express-session cannot bring back what was removed while a request was under way.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionKey, UserId } from '../../src/core/ids.ts';
import { Problem } from '../../src/core/problem.ts';
import { sessionKeyOf } from '../../src/platform/session-key.ts';
import type { Session, User } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser } from './support/engines.ts';
import {
  describeSessionPlaces,
  lifetimes,
  openPortal,
  recordOf,
  sessionIn,
  type SessionBench,
  type TestPortal,
} from './support/session-places.ts';

const idle = lifetimes.idleSeconds;

describeSessionPlaces((fresh) => {
  let bench: SessionBench;
  let portal: TestPortal;
  let anna: User;
  beforeEach(async () => {
    bench = await fresh();
    portal = await openPortal(bench);
    anna = await addUser(bench.database);
  });
  afterEach(() => portal.close());

  /** Signs a user in and returns cookie and session. */
  async function signIn(user: User = anna): Promise<{ cookie: string; session: Session }> {
    const { cookie } = await portal.begin(recordOf(user, { now: bench.clock.now() }));
    const session = await sessionIn(bench, cookie);
    assert.ok(cookie !== null && session !== null);
    return { cookie, session };
  }

  describe('a session', () => {
    test('is found by its cookie as it was written, and is its own lineage', async () => {
      const record = recordOf(anna, { now: NOON });
      const { cookie } = await portal.begin(record);

      const session = await sessionIn(bench, cookie);
      assert.ok(session !== null);
      assert.deepEqual(session, { ...record, key: session.key, lineage: session.key });
      assert.equal((await portal.read(cookie ?? undefined)).user, anna.id);
    });

    test('keeps its lineage when its id changes, and the old id is dead', async () => {
      const first = await signIn();
      const record = recordOf(anna, { now: NOON, lineage: first.session.lineage });
      const { cookie } = await portal.begin(record, first.cookie);

      const second = await sessionIn(bench, cookie);
      assert.equal(second?.lineage, first.session.key);
      assert.notEqual(second?.key, first.session.key);
      assert.equal(await sessionIn(bench, first.cookie), null);
    });

    test('is found by its key while it lives, and by no other', async () => {
      const { session } = await signIn();
      const end = NOON + idle * 1000;
      assert.deepEqual(await bench.sessions.findByKey(session.key, NOON), session);
      assert.equal(await bench.sessions.findByKey(session.key, end), null);
      assert.equal(await bench.sessions.findByKey('f'.repeat(64) as SessionKey, NOON), null);
      await bench.sessions.remove(session.key);
      assert.equal(await bench.sessions.findByKey(session.key, NOON), null);
    });

    test('is known to the store by a hash, so that what is stored opens nothing', async () => {
      const { cookie, session } = await signIn();
      const id = decodeURIComponent(cookie).replace(/^[^:]+:([^.]+)\..*$/, '$1');

      assert.equal(session.key, sessionKeyOf(id));
      assert.equal(
        JSON.stringify(await bench.sessions.listOfUser(anna.id, NOON)).includes(id),
        false,
      );
      assert.equal(await bench.sessions.findById(session.key, NOON), null);
    });

    test('is seen and ended by every instance at once', async () => {
      const { session } = await signIn();
      const other = bench.anotherInstance();
      assert.deepEqual(await other.sessions.listOfUser(anna.id, NOON), [session]);

      assert.equal(await other.sessions.remove(session.key), true);
      assert.deepEqual(await bench.sessions.listOfUser(anna.id, NOON), []);
      assert.equal(await bench.sessions.remove(session.key), false);
    });

    test('ends when it was idle for too long, at that very second', async () => {
      const { cookie } = await signIn();
      bench.clock.advance(idle - 1);
      assert.notEqual(await sessionIn(bench, cookie), null);
      bench.clock.advance(1);
      assert.equal(await sessionIn(bench, cookie), null);
    });

    test('ends after its whole time, however busy it was', async () => {
      const { cookie } = await signIn();
      for (let at = 0; at + idle / 2 < lifetimes.absoluteSeconds; at += idle / 2) {
        bench.clock.advance(idle / 2);
        const session = await sessionIn(bench, cookie);
        assert.ok(session !== null);
        await bench.sessions.touch(session, bench.clock.now());
      }
      bench.clock.advance(idle / 2);
      assert.equal(await sessionIn(bench, cookie), null);
    });

    test('that has ended does not come back when the clock goes back', async () => {
      const [seen, unseen] = [await signIn(), await signIn()];
      bench.clock.advance(idle + 60);
      assert.equal(await sessionIn(bench, seen.cookie), null);

      bench.clock.set(NOON + 60_000);
      assert.equal(await sessionIn(bench, seen.cookie), null);
      assert.equal(await sessionIn(bench, unseen.cookie), null);
    });

    test('from the future is none', async () => {
      const { cookie } = await signIn();
      bench.clock.set(NOON - 3600_000);
      assert.equal(await sessionIn(bench, cookie), null);
      bench.clock.set(NOON);
      assert.equal(await sessionIn(bench, cookie), null);
    });
  });

  describe('a touch', () => {
    test('moves the end of the idle time', async () => {
      const { cookie, session } = await signIn();
      bench.clock.advance(idle - 1);
      await bench.sessions.touch(session, bench.clock.now());
      bench.clock.advance(idle - 1);
      assert.notEqual(await sessionIn(bench, cookie), null);
    });

    test('never brings a session back', async () => {
      const { cookie, session } = await signIn();
      await bench.sessions.remove(session.key);
      await bench.sessions.touch(session, NOON + 1000);

      assert.equal(await sessionIn(bench, cookie), null);
      assert.deepEqual(await bench.sessions.listOfUser(anna.id, NOON), []);
      assert.equal(await bench.sessions.countActive(NOON), 0);
    });
  });

  describe('the sessions of a user', () => {
    test("are listed, the last seen first, and nobody else's", async () => {
      const ben = await addUser(bench.database);
      await signIn(ben);
      const first = await signIn();
      bench.clock.advance(60);
      const second = await signIn();

      const keys = (await bench.sessions.listOfUser(anna.id, bench.clock.now())).map(
        ({ key }) => key,
      );
      assert.deepEqual(keys, [second.session.key, first.session.key]);
    });

    test('end together, but for the one to keep', async () => {
      const ben = await addUser(bench.database);
      const others = await signIn(ben);
      const [one, two, kept] = [await signIn(), await signIn(), await signIn()];

      const ended = await bench.sessions.removeOfUser(anna.id, kept.session.key);
      assert.deepEqual(new Set(ended), new Set([one.session.key, two.session.key]));
      assert.notEqual(await sessionIn(bench, kept.cookie), null);
      assert.notEqual(await sessionIn(bench, others.cookie), null);
      assert.equal(await sessionIn(bench, one.cookie), null);

      assert.deepEqual(await bench.sessions.removeOfUser(anna.id), [kept.session.key]);
      assert.deepEqual(await bench.sessions.removeOfUser(anna.id), []);
    });

    test('are none for somebody unknown', async () => {
      const nobody = 'usr_nobody' as UserId;
      assert.deepEqual(await bench.sessions.listOfUser(nobody, NOON), []);
      assert.deepEqual(await bench.sessions.removeOfUser(nobody), []);
    });
  });

  test('active sessions are counted, ended ones are swept up', async () => {
    await signIn();
    bench.clock.advance(idle / 2);
    const { session } = await signIn();
    assert.equal(await bench.sessions.countActive(bench.clock.now()), 2);

    bench.clock.advance(idle / 2);
    assert.equal(await bench.sessions.countActive(bench.clock.now()), 1);
    await bench.sessions.removeExpired(bench.clock.now());
    const left = await bench.sessions.listOfUser(anna.id, bench.clock.now());
    assert.deepEqual(
      left.map(({ key }) => key),
      [session.key],
    );
    await bench.sessions.check();
  });

  describe('express-session', () => {
    test('stores nothing for a visitor and gives them no cookie', async () => {
      const { setCookie, user } = await portal.read();
      assert.deepEqual([setCookie, user], [null, null]);
      assert.equal(await bench.sessions.countActive(NOON), 0);
    });

    test('cannot bring back a session that was ended while a page was being answered', async () => {
      const { cookie, session } = await signIn();
      bench.clock.advance(120);

      const answer = await portal.dwell(cookie, async () => {
        await bench.sessions.remove(session.key);
      });

      assert.equal(answer.status, 200);
      assert.equal(await sessionIn(bench, cookie), null);
      assert.equal((await portal.read(cookie)).user, null);
    });

    test('cannot bring back a session that was ended between two saves of one request', async () => {
      const record = recordOf(anna, { now: NOON });
      const { cookie } = await portal.beginAndSaveAgain(record, async () => {
        const keys = await bench.sessions.removeOfUser(anna.id);
        assert.equal(keys.length, 1);
      });
      assert.equal(await sessionIn(bench, cookie), null);
    });

    test('cannot change a session under its id', async () => {
      const { cookie, session } = await signIn();
      const proofs = [...session.proofs, { method: 'totp', at: NOON, origin: 'answer' }] as const;

      const answer = await portal.overwrite(recordOf(anna, { now: NOON, proofs }), cookie);

      assert.equal((answer.error as Error).name, 'AssertionError');
      assert.deepEqual(await sessionIn(bench, cookie), session);
    });

    test('keeps a session that its pages are used in', async () => {
      const { cookie } = await signIn();
      bench.clock.advance(idle - 1);
      await portal.read(cookie);
      bench.clock.advance(idle - 1);
      assert.equal((await portal.read(cookie)).user, anna.id);
    });

    // prettier-ignore
    const endings = [
      // what happened meanwhile   how
      ['the sign-in was ended',    (key: SessionKey) => bench.database.stores.revokedSessions.add(key, NOON + 60_000)],
      ['all sessions were ended',  () => bench.database.stores.users.raiseSessionEpoch(anna.id)],
      ['the account was disabled', () => bench.database.stores.users.setDisabled(anna.id, true)],
    ] as const;

    for (const [what, end] of endings) {
      test(`begins no session and sets no cookie when ${what} meanwhile`, async () => {
        const { cookie, session } = await signIn();
        await end(session.lineage);

        const record = recordOf(anna, { now: NOON, lineage: session.lineage });
        const answer = await portal.begin(record, cookie);

        assert.ok(answer.error instanceof Problem);
        assert.equal(answer.error.code, 'not-signed-in');
        assert.equal(answer.setCookie, null);
        assert.equal(await bench.sessions.countActive(NOON), 0);
      });
    }
  });
});
