/** A tenant's sessions, wherever they are kept: those that still count, and nobody else's (G10). */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { defaultTenant, type SessionKey, type TenantId } from '../../src/core/ids.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import { RedisLink } from '../../src/stores/sessions/redis-link.ts';
import { redisSessionRecords } from '../../src/stores/sessions/redis-session-store.ts';
import type { SessionRecords } from '../../src/stores/sessions/session-record.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { Session, User } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { startRedis, type ThrowAwayServer } from '../support/servers.ts';
import { openThrowAwayDatabase } from '../support/throw-away-database.ts';
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

const acme = 'acme' as TenantId;

describeSessionPlaces((fresh) => {
  let bench: SessionBench;
  let portal: TestPortal;
  let anna: User;
  beforeEach(async () => {
    bench = await fresh();
    portal = await openPortal(bench);
    await bench.database.stores.tenants.create({
      id: acme,
      name: 'Acme',
      rules: noTenantRules,
      gracePeriodDays: 0,
    });
    anna = await addUser(bench.database);
  });
  afterEach(() => portal.close());

  async function signIn(user: User, secondsLater = 1): Promise<Session> {
    bench.clock.advance(secondsLater);
    const { cookie } = await portal.begin(recordOf(user, { now: bench.clock.now() }));
    const session = await sessionIn(bench, cookie);
    return session ?? assert.fail();
  }

  async function list(
    tenant: TenantId = defaultTenant,
    after: SessionKey | null = null,
    limit = 100,
  ): Promise<readonly SessionKey[]> {
    const listed = await bench.sessions.listOfTenant(tenant, { after, limit }, bench.clock.now());
    return listed.map(({ session }) => session.key);
  }

  describe('the sessions of a tenant', () => {
    test('are listed with their people, the last seen first, page by page', async () => {
      const ben = await addUser(bench.database, { groups: ['OPS'] });
      const [first, second, third] = [await signIn(anna), await signIn(ben), await signIn(anna)];
      const keys = [third.key, second.key, first.key];

      assert.deepEqual(await list(), keys);
      assert.deepEqual(await list(defaultTenant, null, 2), keys.slice(0, 2));
      assert.deepEqual(await list(defaultTenant, second.key, 2), keys.slice(2));
      assert.deepEqual(await list(defaultTenant, first.key), []);
      const [, listed] = await bench.sessions.listOfTenant(
        defaultTenant,
        { after: null, limit: 5 },
        bench.clock.now(),
      );
      assert.deepEqual(listed, { session: second, user: ben });
    });

    test('are listed when they began in one millisecond, each once', async () => {
      const keys: SessionKey[] = [];
      for (let count = 0; count < 5; count += 1) keys.push((await signIn(anna, 0)).key);
      const pages: SessionKey[] = [];
      for (let after: SessionKey | null = null; ;) {
        const [key] = await list(defaultTenant, after, 1);
        if (key === undefined) break;
        pages.push(key);
        after = key;
      }
      assert.deepEqual([...pages].sort(), [...keys].sort());
    });

    test('are those of its own people and of no other', async () => {
      const ada = await addUser(bench.database, { tenant: acme });
      const [own, other] = [await signIn(anna), await signIn(ada)];
      assert.deepEqual(await list(), [own.key]);
      assert.deepEqual(await list(acme), [other.key]);
      assert.deepEqual(await list('nowhere' as TenantId), []);
    });

    test('are not listed once they do not count any more, whatever ended them', async () => {
      const { users, revokedSessions } = bench.database.stores;
      const people = [];
      for (let count = 0; count < 4; count += 1) people.push(await addUser(bench.database));
      const [raised, disabled, removed, still] = people;
      const sessions = [];
      for (const user of people) sessions.push(await signIn(user));
      const revoked = await signIn(still ?? assert.fail());
      assert.equal((await list()).length, 5);

      await users.raiseSessionEpoch(raised?.id ?? assert.fail());
      await users.setDisabled(disabled?.id ?? assert.fail(), true);
      await users.remove(removed?.id ?? assert.fail());
      await revokedSessions.add(revoked.lineage, bench.clock.now() + 1000);
      assert.deepEqual(await list(), [sessions[3]?.key]);

      bench.clock.advance(lifetimes.idleSeconds);
      assert.deepEqual(await list(), []);
    });

    test('from the future are none', async () => {
      await signIn(anna, 7200);
      bench.clock.advance(-7200);
      assert.deepEqual(await list(), []);
    });

    test('go on when the one that a page ended with has ended, and begin anew', async () => {
      const [first, second] = [await signIn(anna), await signIn(anna)];
      await bench.sessions.remove(second.key);
      assert.deepEqual(await list(defaultTenant, second.key), [first.key]);
      assert.deepEqual(await list(defaultTenant, 'no\0key' as SessionKey), [first.key]);
    });
  });
});

describe('thousands of sessions in Redis', () => {
  let redis: ThrowAwayServer;
  let records: SessionRecords;
  let database: SqlDatabase;
  before(async () => {
    redis = await startRedis();
    database = await openThrowAwayDatabase({ kind: 'sqlite', file: ':memory:' }, systemRandom);
    records = redisSessionRecords({
      link: new RedisLink({ mode: 'single', urls: [redis.url] }),
      lifetimes: () => lifetimes,
      table: database.sessions,
    });
  });
  after(async () => {
    await records.close();
    await redis.remove();
    await database.close();
  });

  test('are walked through for the few of a small tenant', async () => {
    await database.stores.tenants.create({
      id: acme,
      name: 'Acme',
      rules: noTenantRules,
      gracePeriodDays: 0,
    });
    const [anna, ada] = [await addUser(database), await addUser(database, { tenant: acme })];
    const keys: SessionKey[] = [];
    for (let at = 0; at < 1300; at += 1) {
      const isAcme = at % 400 === 3;
      const key = `key-${String(at)}` as SessionKey;
      if (isAcme) keys.push(key);
      const { lineage: _none, ...record } = recordOf(isAcme ? ada : anna, {
        now: NOON + Math.floor(at / 10),
      });
      await records.create({ ...record, key, lineage: key });
    }
    const all = await records.listOfTenant(acme, { after: null, limit: 10 }, NOON);
    assert.deepEqual(
      all.map(({ session }) => session.key),
      keys.toReversed(),
    );
    const [, second] = all;
    const next = await records.listOfTenant(
      acme,
      { after: second?.session.key ?? null, limit: 1 },
      NOON,
    );
    assert.deepEqual(next, all.slice(2, 3));
  });
});
