/**
 * Turns the session cookie into facts: who asks, and what they have proved.
 *
 * Two look-ups, nothing kept in between. A store that does not answer throws `StoreUnavailable`,
 * which becomes 503: it is never read as "nobody". Nothing here writes a session but the touch,
 * which is conditional on the session still being there, so that no request in flight can bring a
 * revoked session back to life.
 */

import { isFromTheFuture } from '../core/assurance.ts';
import type { SessionFacts } from '../core/facts.ts';
import { sessionFactsOf } from '../core/session-facts.ts';
import type { EpochMs } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import {
  type Session,
  type SessionLifetimes,
  type Sessions,
  StoreUnavailable,
  type UserStore,
} from '../stores/types.ts';

/** Looks up the session that a `Cookie` header names; null: nobody is signed in. */
export type Recall = (cookieHeader: string | undefined) => Promise<SessionFacts | null>;

/** What recalling needs. */
export interface RecallDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sessions: Sessions;
  readonly users: Pick<UserStore, 'findPrincipal'>;
  readonly lifetimes: () => SessionLifetimes;
  /** The session id that a `Cookie` header carries under a valid signature, else null. */
  readonly sessionIdIn: (cookieHeader: string | undefined) => string | null;
}

/** Idle time is kept by one write a minute at most, however many requests there are. */
const touchSecondsMax = 60;

/**
 * Makes `recall`. It answers null for whatever is no live session: no cookie, a forged one, an
 * ended session, one dated in the future (the clock went back), a person who is gone. An expired
 * session is removed and returned as it was, so that the person can be told why.
 */
export function createRecall(deps: RecallDeps): Recall {
  const touching = new Set<string>();
  const sessionIdIn = rememberingIds(deps.sessionIdIn);

  return async function recall(cookieHeader) {
    const sessionId = sessionIdIn(cookieHeader);
    if (sessionId === null) return null;

    const now = deps.clock.now();
    const session = await deps.sessions.findById(sessionId, now);
    if (session === null || isDatedAhead(session, now)) return null;

    const record = await deps.users.findPrincipal(session.userId, session.lineage);
    if (record === null || record.isSessionRevoked) return null;
    const { user } = record;
    // Service accounts have tokens; a cookie that names one was never issued by us.
    if (user.sessionEpoch !== session.sessionEpoch || user.kind !== 'user') return null;

    const lifetimes = deps.lifetimes();
    const facts = sessionFactsOf(session, record, lifetimes);
    if (facts.expiresAt <= now) {
      await deps.sessions.remove(session.key);
    } else if (isTouchDue(session, lifetimes, now) && !touching.has(session.key)) {
      touching.add(session.key);
      void touch(deps, session, now).finally(() => touching.delete(session.key));
    }

    return facts;
  };
}

/** Cookie headers whose signature is remembered, and the longest of them. */
const headersKept = 5000;
const headerLengthMax = 2048;

/**
 * Remembers which header carries which session id. That follows from header and secret alone and
 * says nothing of whether the session is alive; checking the signature anew for each request would
 * cost as much as looking the session up.
 */
function rememberingIds(sessionIdIn: RecallDeps['sessionIdIn']): RecallDeps['sessionIdIn'] {
  const known = new Map<string, string>();
  return (header) => {
    if (header === undefined) return null;
    const remembered = known.get(header);
    if (remembered !== undefined) return remembered;
    const sessionId = sessionIdIn(header);
    if (sessionId !== null && header.length <= headerLengthMax) {
      if (known.size >= headersKept) known.delete(known.keys().next().value ?? '');
      known.set(header, sessionId);
    }
    return sessionId;
  };
}

/**
 * Security: what was written at an instant that has not come yet was written before the clock went
 * back. It stays dead, or turning back the clock would revive every session that had ended.
 */
function isDatedAhead(session: Session, now: EpochMs): boolean {
  return isFromTheFuture(session.lastSeenAt, now) || isFromTheFuture(session.createdAt, now);
}

function isTouchDue(session: Session, { idleSeconds }: SessionLifetimes, now: EpochMs): boolean {
  const seconds = Math.min(touchSecondsMax, idleSeconds / 4);
  return now - session.lastSeenAt >= seconds * 1000;
}

/** Runs beside the request. A touch that fails costs idle time, nothing else. */
async function touch(deps: RecallDeps, session: Session, now: EpochMs): Promise<void> {
  try {
    await deps.sessions.touch(session, now);
  } catch (error) {
    const what = error instanceof StoreUnavailable ? 'unavailable' : 'failed';
    deps.log.warn({ err: error, session: session.key }, `touching a session: ${what}`);
  }
}
