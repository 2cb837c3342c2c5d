/**
 * Sessions in Redis. connect-redis reads and writes the sessions themselves; beside them stand a
 * set of keys for each user and an index by the end of each session.
 *
 * Each command is about one key, and they come in an order in which any of them may be the last:
 * a name in a set without a session is swept up later, a session without its name still ends on
 * time, and every revocation that counts is in the database too.
 */

import assert from 'node:assert/strict';

import { RedisStore } from 'connect-redis';
import type { SessionData } from 'express-session';

import type { SessionKey, UserId } from '../../core/ids.ts';
import { sessionEndsAt } from '../../core/session-facts.ts';
import type { EpochMs } from '../../core/time.ts';
import type { SessionTable } from '../sql/session-table.ts';
import type { Session, SessionLifetimes } from '../types.ts';
import type { ListedSession } from '../types/administration.ts';
import type { RedisLink } from './redis-link.ts';
import type { SessionRecord, SessionRecords } from './session-record.ts';

const sessionPrefix = 'sallyport:session:';
const directoryPrefix = 'sallyport:sessions-of:';
const indexKey = 'sallyport:sessions-by-end';
const probeKey = 'sallyport:probe';
const sweepSize = 500;

/** Keeps sessions in Redis. */
export function redisSessionRecords(options: {
  readonly link: RedisLink;
  readonly lifetimes: () => SessionLifetimes;
  /** Knows whose sessions count. */
  readonly table: Pick<SessionTable, 'counting'>;
}): SessionRecords {
  const { link, lifetimes, table } = options;
  const store = sessionStoreOn(link, lifetimes);

  async function find(key: SessionKey): Promise<Session | null> {
    const data = (await store.get(key)) as SessionData | null;
    return data === null ? null : sessionOf(key, data.record);
  }

  async function forget(session: Session): Promise<void> {
    await link.run((redis) => redis.sRem(directoryPrefix + session.userId, session.key));
    await link.run((redis) => redis.zRem(indexKey, session.key));
  }

  async function remove(key: SessionKey): Promise<boolean> {
    const session = await find(key);
    const removed = await link.run((redis) => redis.del(sessionPrefix + key));
    if (session !== null) await forget(session);
    return removed === 1;
  }

  async function sessionsOf(user: UserId): Promise<readonly Session[]> {
    const keys = await link.run((redis) => redis.sMembers(directoryPrefix + user));
    const sessions = await Promise.all(
      keys.map(async (key) => {
        const session = await find(key as SessionKey);
        if (session === null) await link.run((redis) => redis.sRem(directoryPrefix + user, key));
        return session;
      }),
    );
    return sessions
      .filter((session) => session !== null)
      .sort((one, other) => other.lastSeenAt - one.lastSeenAt);
  }

  return {
    find,

    async create(session) {
      const directory = directoryPrefix + session.userId;
      const value = session.key;
      const score = sessionEndsAt(session, lifetimes());
      await link.run((redis) => redis.sAdd(directory, value));
      await link.run((redis) => redis.expire(directory, lifetimes().absoluteSeconds));
      await link.run((redis) => redis.zAdd(indexKey, { score, value }));
      await store.set(session.key, dataOf(session));
    },

    async touch(session, at) {
      const touched = { ...session, lastSeenAt: at };
      const end = sessionEndsAt(touched, lifetimes());
      if (end <= at) return;
      // XX: never brings back a session that was removed meanwhile.
      await link.run((redis) =>
        redis.set(sessionPrefix + session.key, serialize(dataOf(touched)), {
          condition: 'XX',
          expiration: { type: 'EX', value: Math.ceil((end - at) / 1000) },
        }),
      );
      await link.run((redis) =>
        redis.zAdd(indexKey, { score: end, value: session.key }, { condition: 'XX' }),
      );
    },

    listOfUser: sessionsOf,

    async listOfTenant(tenant, { after, limit }, now) {
      const listed: ListedSession[] = [];
      for await (const sessions of byEnd(after, now)) {
        listed.push(...(await table.counting(tenant, sessions)));
        if (listed.length >= limit) break;
      }
      return listed.slice(0, limit);
    },

    remove,

    async removeOfUser(user, keep) {
      const keys = await link.run((redis) => redis.sMembers(directoryPrefix + user));
      const removed = await Promise.all(
        keys
          .filter((key) => key !== keep)
          .map(async (key) => ((await remove(key as SessionKey)) ? (key as SessionKey) : null)),
      );
      return removed.filter((key) => key !== null);
    },

    async removeExpired(at) {
      for (;;) {
        const keys = await link.run((redis) =>
          redis.zRangeByScore(indexKey, '-inf', at, { LIMIT: { offset: 0, count: sweepSize } }),
        );
        for (const key of keys as SessionKey[]) await sweep(key, at);
        if (keys.length < sweepSize) return;
      }
    },

    countActive: (now) => link.run((redis) => redis.zCount(indexKey, `(${String(now)}`, '+inf')),

    async check() {
      // A write: a server that has become a replica, or is full, answers reads all the same.
      await link.run((redis) =>
        redis.set(probeKey, '1', { expiration: { type: 'EX', value: 60 } }),
      );
    },

    close: () => link.close(),
  };

  /** What ends after now, last first, in portions; after a key: what comes after it. */
  async function* byEnd(
    after: SessionKey | null,
    now: EpochMs,
  ): AsyncGenerator<readonly Session[]> {
    const end = after === null ? null : await link.run((redis) => redis.zScore(indexKey, after));
    // Equal ends are in the order of their keys, last first.
    const isPassed = (key: string, score: number): boolean =>
      end !== null && after !== null && score === end && key >= after;
    for (let offset = 0; ;) {
      const entries = await link.run((redis) =>
        redis.zRangeWithScores(indexKey, end ?? '+inf', `(${String(now)}`, {
          BY: 'SCORE',
          REV: true,
          LIMIT: { offset, count: sweepSize },
        }),
      );
      const sessions = await Promise.all(
        entries
          .filter(({ value, score }) => !isPassed(value, score))
          .map(({ value }) => find(value as SessionKey)),
      );
      yield sessions.filter((session) => session !== null);
      if (entries.length < sweepSize) return;
      offset += entries.length;
    }
  }

  async function sweep(key: SessionKey, at: EpochMs): Promise<void> {
    const session = await find(key);
    if (session === null) {
      await link.run((redis) => redis.zRem(indexKey, key));
      return;
    }
    const end = sessionEndsAt(session, lifetimes());
    if (end <= at) {
      await remove(key);
    } else {
      // The session was touched and the index was not.
      await link.run((redis) => redis.zAdd(indexKey, { score: end, value: key }));
    }
  }
}

/** connect-redis on our connection: it reads, and it creates what is not there yet. */
function sessionStoreOn(link: RedisLink, lifetimes: () => SessionLifetimes): RedisStore {
  const client = {
    get: (key: string) => link.run((redis) => redis.get(key)),
    // connect-redis writes unconditionally, and so brings back to life what was removed while a
    // request was under way (its issue 284). Here it may only create.
    set: async (key: string, value: string, options: { readonly expiration: Expiration }) => {
      const answer = await link.run((redis) =>
        redis.set(key, value, { condition: 'NX', expiration: options.expiration }),
      );
      assert(answer !== null, 'A session id was given out twice.');
    },
  };
  return new RedisStore({
    client,
    prefix: sessionPrefix,
    ttl: ({ record }) => {
      const seconds = (sessionEndsAt(record, lifetimes()) - record.lastSeenAt) / 1000;
      return Math.max(1, Math.ceil(seconds));
    },
    disableTouch: true,
    serializer: { parse, stringify: serialize },
  });
}

interface Expiration {
  readonly type: 'EX';
  readonly value: number;
}

function serialize({ record }: SessionData): string {
  return JSON.stringify(record);
}

function parse(text: string): SessionData {
  return { record: JSON.parse(text) as SessionRecord } as SessionData;
}

function dataOf({ key: _key, ...record }: Session): SessionData {
  return { record } as SessionData;
}

function sessionOf(key: SessionKey, record: SessionRecord): Session {
  return { ...record, key, lineage: record.lineage ?? key };
}
