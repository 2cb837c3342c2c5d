/**
 * What the rest of the program asks of storage. Interfaces only.
 *
 * A store that cannot answer throws `StoreUnavailable`; nobody may read that as "there is none".
 * Whatever may be used once is used up by one conditional statement, so that of two that arrive
 * together, on whatever instance, exactly one wins.
 */

import type { AuditEvent, NewAuditEvent } from '../core/audit-event.ts';
import type { Principal } from '../core/facts.ts';
import type {
  AuthenticatorId,
  ChallengeId,
  DeviceId,
  SessionKey,
  TenantId,
  UserId,
} from '../core/ids.ts';
import type { MailKind } from '../core/mail-kinds.ts';
import type { MethodId, Proof } from '../core/proofs.ts';
import type { Lifetimes } from '../core/session-facts.ts';
import type { TenantRules } from '../core/tenant-rules.ts';
import type { EpochMs } from '../core/time.ts';
import type {
  ApiKeyStore,
  EnrollmentLinkStore,
  EvidenceStore,
  IdempotencyStore,
  ListedSession,
  PeopleStore,
  ResetStore,
  SessionListPage,
} from './types/administration.ts';
import type { AuditBrowser, AuditSinkStore } from './types/audit-trail.ts';
import type { RestoringStore } from './types/restoring.ts';
import type { SealedValueStore } from './types/sealed-values.ts';

/** The storage did not answer, or not in time. Answered with 503, never with "anonymous". */
export class StoreUnavailable extends Error {
  constructor(what: string, options?: { readonly cause?: unknown }) {
    super(`${what} is unavailable`, options);
    this.name = 'StoreUnavailable';
  }
}

/**
 * So many audit events wait to be sent on that nothing may be done that has to be audited (F12).
 * To whoever asks it is a store that does not answer, and has its name.
 */
export class AuditTrailFull extends StoreUnavailable {
  constructor() {
    super('The audit trail (too many events wait to be sent on)');
  }
}

/** The database is damaged or from a newer version: nothing can start on it. The message says so. */
export class DatabaseUnusable extends Error {}

/** A user or service account, as stored. */
export interface User extends Principal {
  /** Raised to end every session at once; a session carries the value it was made under. */
  readonly sessionEpoch: number;
  readonly createdAt: EpochMs;
  /** From when on this person must have a second factor, whatever else asks for one; or null. */
  readonly mustEnrollAt: EpochMs | null;
  /** When they last put off the reminder that a second factor is due; or null. */
  readonly remindedAt: EpochMs | null;
  /** Set by a reset: who knows the password must show more before they may enroll; or null. */
  readonly enrollGuard: EnrollGuard | null;
}

/**
 * After a reset the password alone must not enroll anything: whoever stole it would be first. A
 * one-time link that was used after `since`, or an administrator who is present, lets the person.
 */
export interface EnrollGuard {
  readonly since: EpochMs;
  /** Until when an administrator is present; null: nobody is. */
  readonly supervisedUntil: EpochMs | null;
}

/** A principal as `recall` needs it: one query. */
export interface PrincipalRecord {
  readonly user: User;
  /** What the person's tenant asks. */
  readonly tenantRules: TenantRules;
  /** The models (AAGUIDs, lower case) of enrolled passkeys whose attestation was verified. */
  readonly attestedModels: readonly string[];
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
  /** Those of the names that are taken; for many at once. */
  listByUsernames(usernames: readonly string[]): Promise<readonly User[]>;
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
  /** Binds a service to these networks; with none it gets nowhere. */
  setNetworks(id: UserId, networks: readonly string[]): Promise<void>;
  /** All service accounts, by name. */
  listServices(): Promise<readonly User[]>;
  setEnrollGuard(id: UserId, guard: EnrollGuard | null): Promise<void>;
  setProfile(
    id: UserId,
    profile: { readonly displayName: string; readonly email: string | null },
  ): Promise<void>;
  /** Removes an account and all that hangs on it, but for the audit trail. */
  remove(id: UserId): Promise<void>;
  /**
   * Lifts every epoch to at least `floor`: no session that was ever made counts any more. After a
   * backup was restored, sessions may exist that the database does not know of.
   */
  liftAllSessionEpochs(floor: number): Promise<void>;
  /** Says from when on the person must have a second factor; null: nothing of their own does. */
  setMustEnrollAt(id: UserId, at: EpochMs | null): Promise<void>;
  /** Notes that the person put off the reminder. */
  setRemindedAt(id: UserId, at: EpochMs): Promise<void>;
  /** A tenant's people (no services, none disabled) in one of the groups, by name; at most `limit`. */
  listOfGroups(
    tenant: TenantId,
    groups: readonly string[],
    limit: number,
  ): Promise<readonly User[]>;
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
  /** Services: the names of the networks they may come from. People: empty. */
  readonly networks: readonly string[];
  readonly passwordHash: string | null;
  readonly createdAt: EpochMs;
}

/** The username, or the name of a tenant, is taken. */
export class NameTaken extends Error {}

/** An organisation that users belong to, and what it asks of them. */
export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly rules: TenantRules;
  /** What was asked for; `rules` hold the instants that it amounts to. */
  readonly gracePeriodDays: number;
}

/** Tenants. */
export interface TenantStore {
  /** Throws `NameTaken` when the id exists. */
  create(tenant: Tenant): Promise<void>;
  find(id: TenantId): Promise<Tenant | null>;
  /** Reads a tenant and holds it until the transaction ends. Inside a transaction only. */
  lock(id: TenantId): Promise<Tenant | null>;
  list(): Promise<readonly Tenant[]>;
  setRules(
    id: TenantId,
    rules: TenantRules,
    settings: { readonly gracePeriodDays: number },
  ): Promise<void>;
  /** Removes a tenant that nobody belongs to any more, with what was counted of it. */
  remove(id: TenantId): Promise<void>;
}

/** One enrolled thing. The credential is sealed: only its method can open it. */
export interface Authenticator {
  readonly id: AuthenticatorId;
  readonly userId: UserId;
  readonly method: MethodId;
  readonly name: string;
  readonly sealedCredential: string;
  /** TOTP: the last time step that was accepted; -1 before the first. */
  readonly lastStep: number;
  /** WebAuthn: what is looked up and written at each use; null for other methods. */
  readonly passkey: PasskeyState | null;
  readonly createdAt: EpochMs;
  readonly lastUsedAt: EpochMs | null;
}

/** What changes about a passkey, and what it is found by. The rest is in the sealed credential. */
export interface PasskeyState {
  /** Base64url, as the browser writes it. Unique over all users. */
  readonly credentialId: string;
  /** The signature counter seen last; 0 where the authenticator keeps none. */
  readonly signCount: number;
  /** The flag BS: it is synchronised now. */
  readonly isBackedUp: boolean;
  /** AAGUID in lower case when its attestation was verified; else null. */
  readonly attestedModel: string | null;
}

/** The credential id is enrolled already, by this person or another. */
export class CredentialTaken extends Error {}

/** What people enrolled. */
export interface AuthenticatorStore {
  /** Throws `CredentialTaken` when the credential id exists. */
  create(authenticator: Authenticator): Promise<void>;
  listOfUser(user: UserId): Promise<readonly Authenticator[]>;
  findByCredentialId(credentialId: string): Promise<Authenticator | null>;
  /**
   * Uses up a TOTP time step. True exactly once for each step, and only for steps after the last
   * used one (RFC 6238 §5.2). A stored step that lies more than ten steps ahead of `step` came
   * from a wrong clock and does not lock the person out.
   */
  consumeStep(id: AuthenticatorId, step: number, at: EpochMs): Promise<boolean>;
  /**
   * Writes the use of a passkey. True when the counter rose, or is 0 now as before (WebAuthn L3
   * §7.2 step 22); false when it did not rise, and nothing is written.
   */
  recordPasskeyUse(
    id: AuthenticatorId,
    use: { readonly signCount: number; readonly isBackedUp: boolean; readonly at: EpochMs },
  ): Promise<boolean>;
  /** Gives one of the user's authenticators another name; false when they have none of that id. */
  rename(user: UserId, id: AuthenticatorId, name: string): Promise<boolean>;
  /** Removes one of the user's authenticators; true exactly once. */
  remove(user: UserId, id: AuthenticatorId): Promise<boolean>;
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
  removeOfUser(user: UserId): Promise<void>;
  removeExpired(now: EpochMs): Promise<void>;
}

/**
 * What may happen once and leaves no other record: challenges that carry their own proof of coming
 * from us (WebAuthn), and news that is told once an hour. Kept until it would have expired anyway.
 */
export interface UsedChallengeStore {
  /** Uses one up, by its hash. True exactly once. */
  consume(hash: string, expiresAt: EpochMs): Promise<boolean>;
  removeExpired(now: EpochMs): Promise<void>;
}

/** A browser that somebody signed in with, known again by its device cookie. */
export interface Device {
  readonly id: DeviceId;
  readonly userId: UserId;
  /** SHA-256 of the secret in the device cookie, hex. One browser has one for all of its users. */
  readonly key: string;
  /** What the browser said it was: `Firefox on Linux`. */
  readonly name: string;
  readonly firstSeenAt: EpochMs;
  readonly lastSeenAt: EpochMs;
  readonly lastIp: string;
  readonly trust: DeviceTrust | null;
}

/** A second factor that was proved in a browser and is remembered there. */
export interface DeviceTrust {
  readonly method: MethodId;
  /** When it was proved; the proof keeps this date. */
  readonly provedAt: EpochMs;
  readonly until: EpochMs;
}

/** Browsers by user. */
export interface DeviceStore {
  find(user: UserId, key: string): Promise<Device | null>;
  listOfUser(user: UserId): Promise<readonly Device[]>;
  /** Writes a device that was not known, or when and where a known one was seen. */
  see(device: Omit<Device, 'trust'>): Promise<void>;
  /** Trusts a known device; false when it is not known. */
  trust(user: UserId, key: string, trust: DeviceTrust): Promise<boolean>;
  /** Ends the trust in one device; true when there was any. */
  distrust(user: UserId, id: DeviceId): Promise<boolean>;
  /** Ends the trust in all devices of a user and says in how many there was any. */
  distrustAll(user: UserId): Promise<number>;
  /** Forgets all devices of a user but so many that were seen last. */
  keepLatest(user: UserId, count: number): Promise<void>;
  removeUnseenSince(at: EpochMs): Promise<void>;
}

/** Where people sign in from: network prefixes or places of a map, as text. */
export interface PlaceStore {
  /** Notes a place. `first`: the person had none at all; `new`: they had others. */
  see(user: UserId, place: string, at: EpochMs): Promise<'first' | 'new' | 'known'>;
  /** What `see` would say, without noting anything. */
  look(user: UserId, place: string): Promise<'first' | 'new' | 'known'>;
  removeUnseenSince(at: EpochMs): Promise<void>;
}

/** Something to tell a person by mail. No secrets, no codes; of a one-time link, a sealed secret. */
export interface NewMail {
  readonly userId: UserId;
  readonly to: string;
  readonly kind: MailKind;
  readonly details: Readonly<Record<string, string | number>>;
  readonly createdAt: EpochMs;
}

/** Mail that waits to be sent. */
export interface WaitingMail extends NewMail {
  readonly id: number;
  /** How often it was tried before. */
  readonly tries: number;
}

/** Mail is written down in the transaction of what it tells, and sent afterwards. */
export interface OutboxStore {
  add(mail: NewMail): Promise<void>;
  /**
   * Takes what is due, oldest first, so that no other instance takes it until `leaseUntil`; each
   * taking counts as one try.
   */
  take(asked: {
    readonly now: EpochMs;
    readonly leaseUntil: EpochMs;
    readonly limit: number;
  }): Promise<readonly WaitingMail[]>;
  /** It was sent, or is given up. */
  remove(id: number): Promise<void>;
  /** It could not be sent; it is due again then. */
  postpone(id: number, until: EpochMs): Promise<void>;
  count(): Promise<number>;
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
  /** Counts one new set of recovery codes of an account. */
  newRecoveryCodes(account: string): Promise<LimitAnswer>;
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
  /**
   * Appends to the chain; inside a transaction the event stands or falls with it. Throws
   * `AuditTrailFull`, so that what must be audited does not happen, where too much waits.
   */
  append(event: NewAuditEvent): Promise<AuditEvent>;
  /** Appends several that belong to no change (denials), in one go, however many wait. */
  appendAll(events: readonly NewAuditEvent[]): Promise<void>;
  /**
   * Removes the events before an instant from the beginning of the chain and notes, in an event and
   * in what the chain is anchored to, where it begins now. Says how many were removed. The latest
   * event always stays, and so does what one of these sinks has yet to be sent. Throws
   * `AuditChainBroken` rather than remove what shows that somebody was at work.
   */
  prune(asked: {
    readonly before: EpochMs;
    readonly sinks: readonly string[];
    readonly now: EpochMs;
    /** Who asked for it; `system` where nobody did. */
    readonly actor?: string;
  }): Promise<number>;
  /**
   * Signs where the chain begins and ends though it was not signed, and appends that somebody has
   * done so: for operators, after the key was lost or once a forgery has been looked into. Where
   * the events themselves do not fit it says so and signs nothing.
   */
  signAnew(by: {
    readonly actor: string;
    readonly at: EpochMs;
    readonly reason: string;
  }): Promise<AuditVerification>;
  /** Reads the chain in order, a page at a time. */
  read(filter: { readonly since: EpochMs | null }): AsyncIterable<AuditEvent>;
  /** The latest events about a user, newest first. */
  listOfSubject(user: UserId, limit: number): Promise<readonly AuditEvent[]>;
  /**
   * Recomputes the chain and names the first event that does not fit. `since-checked` begins where
   * the last one that found nothing wrong ended, which is noted under a key that is not in the
   * database.
   */
  verify(scope?: 'all' | 'since-checked'): Promise<AuditVerification>;
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
  remove(kid: string): Promise<void>;
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

/** Whose access changed: one person's, or that of all people of a tenant. */
export interface AccessChange {
  /** Unique, not dense. */
  readonly id: number;
  readonly whose: UserId | TenantId;
}

/**
 * Who lost or changed access lately, for open WebSockets and streams: every change of groups,
 * status or epoch, every ended session and every demand of a tenant is noted in the transaction
 * that makes it. A tenant is one note, however many people it has.
 */
export interface AccessChangeStore {
  note(whose: UserId | TenantId, at: EpochMs): Promise<void>;
  /** Changes noted at or after `at`, oldest first. */
  since(at: EpochMs): Promise<readonly AccessChange[]>;
  removeBefore(at: EpochMs): Promise<void>;
}

/** The audit chain shows that somebody has changed it; the message says where. */
export class AuditChainBroken extends Error {}

/** Everything that lives in the database. */
export interface Stores {
  readonly users: UserStore;
  readonly people: PeopleStore;
  readonly resets: ResetStore;
  readonly enrollmentLinks: EnrollmentLinkStore;
  readonly apiKeys: ApiKeyStore;
  readonly idempotency: IdempotencyStore;
  readonly evidence: EvidenceStore;
  readonly tenants: TenantStore;
  readonly authenticators: AuthenticatorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly challenges: ChallengeStore;
  readonly usedChallenges: UsedChallengeStore;
  readonly devices: DeviceStore;
  readonly places: PlaceStore;
  readonly outbox: OutboxStore;
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly auditBrowser: AuditBrowser;
  readonly auditSinks: AuditSinkStore;
  readonly signingKeys: SigningKeyStore;
  readonly revokedSessions: RevokedSessionStore;
  readonly accessChanges: AccessChangeStore;
  readonly sealedValues: SealedValueStore;
  readonly restoring: RestoringStore;
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
  /** Does work of a name while nobody else does, on whatever machine; a kill ends it too. */
  alone<Value>(
    name: 'rotation' | 'import',
    work: () => Promise<Value>,
  ): Promise<
    | { readonly ok: true; readonly value: Value }
    | { readonly ok: false; readonly reason: 'under-way' }
  >;
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
export type SessionLifetimes = Lifetimes;

/**
 * The sessions, wherever they are. Pages write them through express-session; everything else goes
 * through this interface and can read, touch and remove, never create.
 */
export interface Sessions {
  /** The session by the id in the cookie, or null. One look-up. Expired ones are removed. */
  findById(sessionId: string, now: EpochMs): Promise<Session | null>;
  /** The live session of a key; whether it still counts is not asked. */
  findByKey(key: SessionKey, now: EpochMs): Promise<Session | null>;
  /** Moves the end of the idle time, if the session still exists. */
  touch(session: Session, now: EpochMs): Promise<void>;
  listOfUser(user: UserId, now: EpochMs): Promise<readonly Session[]>;
  /**
   * The live sessions of a tenant's people that still count, seen last first (where they are kept in
   * Redis: those that end last). Beside a session that has ended meanwhile the list begins anew.
   */
  listOfTenant(
    tenant: TenantId,
    page: SessionListPage,
    now: EpochMs,
  ): Promise<readonly ListedSession[]>;
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
