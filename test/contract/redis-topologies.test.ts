/** A Redis cluster and a primary behind sentinels keep sessions as one server does. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { createClient } from 'redis';

import { systemRandom } from '../../src/platform/random.ts';
import { openLimits, defaultRates } from '../../src/stores/limits/limits.ts';
import { openSessions, type SessionLocation } from '../../src/stores/sessions/choose.ts';
import { openDatabase, type SqlDatabase } from '../../src/stores/sql/database.ts';
import { StoreUnavailable } from '../../src/stores/types.ts';
import { fixedClock, NOON } from '../support/fixed-clock.ts';
import { startRedis, startSentinel, type ThrowAwayServer } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { addUser } from './support/engines.ts';
import {
  lifetimes,
  openPortal,
  recordOf,
  sessionIn,
  type SessionBench,
} from './support/session-places.ts';

const folder = temporaryFolder();
let database: SqlDatabase;
before(async () => {
  database = openDatabase(
    { kind: 'sqlite', file: `${folder.path}/sallyport.db` },
    { random: systemRandom },
  );
  await database.migrate();
});
after(async () => {
  await database.close();
  folder.remove();
});

function open(location: SessionLocation): SessionBench {
  const clock = fixedClock();
  const again = () => openSessions({ location, database, clock, lifetimes: () => lifetimes });
  return { ...again(), database, clock, anotherInstance: again };
}

async function command(server: ThrowAwayServer, args: readonly string[]): Promise<unknown> {
  const client = createClient({
    url: server.url.reveal(),
    socket: { reconnectStrategy: false },
  });
  await client.connect();
  const answer: unknown = await client.sendCommand([...args]);
  await client.close();
  return answer;
}

async function untilWell({ sessions }: SessionBench): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      await sessions.check();
      return;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable);
      await pause(50);
    }
  }
  assert.fail('It is not well.');
}

/** Goes through the life of three sessions; the keys of one lie in many places of a cluster. */
async function assertKeepsSessions(bench: SessionBench): Promise<void> {
  const anna = await addUser(database);
  const portal = await openPortal(bench);
  await untilWell(bench);
  const cookies = [];
  for (let count = 0; count < 3; count += 1) {
    const { cookie, error } = await portal.begin(recordOf(anna, { now: NOON }));
    assert.equal(error, null);
    cookies.push(cookie);
  }
  const [first = null, second = null] = cookies;
  const session = await sessionIn(bench, first);
  assert.equal(session?.userId, anna.id);
  await bench.sessions.touch(session, NOON + 60_000);
  assert.equal(await bench.sessions.countActive(NOON), 3);
  assert.equal((await bench.sessions.listOfUser(anna.id, NOON + 60_000)).length, 3);
  assert.equal(await bench.sessions.remove(session.key), true);
  assert.equal(await sessionIn(bench, first), null);
  assert.equal((await bench.sessions.removeOfUser(anna.id)).length, 2);
  assert.equal(await sessionIn(bench, second), null);
  await bench.sessions.removeExpired(NOON + 86_400_000);

  const limits = openLimits({ redis: bench.redis, rates: defaultRates });
  assert.equal((await limits.password('anna', '192.0.2.1')).ok, true);
  await limits.passwordSucceeded('anna', '192.0.2.1');
  await portal.close();
}

describe('a Redis cluster', () => {
  let node: ThrowAwayServer;
  let bench: SessionBench;
  before(async () => {
    node = await startRedis(['--cluster-enabled', 'yes']);
    await command(node, ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']);
    bench = open({ kind: 'redis', mode: 'cluster', urls: [node.url] });
  });
  after(async () => {
    await bench.sessions.close();
    await node.remove();
  });

  test('keeps sessions and limits', () => assertKeepsSessions(bench));

  test('that goes away is unavailable, and well again once it is back', async () => {
    await node.kill();
    await assert.rejects(bench.sessions.findById('x', NOON), StoreUnavailable);
    await assert.rejects(bench.sessions.check(), StoreUnavailable);
    await node.restart();
    await assertKeepsSessions(bench);
  });
});

describe('a primary behind sentinels', () => {
  let primary: ThrowAwayServer;
  let sentinel: ThrowAwayServer;
  let bench: SessionBench;
  before(async () => {
    primary = await startRedis();
    sentinel = await startSentinel(primary);
    bench = open({ kind: 'redis', mode: 'sentinel', urls: [sentinel.url] });
  });
  after(async () => {
    await bench.sessions.close();
    await sentinel.remove();
    await primary.remove();
  });

  test('keeps sessions and limits', () => assertKeepsSessions(bench));

  test('that goes away is unavailable, and well again once it is back', async () => {
    await primary.kill();
    await assert.rejects(bench.sessions.findById('x', NOON), StoreUnavailable);
    await primary.restart();
    await untilWell(bench);
    await assertKeepsSessions(bench);
  });
});
