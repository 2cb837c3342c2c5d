/** What is kept of a session, and for how long it is live. */

import { isFromTheFuture } from '../../core/assurance.ts';
import type { SessionKey, TenantId, UserId } from '../../core/ids.ts';
import { sessionEndsAt } from '../../core/session-facts.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Session, SessionLifetimes } from '../types.ts';
import type { ListedSession, SessionListPage } from '../types/administration.ts';

declare module 'express-session' {
  interface SessionData {
    /** Set once on a session that was just generated; it never changes under one id. */
    record: SessionRecord;
  }
}

/** The one field of `req.session`. */
export interface SessionRecord extends Omit<Session, 'key' | 'lineage'> {
  /** Null when written: a sign-in, whose first session this is. Never null when read. */
  readonly lineage: SessionKey | null;
}

/** Where sessions are kept. Keys come in, never ids; what is expired may still come out. */
export interface SessionRecords {
  find(key: SessionKey): Promise<Session | null>;
  create(session: Session): Promise<void>;
  /** Writes when the session was last seen. Never brings back one that is gone. */
  touch(session: Session, at: EpochMs): Promise<void>;
  listOfUser(user: UserId): Promise<readonly Session[]>;
  /** A tenant's that are live and count. */
  listOfTenant(
    tenant: TenantId,
    page: SessionListPage,
    now: EpochMs,
  ): Promise<readonly ListedSession[]>;
  remove(key: SessionKey): Promise<boolean>;
  removeOfUser(user: UserId, keep: SessionKey | null): Promise<readonly SessionKey[]>;
  /** Removes what was no longer live at that instant. */
  removeExpired(at: EpochMs): Promise<void>;
  countActive(now: EpochMs): Promise<number>;
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Says whether a session is live.
 *
 * Security: one that was seen in the future was seen before the clock went back; what had ended by
 * then must not begin again.
 */
export function isLive(session: Session, lifetimes: SessionLifetimes, now: EpochMs): boolean {
  return sessionEndsAt(session, lifetimes) > now && !isFromTheFuture(session.lastSeenAt, now);
}
