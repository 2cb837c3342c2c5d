/**
 * Redis that is down, silent, read-only, full or forgetful (F1–F7). Every question gets
 * `StoreUnavailable` in time or a true answer, and all is well again without a restart.
 */

import assert from 'node:assert/strict';
import { createServer, connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { createClient } from 'redis';

import { systemRandom } from '../../src/platform/random.ts';
import { Secret } from '../../src/platform/secret.ts';
import { openSessions, type OpenedSessions } from '../../src/stores/sessions/choose.ts';
import { openDatabase, type SqlDatabase } from '../../src/stores/sql/database.ts';
import { StoreUnavailable, type Session, type User } from '../../src/stores/types.ts';
import { addUser } from '../contract/support/engines.ts';
import {
  lifetimes,
  openPortal,
  recordOf,
  sessionIn,
  type SessionBench,
  type TestPortal,
} from '../contract/support/session-places.ts';
import { fixedClock, NOON } from '../support/fixed-clock.ts';
import { listening } from '../support/listening.ts';
import { startBlackHole, startRedis, type ThrowAwayServer } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();
let server: ThrowAwayServer;
let database: SqlDatabase;
let anna: User;
const opened: OpenedSessions[] = [];
const portals: TestPortal[] = [];

before(async () => {
  server = await startRedis();
  database = openDatabase(
    { kind: 'sqlite', file: `${folder.path}/sallyport.db` },
    { random: systemRandom },
  );
  await database.migrate();
  anna = await addUser(database);
});
after(async () => {
  for (const portal of portals) await portal.close();
  await Promise.all(opened.map(({ sessions }) => sessions.close()));
  await database.close();
  await server.remove();
  folder.remove();
});

async function benchOn(url: Secret): Promise<SessionBench & { portal: TestPortal }> {
  const clock = fixedClock();
  const open = (): OpenedSessions => {
    const sessions = openSessions({
      location: { kind: 'redis', mode: 'single', urls: [url] },
      database,
      clock,
      lifetimes: () => lifetimes,
    });
    opened.push(sessions);
    return sessions;
  };
  const bench = { ...open(), database, clock, anotherInstance: open };
  const portal = await openPortal(bench);
  portals.push(portal);
  return { ...bench, portal };
}

async function signIn(
  bench: SessionBench & { portal: TestPortal },
): Promise<{ cookie: string; session: Session }> {
  const { cookie, error } = await bench.portal.begin(recordOf(anna, { now: NOON }));
  assert.equal(error, null);
  const session = await sessionIn(bench, cookie);
  assert.ok(cookie !== null && session !== null);
  return { cookie, session };
}

/** Asserts that every kind of question fails as it must, instead of waiting for an answer. */
async function assertUnavailable(
  { sessions }: SessionBench,
  cookie: string,
  session: Session,
): Promise<void> {
  const questions = [
    sessions.findById(cookie, NOON),
    sessions.touch(session, NOON + 1),
    sessions.listOfUser(anna.id, NOON),
    sessions.remove(session.key),
    sessions.removeOfUser(anna.id),
    sessions.countActive(NOON),
    sessions.check(),
  ];
  const answers = await inTime(Promise.allSettled(questions));

  for (const [at, answer] of answers.entries()) {
    assert.ok(
      answer.status === 'rejected' && answer.reason instanceof StoreUnavailable,
      `question ${String(at)} was answered`,
    );
  }
}

/**
 * Fails where an answer does not come at all. The promise is two seconds; this waits much longer,
 * because a machine under load is late with everything.
 */
async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  const giveUp = new AbortController();
  const never = pause(20_000, null, { signal: giveUp.signal }).then(() =>
    assert.fail('There was no answer at all.'),
  );
  never.catch(() => undefined);
  try {
    return await Promise.race([answer, never]);
  } finally {
    giveUp.abort();
  }
}

async function untilWell({ sessions }: SessionBench): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await sessions.check();
      return;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable);
      await pause(50);
    }
  }
  assert.fail('It did not recover.');
}

describe('Redis', () => {
  test('that is down at the start is unavailable, and available once it is there (F1)', async () => {
    await server.kill();
    const bench = await benchOn(server.url);
    await assert.rejects(bench.sessions.check(), StoreUnavailable);
    await assert.rejects(bench.sessions.findById('x', NOON), StoreUnavailable);

    await server.restart();
    await untilWell(bench);
    await signIn(bench);
  });

  test('that is killed is unavailable at once, and comes back empty (F2, F4)', async () => {
    const bench = await benchOn(server.url);
    const { cookie, session } = await signIn(bench);

    await server.kill();
    await assertUnavailable(bench, cookie, session);
    const { error, setCookie } = await bench.portal.begin(recordOf(anna, { now: NOON }));
    assert.ok(error instanceof StoreUnavailable);
    assert.equal(setCookie, null, 'no cookie without a session (F6)');

    await server.restart();
    await untilWell(bench);
    assert.equal(await sessionIn(bench, cookie), null);
    await signIn(bench);
  });

  test('that hangs is unavailable, and goes on when it wakes (F3)', async () => {
    const bench = await benchOn(server.url);
    const { cookie, session } = await signIn(bench);

    server.freeze();
    await assertUnavailable(bench, cookie, session);
    await assertUnavailable(bench, cookie, session);
    server.thaw();

    await untilWell(bench);
    // The frozen commands were on their way: what was removed stays removed.
    await signIn(bench);
  });

  test('that never answers is unavailable from the first question on (F3)', async () => {
    const hole = await startBlackHole();
    const bench = await benchOn(new Secret(`redis://127.0.0.1:${String(hole.port)}`));
    await assert.rejects(inTime(bench.sessions.check()), StoreUnavailable);
    await assert.rejects(inTime(bench.sessions.findById('x', NOON)), StoreUnavailable);
    await hole.stop();
  });

  test('behind a network that begins to swallow everything is reached again on a new way (F3)', async () => {
    const way = await aWayTo(server);
    const bench = await benchOn(new Secret(`redis://127.0.0.1:${String(way.port)}/0`));
    const { cookie, session } = await signIn(bench);

    way.swallow();
    await assertUnavailable(bench, cookie, session);

    // Only connections made from now on work: the old one would be silent for ever.
    way.letNewOnesThrough();
    await untilWell(bench);
    await signIn(bench);
    await way.close();
  });

  test('that has become a replica takes no sign-in (F6)', async () => {
    const bench = await benchOn(server.url);
    await signIn(bench);
    await admin(['REPLICAOF', '127.0.0.1', '1']);

    await assert.rejects(bench.sessions.check(), StoreUnavailable);
    const { error, setCookie } = await bench.portal.begin(recordOf(anna, { now: NOON }));
    assert.ok(error instanceof StoreUnavailable);
    assert.equal(setCookie, null);

    await admin(['REPLICAOF', 'NO', 'ONE']);
    await untilWell(bench);
  });

  test('that is full takes no sign-in, and a page in use stays signed in (F6)', async () => {
    const bench = await benchOn(server.url);
    const { cookie } = await signIn(bench);
    await admin(['CONFIG', 'SET', 'maxmemory', '1']);

    const { error, setCookie } = await bench.portal.begin(recordOf(anna, { now: NOON }));
    assert.ok(error instanceof StoreUnavailable);
    assert.equal(setCookie, null);
    assert.notEqual(await sessionIn(bench, cookie), null);

    await admin(['CONFIG', 'SET', 'maxmemory', '0']);
    await untilWell(bench);
  });

  test('with another password is unavailable, not empty (F6)', async () => {
    await admin(['CONFIG', 'SET', 'requirepass', 'changed']);
    const bench = await benchOn(server.url);
    await assert.rejects(bench.sessions.findById('x', NOON), StoreUnavailable);
    await admin(['CONFIG', 'SET', 'requirepass', ''], 'changed');
    await untilWell(bench);
  });

  test('that forgets a session leaves nothing half of it (F7)', async () => {
    const bench = await benchOn(server.url);
    await bench.sessions.removeOfUser(anna.id);
    const { cookie, session } = await signIn(bench);
    await admin(['DEL', `sallyport:session:${session.key}`]);

    assert.equal(await sessionIn(bench, cookie), null);
    assert.deepEqual(await bench.sessions.listOfUser(anna.id, NOON), []);
    await bench.sessions.removeExpired(NOON + 86_400_000);
    assert.equal(await bench.sessions.countActive(NOON), 0);
  });
});

describe('what Redis holds', () => {
  test('names no session id and ends by itself when the session does', async () => {
    const bench = await benchOn(server.url);
    await admin(['FLUSHALL']);
    const { cookie, session } = await signIn(bench);
    const id = decodeURIComponent(cookie).replace(/^[^:]+:([^.]+)\..*$/, '$1');

    const keys = (await admin(['KEYS', '*'])) as string[];
    const value = await admin(['GET', `sallyport:session:${session.key}`]);
    assert.equal(JSON.stringify([keys, value]).includes(id), false);

    const idle = (await admin(['TTL', `sallyport:session:${session.key}`])) as number;
    assert.ok(idle > lifetimes.idleSeconds - 10 && idle <= lifetimes.idleSeconds);

    // Close to the end of its whole time, less than the idle time is left.
    const late = NOON + (lifetimes.absoluteSeconds - 60) * 1000;
    await bench.sessions.touch(session, late);
    const rest = (await admin(['TTL', `sallyport:session:${session.key}`])) as number;
    assert.ok(rest > 50 && rest <= 60);
  });

  // An operator saw `user list` print its table and never end: the connection came about after the
  // command had closed it, and kept the process alive.
  test('a connection that is closed before it is there does not come about', async () => {
    const before = await connections();
    const { sessions } = openSessions({
      location: { kind: 'redis', mode: 'single', urls: [server.url] },
      database,
      clock: fixedClock(),
      lifetimes: () => lifetimes,
    });
    await sessions.close();
    await pause(300);

    assert.equal(await connections(), before);
  });
});

/** How many clients the server has. */
async function connections(): Promise<number> {
  return String(await admin(['CLIENT', 'LIST']))
    .trim()
    .split('\n').length;
}

async function admin(command: readonly string[], password?: string): Promise<unknown> {
  const url = server.url.reveal();
  const client = createClient({
    url,
    socket: { reconnectStrategy: false },
    ...(password === undefined ? {} : { password }),
  });
  await client.connect();
  const answer: unknown = await client.sendCommand([...command]);
  await client.close();
  return answer;
}

/** A way to a server that can begin to swallow what is sent over it. */
async function aWayTo({ url }: ThrowAwayServer): Promise<{
  readonly port: number;
  swallow(): void;
  letNewOnesThrough(): void;
  close(): Promise<void>;
}> {
  const target = Number(new URL(url.reveal()).port);
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  const way = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (isSwallowing) return;
    const onward = connect(target, '127.0.0.1');
    sockets.add(onward);
    onward.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  const { port } = await listening(way);
  return {
    port,
    swallow: () => {
      isSwallowing = true;
      for (const socket of sockets) socket.unpipe();
      for (const socket of sockets) socket.pause();
    },
    letNewOnesThrough: () => {
      isSwallowing = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => way.close(resolve));
    },
  };
}
