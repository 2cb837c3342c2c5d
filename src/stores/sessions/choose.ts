/** Opens the session store that the configuration names. */

import type { Clock } from '../../platform/clock.ts';
import type { SqlDatabase } from '../sql/database.ts';
import type { SessionLifetimes, Sessions } from '../types.ts';
import { liveSessions } from './live-sessions.ts';
import { PortalSessionStore } from './portal-session-store.ts';
import { RedisLink, type RedisLocation } from './redis-link.ts';
import { redisSessionRecords } from './redis-session-store.ts';
import type { SessionRecords } from './session-record.ts';
import { sqlSessionRecords } from './sql-session-store.ts';

/** `config.storage.sessions`. */
export type SessionLocation =
  | { readonly kind: 'database' }
  | ({ readonly kind: 'redis' } & RedisLocation);

/** The sessions, for whoever reads them and for the pages that begin them. */
export interface OpenedSessions {
  readonly sessions: Sessions;
  readonly expressStore: PortalSessionStore;
  /** The connection that the limits share, when there is one. */
  readonly redis: RedisLink | null;
}

/** Opens the sessions. Redis is connected to in the background and for as long as it takes. */
export function openSessions(options: {
  readonly location: SessionLocation;
  readonly database: SqlDatabase;
  readonly clock: Clock;
  /** Read anew each time: a reload may change them. */
  readonly lifetimes: () => SessionLifetimes;
}): OpenedSessions {
  const { location, database, clock, lifetimes } = options;
  const redis = location.kind === 'redis' ? new RedisLink(location) : null;
  const records: SessionRecords =
    redis === null
      ? sqlSessionRecords({ table: database.sessions, lifetimes, check: () => database.check() })
      : redisSessionRecords({ link: redis, lifetimes, table: database.sessions });
  const sessions = liveSessions(records, lifetimes);
  const { users } = database.stores;
  return {
    sessions,
    expressStore: new PortalSessionStore({ sessions, records, users, clock }),
    redis,
  };
}
