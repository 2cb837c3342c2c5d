/**
 * The store that express-session writes through when a page begins a session.
 *
 * express-session saves whatever changed when a response ends, which can bring a session back that
 * was ended while the request was under way (connect-redis issue 284). So this store creates
 * nothing but what was generated for this very request, once; everything else it can only touch.
 */

import assert from 'node:assert/strict';
import { callbackify } from 'node:util';

import { Store, type SessionData } from 'express-session';

import { Problem } from '../../core/problem.ts';
import type { Clock } from '../../platform/clock.ts';
import { sessionKeyOf } from '../../platform/session-key.ts';
import type { Session, Sessions, UserStore } from '../types.ts';
import type { SessionRecord, SessionRecords } from './session-record.ts';

const touchSecondsMin = 60;

/** What the store needs. */
export interface PortalSessionStoreParts {
  readonly sessions: Sessions;
  readonly records: SessionRecords;
  readonly users: Pick<UserStore, 'findPrincipal'>;
  readonly clock: Clock;
}

type Done = (error?: unknown) => void;

/** An express-session store that cannot resurrect. */
export class PortalSessionStore extends Store {
  readonly #parts: PortalSessionStoreParts;
  // Which id was generated for which request, until a session is created under it.
  readonly #generated = new WeakMap<object, string>();
  // Records that came out of the store. Under one id there is never another.
  readonly #known = new WeakSet<SessionRecord>();

  constructor(parts: PortalSessionStoreParts) {
    super();
    this.#parts = parts;
  }

  /** Notes that express-session generated an id for a request: `genid` calls it. */
  noteGenerated(request: object, sessionId: string): void {
    this.#generated.set(request, sessionId);
  }

  override regenerate(
    request: Parameters<Store['regenerate']>[0],
    done: (error?: unknown) => void,
  ): void {
    super.regenerate(request, (error: unknown) => {
      if (error instanceof Error) withoutSession(request);
      done(error);
    });
  }

  override get(
    sessionId: string,
    done: (error: unknown, session?: SessionData | null) => void,
  ): void {
    // `callbackify` leaves the promise before it calls back: what is thrown there is no rejection.
    callbackify(() => this.#read(sessionId))(done);
  }

  override set(sessionId: string, session: SessionData, done: Done = () => {}): void {
    callbackify(() => this.#write(sessionId, session))(done);
  }

  override touch(sessionId: string, session: SessionData, done: Done = () => {}): void {
    callbackify(() => this.#touch(sessionId, session))(done);
  }

  override destroy(sessionId: string, done: Done = () => {}): void {
    callbackify(() => this.#parts.sessions.remove(sessionKeyOf(sessionId)))(done);
  }

  async #read(sessionId: string): Promise<SessionData | null> {
    const { sessions, clock } = this.#parts;
    const session = await sessions.findById(sessionId, clock.now());
    return session === null ? null : this.#dataOf(session);
  }

  async #write(sessionId: string, data: Partial<SessionData>): Promise<void> {
    const { record } = data;
    const request = requestOf(data);
    const isNew = request !== null && this.#generated.get(request) === sessionId;
    if (record === undefined) {
      // Visitors without a record have no session, here or anywhere.
      if (!isNew) await this.#parts.sessions.remove(sessionKeyOf(sessionId));
      return;
    }
    if (!isNew) {
      assert(this.#known.has(record), 'A session changes only with its id: regenerate it.');
      await this.#touch(sessionId, { record });
      return;
    }
    this.#generated.delete(request);
    try {
      await this.#create(sessionId, record);
      this.#known.add(record);
    } catch (error) {
      withoutSession(request);
      throw error;
    }
  }

  async #create(sessionId: string, record: SessionRecord): Promise<void> {
    const key = sessionKeyOf(sessionId);
    const session: Session = { ...record, key, lineage: record.lineage ?? key };
    // Whoever was signed out while this request was under way stays signed out. `recall` asks the
    // same at every request; here it keeps a dead session from being stored at all.
    const principal = await this.#parts.users.findPrincipal(session.userId, session.lineage);
    if (
      principal === null ||
      principal.isSessionRevoked ||
      principal.user.isDisabled ||
      principal.user.sessionEpoch !== session.sessionEpoch
    ) {
      throw new Problem('not-signed-in', {
        detail: 'This sign-in was ended meanwhile. Please sign in again.',
      });
    }
    await this.#parts.records.create(session);
  }

  async #touch(sessionId: string, { record }: Partial<Pick<SessionData, 'record'>>): Promise<void> {
    if (record === undefined) return;
    const now = this.#parts.clock.now();
    if (now - record.lastSeenAt < touchSecondsMin * 1000) return;
    const key = sessionKeyOf(sessionId);
    await this.#parts.sessions.touch({ ...record, key, lineage: record.lineage ?? key }, now);
  }

  #dataOf(session: Session): SessionData {
    const { key: _key, ...rest } = session;
    const record: SessionRecord = Object.freeze(rest);
    this.#known.add(record);
    // The cookie is set once, when the session begins; these are never sent.
    return { record, cookie: { originalMaxAge: null, httpOnly: true, path: '/' } };
  }
}

/**
 * Security: express-session sets the cookie of a new session whether or not it was saved. Where
 * there is no session there must be no cookie.
 */
function withoutSession(request: object): void {
  Reflect.deleteProperty(request, 'session');
  Reflect.deleteProperty(request, 'sessionID');
}

/** The request that a session object of express-session hangs on. */
function requestOf(session: object): object | null {
  const request: unknown = Reflect.get(session, 'req');
  return typeof request === 'object' ? request : null;
}
