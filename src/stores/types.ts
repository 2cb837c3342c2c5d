/**
 * What the rest of the program asks of storage. Interfaces only.
 *
 * A store that cannot answer throws `StoreUnavailable`; nobody may read that as "there is none".
 * Whatever may be used once is used up by one conditional statement, so that of two that arrive
 * together, on whatever instance, exactly one wins.
 */

import type { AuditEvent, NewAuditEvent } from '../core/audit-event.ts';
import type { Principal } from '../core/facts.ts';
import type { AuthenticatorId, ChallengeId, SessionKey, TenantId, UserId } from '../core/ids.ts';
import type { MethodId, Proof } from '../core/proofs.ts';
import type { EpochMs } from '../core/time.ts';

/** The storage did not answer, or not in time. Answered with 503, never with "anonymous". */
export class StoreUnavailable extends Error {
  constructor(what: string, options?: { readonly cause?: unknown }) {
    super(`${what} is unavailable`, options);
    this.name = 'StoreUnavailable';
  }
}

/** The database is damaged or from a newer version: nothing can start on it. The message says so. */
export class DatabaseUnusable extends Error {}

/** A user or service account, as stored. */
export interface User extends Principal {
  /** Raised to end every session at once; a session carries the value it was made under. */
  readonly sessionEpoch: number;
  readonly createdAt: EpochMs;
}

/** A principal as `recall` needs it: one query. */
export interface PrincipalRecord {
  readonly user: User;
  /** Methods of active authenticators (totp, webauthn), without recovery codes. */
  readonly enrolled: readonly MethodId[];
  /** Unused recovery codes of the confirmed set. */
  readonly recoveryCodesLeft: number;
  /** This session was revoked, whatever the session store says. */
  readonly isSessionRevoked: boolean;
}

/** Users and service accounts. */
export interface UserStore {
  /** Throws `NameTaken` when the username exists. Usernames compare case-folded. */
  create(user: NewUser): Promise<User>;
  findByUsername(username: string): Promise<User | null>;
  findById(id: UserId): Promise<User | null>;
  /**
   * Reads the user and holds the record until the transaction ends (`SELECT … FOR UPDATE`; on
   * SQLite the transaction itself is enough). Two changes to how one person signs in then happen
   * one after the other, and the second sees what the first did. Inside a transaction only.
   */
  lock(id: UserId): Promise<User | null>;
  list(page: { readonly after: string | null; readonly limit: number }): Promise<readonly User[]>;
  passwordHashOf(id: UserId): Promise<string | null>;
  setPasswordHash(id: UserId, hash: string): Promise<void>;
  setGroups(id: UserId, groups: readonly string[]): Promise<void>;
  setDisabled(id: UserId, isDisabled: boolean): Promise<void>;
  /** Ends every session of the user: each carries the epoch it was made under. */
  raiseSessionEpoch(id: UserId): Promise<void>;
  findPrincipal(id: UserId, lineage: SessionKey): Promise<PrincipalRecord | null>;
}

/** A user or service account that does not exist yet. */
export interface NewUser {
  readonly id: UserId;
  readonly kind: 'user' | 'service';
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: TenantId;
  readonly passwordHash: string | null;
  readonly createdAt: EpochMs;
}

/** The username is taken. */
export class NameTaken extends Error {}

/** One enrolled thing. The credential is sealed: only its method can open it. */
export interface Authenticator {
  readonly id: AuthenticatorId;
  readonly userId: UserId;
  readonly method: MethodId;
  readonly name: string;
  readonly sealedCredential: string;
  /** TOTP: the last time step that was accepted; -1 before the first. */
  readonly lastStep: number;
  readonly createdAt: EpochMs;
  readonly lastUsedAt: EpochMs | null;
}

/** What people enrolled. */
export interface AuthenticatorStore {
  create(authenticator: Authenticator): Promise<void>;
  listOfUser(user: UserId): Promise<readonly Authenticator[]>;
  /**
   * Uses up a TOTP time step. True exactly once for each step, and only for steps after the last
   * used one (RFC 6238 §5.2). A stored step that lies more than ten steps ahead of `step` came
   * from a wrong clock and does not lock the person out.
   */
  consumeStep(id: AuthenticatorId, step: number, at: EpochMs): Promise<boolean>;
  /** Removes all of a user's authenticators and says how many there were. */
  removeOfUser(user: UserId): Promise<number>;
}

/** Recovery codes, as hashes. A set works once it was confirmed. */
export interface RecoveryCodeStore {
  /** Replaces the user's unconfirmed set. Hashes only. */
  createUnconfirmed(user: UserId, hashes: readonly string[], at: EpochMs): Promise<void>;
  /**
   * Makes the unconfirmed set a live one; false when there is none. `drop`: the sets before it are
   * dead; `keep`: their unused codes go on working.
   */
  confirm(user: UserId, at: EpochMs, old: 'drop' | 'keep'): Promise<boolean>;
  /** Uses up one live code by its hash; true exactly once. */
  consume(user: UserId, hash: string, at: EpochMs): Promise<boolean>;
  countLeft(user: UserId): Promise<number>;
  /** A set waits to be confirmed; with a hash: one that has this code. */
  hasUnconfirmed(user: UserId, hash?: string): Promise<boolean>;
  /** A set was confirmed once and not removed since, even if all of its codes are used up. */
  hasConfirmed(user: UserId): Promise<boolean>;
  removeOfUser(user: UserId): Promise<void>;
}

/** A question we issued: single-use, expiring, bound to a session. */
export interface Challenge {
  readonly id: ChallengeId;
  readonly kind: 'totp-enrollment' | 'recovery-codes-display' | 'recovery-codes-confirmation';
  readonly userId: UserId;
  readonly session: SessionKey;
  readonly sealedPayload: string;
  readonly expiresAt: EpochMs;
}

/** Challenges: one of a kind for each session. */
export interface ChallengeStore {
  /** Stores a challenge in place of the session's earlier one of the same kind. */
  create(challenge: Challenge): Promise<void>;
  /** The session's live challenge of a kind, left in place. */
  find(kind: Challenge['kind'], session: SessionKey, now: EpochMs): Promise<Challenge | null>;
  /**
   * Uses up the session's challenge and returns it, or null when it is unknown, expired or used:
   * the cases look the same on purpose. Removal and read are one statement.
   */
  consume(kind: Challenge['kind'], session: SessionKey, now: EpochMs): Promise<Challenge | null>;
  /** A session was rotated: its challenges go with it. */
  rebind(from: SessionKey, to: SessionKey): Promise<void>;
  removeExpired(now: EpochMs): Promise<void>;
}

/** The answer of a rate limit. */
export type LimitAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly retryAfterSeconds: number };

/** Rate limits against floods and guessing; they slow addresses down, never accounts. */
export interface Limits {
  /** Counts one password guess at an account from an address. */
  password(account: string, ip: string): Promise<LimitAnswer>;
  /** A right password: forget the guesses at this account from this address. */
  passwordSucceeded(account: string, ip: string): Promise<void>;
  /** Counts one request of a class from an address. */
  request(limitClass: 'page' | 'code', ip: string): Promise<LimitAnswer>;
}

/** The limits of a lockout. */
export interface LockoutLimits {
  readonly failuresMax: number;
  readonly withinSeconds: number;
  readonly durationSeconds: number;
}

/**
 * Counts guesses at second-factor codes, one counter per account over all of its methods.
 *
 * A guess is counted before it is looked at, so parallel guesses cannot outrun the counter.
 */
export interface AttemptStore {
  /**
   * Reserves one guess. `locked`: no guess may be evaluated until `lockedUntil`. Reserving the
   * last allowed guess locks at once; a right answer then clears the lock by `reset`.
   */
  reserve(user: UserId, limits: LockoutLimits, now: EpochMs): Promise<AttemptReservation>;
  /** A right answer: forget the failures. */
  reset(user: UserId): Promise<void>;
  lockedUntil(user: UserId, now: EpochMs): Promise<EpochMs | null>;
}

/** The answer to whether one more guess may be looked at. */
export type AttemptReservation =
  | { readonly ok: true; readonly failuresLeft: number }
  | { readonly ok: false; readonly lockedUntil: EpochMs };

/** The audit log: a chain that shows every change, removal and reordering (security G12). */
export interface AuditStore {
  /** Appends to the chain; inside a transaction the event stands or falls with it. */
  append(event: NewAuditEvent): Promise<AuditEvent>;
  /** Appends several that belong to no change (denials), in one go. */
  appendAll(events: readonly NewAuditEvent[]): Promise<void>;
  /** Reads the chain in order, a page at a time. */
  read(filter: { readonly since: EpochMs | null }): AsyncIterable<AuditEvent>;
  /** Recomputes the chain and names the first event that does not fit. */
  verify(): Promise<AuditVerification>;
}

/** What became of checking the chain; `brokenAt` names the first event that does not fit. */
export type AuditVerification =
  | { readonly ok: true; readonly events: number }
  | {
      readonly ok: false;
      readonly events: number;
      readonly brokenAt: string;
      readonly why: string;
    };

/** A key that signs assertions; the private part is sealed. */
export interface SigningKeyRecord {
  readonly kid: string;
  readonly sealedPrivateJwk: string;
  readonly publicJwk: string;
  readonly createdAt: EpochMs;
}

/** Keys that sign assertions. */
export interface SigningKeyStore {
  /** Newest first. */
  list(): Promise<readonly SigningKeyRecord[]>;
  /** Adds a key unless one with the kid exists. */
  create(key: SigningKeyRecord): Promise<void>;
}

/**
 * Sessions that were ended one by one, by lineage, kept until they would have expired anyway. The
 * record is durable: a session store that forgets its last writes cannot bring a session back, and
 * a rise in assurance that was in flight while its session was ended comes out dead.
 */
export interface RevokedSessionStore {
  add(lineage: SessionKey, expiresAt: EpochMs): Promise<void>;
  removeExpired(now: EpochMs): Promise<void>;
}

/**
 * Who lost or changed access lately, for open WebSockets and streams: every change of groups,
 * status or epoch and every ended session is noted in the transaction that makes it.
 */
export interface AccessChangeStore {
  note(user: UserId, at: EpochMs): Promise<void>;
  /** Changes noted at or after `at`, oldest first. Ids are unique, not dense. */
  since(at: EpochMs): Promise<readonly { readonly id: number; readonly userId: UserId }[]>;
  removeBefore(at: EpochMs): Promise<void>;
}

/** Everything that lives in the database. */
export interface Stores {
  readonly users: UserStore;
  readonly authenticators: AuthenticatorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly challenges: ChallengeStore;
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly signingKeys: SigningKeyStore;
  readonly revokedSessions: RevokedSessionStore;
  readonly accessChanges: AccessChangeStore;
  /** Runs the work in one transaction; all of it happens or nothing. Not nestable. */
  transaction<Value>(work: (stores: Stores) => Promise<Value>): Promise<Value>;
}

/** The database itself, for whoever opens and closes it. */
export interface Database {
  readonly stores: Stores;
  /** Brings the schema to this version's; throws `DatabaseUnusable` for a newer or damaged one. */
  migrate(): Promise<void>;
  /** Resolves when the database answers and can be written to; throws `StoreUnavailable`. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A signed-in session. Its proofs never change under one id: each rise in assurance makes a new
 * session with a new id, so only `lastSeenAt` is ever written again.
 */
export interface Session {
  readonly key: SessionKey;
  /** The key of the first session of this sign-in; stays the same through every rotation. */
  readonly lineage: SessionKey;
  readonly userId: UserId;
  readonly sessionEpoch: number;
  readonly proofs: readonly Proof[];
  readonly createdAt: EpochMs;
  readonly lastSeenAt: EpochMs;
  readonly ip: string;
  readonly userAgent: string;
}

/** How long sessions last. */
export interface SessionLifetimes {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

/**
 * The sessions, wherever they are. Pages write them through express-session; everything else goes
 * through this interface and can read, touch and remove, never create.
 */
export interface Sessions {
  /** The session by the id in the cookie, or null. One look-up. Expired ones are removed. */
  findById(sessionId: string, now: EpochMs): Promise<Session | null>;
  /** Moves the end of the idle time, if the session still exists. */
  touch(session: Session, now: EpochMs): Promise<void>;
  listOfUser(user: UserId, now: EpochMs): Promise<readonly Session[]>;
  /** Ends one session; true when it existed. */
  remove(session: SessionKey): Promise<boolean>;
  /** Ends all sessions of a user but the kept one; returns the keys that were ended. */
  removeOfUser(user: UserId, keep?: SessionKey): Promise<readonly SessionKey[]>;
  /** Removes what had ended by `now`; to be called once a minute. */
  removeExpired(now: EpochMs): Promise<void>;
  countActive(now: EpochMs): Promise<number>;
  check(): Promise<void>;
  close(): Promise<void>;
}
