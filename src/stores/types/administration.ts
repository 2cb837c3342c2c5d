/** What the administration asks of storage: lists of people, resets, links, keys, reports. */

import type {
  ApiKeyId,
  EvidenceId,
  ResetRequestId,
  SessionKey,
  TenantId,
  UserId,
} from '../../core/ids.ts';
import type { AdminRole } from '../../core/policy/administration.ts';
import type { EnrollmentStatus, StatusPolicy } from '../../core/policy/enrollment-status.ts';
import type { Tier } from '../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../core/proofs.ts';
import type { ResetState } from '../../core/reset-request.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Session, User } from '../types.ts';

/** A page of a list: what comes after `after` (null: from the start), at most `limit`. */
export interface KeysetPage {
  readonly after: string | null;
  readonly limit: number;
}

/** A person in a list, with what the list shows of them. */
export interface ListedPerson {
  readonly user: User;
  readonly enrolled: readonly MethodId[];
  readonly recoveryCodesLeft: number;
  /** Services have none. */
  readonly status: EnrollmentStatus | null;
  /** When a second factor is due (core/tenant-rules.ts); null: nothing says so. */
  readonly enrollBy: EpochMs | null;
  /** Their second-factor codes are paused until then; null: they are not. */
  readonly lockedUntil: EpochMs | null;
}

/** Which people; null: it does not matter. */
export interface PeopleFilter {
  readonly tenant: TenantId;
  /** Part of the username, display name or e-mail address, in any letter case. */
  readonly text: string | null;
  readonly tier: Tier | null;
  readonly group: string | null;
  readonly status: EnrollmentStatus | null;
  readonly method: Extract<MethodId, 'totp' | 'webauthn'> | null;
  readonly kind: User['kind'] | null;
  readonly isDisabled: boolean | null;
  readonly isLocked: boolean | null;
}

/** How many people of a tier are how far. Disabled people and services are left out. */
export interface TierCount {
  readonly tier: Tier;
  readonly status: EnrollmentStatus;
  readonly people: number;
}

/** How a tenant stands. */
export interface MfaStatistics {
  readonly byTier: readonly TierCount[];
  /** People who have enrolled each method. */
  readonly byMethod: Readonly<Record<'totp' | 'webauthn' | 'recovery-code', number>>;
}

/** One day of a tenant, as it stood when it was last noted. */
export interface MfaDay {
  /** `2026-03-01`, in UTC. */
  readonly day: string;
  readonly total: number;
  readonly enrolled: number;
  readonly inGrace: number;
  readonly missing: number;
}

/** People as lists and numbers. */
export interface PeopleStore {
  /** By username. `after` is the username that the page before ended with. */
  search(
    filter: PeopleFilter,
    page: KeysetPage,
    at: { readonly policy: StatusPolicy; readonly now: EpochMs },
  ): Promise<readonly ListedPerson[]>;
  /** One of a tenant, as the list shows them; null for nobody and for somebody of another. */
  find(
    tenant: TenantId,
    id: UserId,
    at: { readonly policy: StatusPolicy; readonly now: EpochMs },
  ): Promise<ListedPerson | null>;
  /** How many there are; with `after`: that come after this username. */
  count(
    filter: PeopleFilter,
    after: string | null,
    at: { readonly policy: StatusPolicy; readonly now: EpochMs },
  ): Promise<number>;
  statistics(
    tenant: TenantId,
    at: { readonly policy: StatusPolicy; readonly now: EpochMs },
  ): Promise<MfaStatistics>;
  /** How many people of a tenant have their second-factor codes paused now. */
  countLocked(tenant: TenantId, now: EpochMs): Promise<number>;
  /** Notes how a tenant stands today, in place of what was noted today before. */
  noteDay(tenant: TenantId, day: MfaDay): Promise<void>;
  /** The latest days, oldest first. */
  listDays(tenant: TenantId, limit: number): Promise<readonly MfaDay[]>;
}

/** A live session in a list of a tenant's. */
export interface ListedSession {
  readonly session: Session;
  readonly user: User;
}

/** A check of who somebody is: `{ kind: 'id-document', reference: 'HR-2231' }`. */
export interface ProofingCheck {
  readonly kind: string;
  readonly reference: string;
}

/** Somebody said yes. */
export interface ResetApproval {
  readonly approver: UserId;
  readonly approverName: string;
  readonly role: Extract<AdminRole, 'manager' | 'security-owner'>;
  readonly at: EpochMs;
}

/** A request to remove what somebody has enrolled, so that they can enroll anew. */
export interface ResetRequest {
  readonly id: ResetRequestId;
  readonly tenant: TenantId;
  readonly userId: UserId;
  /** The username when it was requested. */
  readonly username: string;
  readonly tier: Tier;
  readonly requestedBy: UserId;
  readonly requestedByName: string;
  readonly reason: string;
  readonly ticket: string;
  readonly proofing: readonly ProofingCheck[];
  /** How many must approve, and whether as both manager and security owner. */
  readonly approvalsNeeded: 0 | 1 | 2;
  readonly approvals: readonly ResetApproval[];
  readonly state: ResetState;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly endedAt: EpochMs | null;
  readonly endedBy: UserId | null;
  readonly endedByName: string | null;
  /** Why it was rejected or cancelled. */
  readonly endReason: string | null;
}

/** Reset requests. */
export interface ResetStore {
  create(
    request: Omit<ResetRequest, 'approvals' | 'endedAt' | 'endedBy' | 'endedByName' | 'endReason'>,
  ): Promise<void>;
  find(id: ResetRequestId): Promise<ResetRequest | null>;
  /** Reads a request and holds it until the transaction ends. Inside a transaction only. */
  lock(id: ResetRequestId): Promise<ResetRequest | null>;
  /** The request about a person that is pending or approved, if any. */
  findOpenOf(user: UserId): Promise<ResetRequest | null>;
  /** Newest first; `after` is the id that the page before ended with. */
  list(
    filter: {
      readonly tenant: TenantId;
      readonly states: readonly ResetState[] | null;
      readonly user: UserId | null;
    },
    page: KeysetPage,
  ): Promise<readonly ResetRequest[]>;
  countOpen(tenant: TenantId): Promise<number>;
  /** False when this person, or somebody in this role, has approved it already. */
  addApproval(id: ResetRequestId, approval: ResetApproval): Promise<boolean>;
  /** Moves it on if it is in one of the states; true exactly once. */
  move(
    id: ResetRequestId,
    change: {
      readonly from: readonly ResetState[];
      readonly to: ResetState;
      readonly end: {
        readonly at: EpochMs;
        readonly by: UserId | null;
        readonly byName: string | null;
        readonly reason: string | null;
      } | null;
    },
  ): Promise<boolean>;
  /** Those that are pending or approved and whose time is up. */
  listOverdue(now: EpochMs, limit: number): Promise<readonly ResetRequest[]>;
}

/** A one-time link: to choose a password (`invitation`), or to enroll again after a reset. */
export interface EnrollmentLink {
  /** SHA-256 of the secret in the link, hex. */
  readonly hash: string;
  readonly userId: UserId;
  readonly kind: 'invitation' | 'enroll-again';
  readonly createdBy: string;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs;
}

/** One-time links. */
export interface EnrollmentLinkStore {
  /** Takes the place of the person's earlier links of the kind. */
  create(link: EnrollmentLink): Promise<void>;
  /** Left in place. Null when it is unknown, expired or used: the cases look the same. */
  find(hash: string, now: EpochMs): Promise<EnrollmentLink | null>;
  /** Uses one up; the link exactly once, else null. */
  consume(hash: string, now: EpochMs): Promise<EnrollmentLink | null>;
  listOfUser(user: UserId, now: EpochMs): Promise<readonly EnrollmentLink[]>;
  removeOfUser(user: UserId): Promise<void>;
  removeExpired(now: EpochMs): Promise<void>;
}

/** A key by which a service account obtains tokens. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly userId: UserId;
  readonly tenant: TenantId;
  readonly name: string;
  /** SHA-256 of the secret part, hex: it has 256 random bits. */
  readonly hash: string;
  readonly createdBy: string;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs | null;
  readonly lastUsedAt: EpochMs | null;
}

/** API keys. */
export interface ApiKeyStore {
  create(key: ApiKey): Promise<void>;
  find(id: ApiKeyId): Promise<ApiKey | null>;
  /** Newest first; `after` is the id that the page before ended with. */
  list(
    filter: { readonly tenant: TenantId; readonly user: UserId | null },
    page: KeysetPage,
  ): Promise<readonly ApiKey[]>;
  noteUse(id: ApiKeyId, at: EpochMs): Promise<void>;
  /** True exactly once. */
  remove(id: ApiKeyId): Promise<boolean>;
  removeOfUser(user: UserId): Promise<number>;
}

/** What is known of a request that was sent under an idempotency key. */
export type IdempotencyRecord =
  | { readonly state: 'new' }
  | { readonly state: 'running' }
  | { readonly state: 'other-request' }
  | { readonly state: 'done'; readonly status: number; readonly sealedBody: string };

/** Answers to requests that may come twice (draft-ietf-httpapi-idempotency-key-header). */
export interface IdempotencyStore {
  /** `new` exactly once for each key; whoever gets it does the work and calls `finish`. */
  begin(asked: {
    /** Hash over who asks and the header's value. */
    readonly key: string;
    /** Hash over method, path and body. */
    readonly fingerprint: string;
    readonly now: EpochMs;
    /** From then on it counts as never sent: whoever has not finished was killed. */
    readonly expiresAt: EpochMs;
  }): Promise<IdempotencyRecord>;
  finish(
    key: string,
    answer: {
      readonly status: number;
      readonly sealedBody: string;
      /** Until when the answer is kept; by default as `begin` said. */
      readonly expiresAt?: EpochMs;
    },
  ): Promise<void>;
  /** The work was not done: the next one may try. */
  release(key: string): Promise<void>;
  removeExpired(now: EpochMs): Promise<void>;
}

/** A report of evidence that was collected. */
export interface EvidenceRecord {
  readonly id: EvidenceId;
  readonly at: EpochMs;
  readonly by: string;
  readonly isPassed: boolean;
  /** JSON. */
  readonly report: string;
}

/** A text as it stands in the database. */
export interface StoredText {
  readonly table: string;
  readonly column: string;
  readonly text: string;
}

/** Reports. */
export interface EvidenceStore {
  add(record: EvidenceRecord): Promise<void>;
  find(id: EvidenceId): Promise<EvidenceRecord | null>;
  /** Newest first, without the reports themselves. */
  list(limit: number): Promise<readonly Omit<EvidenceRecord, 'report'>[]>;
  /**
   * Every text that the database holds about these people and their tenant, and of tables that are
   * about nobody all there is (of long ones the beginning): to look through for what must not stand
   * there. Reports of evidence are left out.
   */
  textsAbout(about: {
    readonly users: readonly UserId[];
    readonly tenant: TenantId;
  }): AsyncIterable<StoredText>;
}

/** Sessions that begin or go on at a place in a list: by last use, then key. */
export interface SessionListPage {
  readonly after: SessionKey | null;
  readonly limit: number;
}
