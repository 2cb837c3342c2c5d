/** The sessions as everything but the portal's pages sees them: found, touched and ended. */

import { isFromTheFuture } from '../../core/assurance.ts';
import type { EpochMs } from '../../core/time.ts';
import { sessionKeyOf } from '../../platform/session-key.ts';
import type { SessionLifetimes, Sessions } from '../types.ts';
import { isLive, type SessionRecords } from './session-record.ts';

/** Sessions over wherever they are kept. */
export function liveSessions(records: SessionRecords, lifetimes: () => SessionLifetimes): Sessions {
  const assertTimeGoesOn = onClockGoingBack((at) => records.removeExpired(at));
  return {
    async findById(sessionId, now) {
      await assertTimeGoesOn(now);
      const session = await records.find(sessionKeyOf(sessionId));
      if (session === null || isLive(session, lifetimes(), now)) return session;
      await records.remove(session.key);
      return null;
    },

    async findByKey(key, now) {
      const session = await records.find(key);
      return session !== null && isLive(session, lifetimes(), now) ? session : null;
    },

    touch: (session, now) => records.touch(session, now),

    async listOfUser(user, now) {
      const sessions = await records.listOfUser(user);
      return sessions.filter((session) => isLive(session, lifetimes(), now));
    },

    async listOfTenant(tenant, page, now) {
      const listed = await records.listOfTenant(tenant, page, now);
      return listed.filter(({ session }) => isLive(session, lifetimes(), now));
    },

    remove: (session) => records.remove(session),
    removeOfUser: (user, keep) => records.removeOfUser(user, keep ?? null),
    removeExpired: (now) => records.removeExpired(now),
    countActive: (now) => records.countActive(now),
    check: () => records.check(),
    close: () => records.close(),
  };
}

/**
 * Watches the clock: when it goes back, whatever had expired by the latest instant seen is removed
 * before anything is answered, so that no session comes back to life (security F33).
 */
function onClockGoingBack(
  removeExpired: (at: EpochMs) => Promise<void>,
): (now: EpochMs) => Promise<void> {
  let latest: EpochMs = 0;
  return async (now) => {
    if (isFromTheFuture(latest, now)) {
      await removeExpired(latest);
      latest = now;
    }
    latest = Math.max(latest, now);
  };
}
