/** Sessions in the database, beside everything else. */

import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { LiveSince, SessionTable } from '../sql/session-table.ts';
import type { SessionLifetimes } from '../types.ts';
import type { SessionRecords } from './session-record.ts';

/** Keeps sessions in a table. The database is opened, checked and closed by its owner. */
export function sqlSessionRecords(options: {
  readonly table: SessionTable;
  readonly lifetimes: () => SessionLifetimes;
  readonly check: () => Promise<void>;
}): SessionRecords {
  const { table, lifetimes, check } = options;

  function liveSince(at: EpochMs): LiveSince {
    const { idleSeconds, absoluteSeconds } = lifetimes();
    return {
      createdAt: addSeconds(at, -absoluteSeconds),
      lastSeenAt: addSeconds(at, -idleSeconds),
    };
  }

  return {
    find: (key) => table.find(key),
    create: (session) => table.create(session),
    touch: (session, at) => table.touch(session.key, at),
    listOfUser: (user) => table.listOfUser(user),
    listOfTenant: (tenant, page, now) => table.listOfTenant(tenant, page, liveSince(now)),
    remove: (key) => table.remove(key),
    removeOfUser: (user, keep) => table.removeOfUser(user, keep),
    removeExpired: (at) => table.removeUnlessLive(liveSince(at)),
    countActive: (now) => table.countLive(liveSince(now)),
    check,
    close: () => Promise.resolve(),
  };
}
