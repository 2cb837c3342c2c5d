/** The places that sessions may be kept in, and a small portal that begins and changes them. */

import { after, before, describe } from 'node:test';
import { createServer, type Server } from 'node:http';

import express, { type Express } from 'express';
import { createClient } from 'redis';

import type { OwnCookies } from '../../../src/core/cookie-names.ts';
import type { UserId } from '../../../src/core/ids.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createSealer } from '../../../src/platform/seal.ts';
import {
  openSessions,
  type OpenedSessions,
  type SessionLocation,
} from '../../../src/stores/sessions/choose.ts';
import { parseSessionCookie } from '../../../src/stores/sessions/session-cookie.ts';
import { sessionMiddleware } from '../../../src/stores/sessions/session-middleware.ts';
import type { SessionRecord } from '../../../src/stores/sessions/session-record.ts';
import type { SqlDatabase } from '../../../src/stores/sql/database.ts';
import type { Session, User } from '../../../src/stores/types.ts';
import { fixedClock, type FixedClock } from '../../support/fixed-clock.ts';
import { listening } from '../../support/listening.ts';
import { startRedis, type ThrowAwayServer } from '../../support/servers.ts';
import { describeEngines } from './engines.ts';

export const lifetimes = { idleSeconds: 1800, absoluteSeconds: 43_200 };
export const keys = createSealer([Buffer.from('a key of 32 bytes, for this test')], systemRandom);
export const plainCookies: OwnCookies = {
  session: 'sallyport',
  csrf: 'sallyport-csrf',
  device: 'sallyport-device',
  isSecure: false,
  sessionDomain: null,
};

/** Sessions on a fresh database, with a clock of their own. */
export interface SessionBench extends OpenedSessions {
  readonly database: SqlDatabase;
  readonly clock: FixedClock;
  /** The same sessions, opened by a second instance. */
  anotherInstance(): OpenedSessions;
}

/** Defines the same tests for each place. */
export function describeSessionPlaces(define: (fresh: () => Promise<SessionBench>) => void): void {
  const opened: OpenedSessions[] = [];
  const benchOn = (database: SqlDatabase, location: SessionLocation): SessionBench => {
    const clock = fixedClock();
    const open = (): OpenedSessions => {
      const sessions = openSessions({ location, database, clock, lifetimes: () => lifetimes });
      opened.push(sessions);
      return sessions;
    };
    return { ...open(), database, clock, anotherInstance: open };
  };

  describeEngines((engine) => {
    describe('sessions in the database', () => {
      define(async () => benchOn(await engine.fresh(), { kind: 'database' }));
    });

    if (engine.name === 'PostgreSQL') return;
    describe('sessions in Redis', () => {
      let redis: ThrowAwayServer;
      before(async () => {
        redis = await startRedis();
      });
      define(async () => {
        await flush(redis);
        const urls = [redis.url];
        return benchOn(await engine.fresh(), { kind: 'redis', mode: 'single', urls });
      });
      after(async () => {
        await Promise.all(opened.map(({ sessions }) => sessions.close()));
        await redis.remove();
      });
    });
  });
}

async function flush(redis: ThrowAwayServer): Promise<void> {
  const client = createClient({ url: redis.url.reveal(), socket: { reconnectStrategy: false } });
  await client.connect();
  await client.flushAll();
  await client.close();
}

/** What to write for a sign-in. */
export function recordOf(user: User, of: Partial<SessionRecord> & { now: number }): SessionRecord {
  const { now, ...rest } = of;
  return {
    lineage: null,
    userId: user.id,
    sessionEpoch: user.sessionEpoch,
    proofs: [{ method: 'password', at: now, origin: 'answer' }],
    createdAt: now,
    lastSeenAt: now,
    ip: '192.0.2.1',
    userAgent: 'Firefox',
    ...rest,
  };
}

/** A portal of four pages over the middleware. */
export interface TestPortal {
  /** Signs in: a new session takes the place of whatever the cookie names. */
  begin(record: SessionRecord, cookie?: string): Promise<PortalAnswer>;
  /** Opens a page that only reads. */
  read(cookie?: string, headers?: Readonly<Record<string, string>>): Promise<PortalAnswer>;
  /** Changes the record under the same id, which nobody may. */
  overwrite(record: SessionRecord, cookie: string): Promise<PortalAnswer>;
  /** Begins a session, lets the test do something, and saves it a second time. */
  beginAndSaveAgain(record: SessionRecord, between: () => Promise<void>): Promise<PortalAnswer>;
  /** Opens a page and lets the test do something while it is being answered. */
  dwell(cookie: string, meanwhile: () => Promise<void>): Promise<PortalAnswer>;
  close(): Promise<void>;
}

/** What the portal answered. */
export interface PortalAnswer {
  readonly status: number;
  /** The `Set-Cookie` line, or null. */
  readonly setCookie: string | null;
  /** `name=value` to send back, or null. */
  readonly cookie: string | null;
  readonly user: UserId | null;
  readonly error: unknown;
}

/** Opens a portal over the sessions. */
export async function openPortal(
  bench: SessionBench,
  options: { readonly cookies?: OwnCookies; readonly isSecure?: boolean } = {},
): Promise<TestPortal> {
  let task: Task = doNothing;
  let error: unknown = null;
  const app: Express = express();
  app.use(
    sessionMiddleware({
      store: bench.expressStore,
      cookies: options.cookies ?? plainCookies,
      keys,
      random: systemRandom,
      isSecure: () => options.isSecure === true,
    }),
  );
  app.get('/', async (request, response) => {
    try {
      await task(request);
    } catch (failure) {
      error = failure;
      response.status(500);
    }
    const user = (request.session as { record?: SessionRecord } | undefined)?.record?.userId;
    response.json({ user: user ?? null });
  });
  const server: Server = createServer(app);
  const { origin } = await listening(server);

  async function visit(
    work: Task,
    cookie: string | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PortalAnswer> {
    task = work;
    error = null;
    const answer = await fetch(origin, {
      headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
    });
    const { user } = (await answer.json()) as { user: UserId | null };
    const [setCookie = null] = answer.headers.getSetCookie();
    const [pair = null] = setCookie?.split(';') ?? [];
    return { status: answer.status, setCookie, cookie: pair, user, error };
  }

  return {
    begin: (record, cookie) => visit((request) => beginSession(request, record), cookie),
    read: (cookie, headers) => visit(doNothing, cookie, headers),
    overwrite: (record, cookie) =>
      visit(async (request) => {
        request.session.record = record;
        await save(request);
      }, cookie),
    beginAndSaveAgain: (record, between) =>
      visit(async (request) => {
        await beginSession(request, record);
        await between();
        await save(request);
      }, undefined),
    dwell: (cookie, meanwhile) => visit(meanwhile, cookie),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** The session that a cookie names, as `recall` finds it. */
export async function sessionIn(
  bench: SessionBench,
  cookie: string | null,
): Promise<Session | null> {
  const id = parseSessionCookie(cookie ?? undefined, plainCookies.session, keys);
  return id === null ? null : await bench.sessions.findById(id, bench.clock.now());
}

async function beginSession(request: express.Request, record: SessionRecord): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.regenerate((error: unknown) => (isError(error) ? reject(error) : resolve()));
  });
  request.session.record = record;
  await save(request);
}

function save(request: express.Request): Promise<void> {
  return new Promise((resolve, reject) => {
    request.session.save((error: unknown) => (isError(error) ? reject(error) : resolve()));
  });
}

function isError(error: unknown): error is Error {
  return error instanceof Error;
}

type Task = (request: express.Request) => Promise<void>;

const doNothing: Task = () => Promise.resolve();
