/**
 * The tables, as Kysely sees them. Rows are snake_case and stay in `stores/sql`; each store turns
 * its own into the types of `stores/types.ts`.
 *
 * Both engines hold the same values: instants are integers, truth values 0 or 1, lists JSON text.
 */

import type { Generated, Kysely } from 'kysely';

/** A connection, or a transaction on one. */
export type Db = Kysely<Tables>;

/** Every table of the schema. */
export interface Tables {
  readonly users: UserTable;
  readonly user_groups: UserGroupTable;
  readonly tenants: TenantTable;
  readonly authenticators: AuthenticatorTable;
  readonly recovery_codes: RecoveryCodeTable;
  readonly challenges: ChallengeTable;
  readonly used_challenges: UsedChallengeTable;
  readonly attempts: AttemptTable;
  readonly signing_keys: SigningKeyTable;
  readonly sessions: SessionRowTable;
  readonly revoked_sessions: RevokedSessionTable;
  readonly access_changes: AccessChangeTable;
  readonly devices: DeviceTable;
  readonly known_places: KnownPlaceTable;
  readonly outbox: OutboxTable;
  readonly audit_events: AuditEventTable;
  readonly audit_head: AuditHeadTable;
  readonly refusal_counts: RefusalCountTable;
  readonly audit_sinks: AuditSinkTable;
  readonly reset_requests: ResetRequestTable;
  readonly reset_approvals: ResetApprovalTable;
  readonly enrollment_links: EnrollmentLinkTable;
  readonly api_keys: ApiKeyTable;
  readonly idempotency_keys: IdempotencyKeyTable;
  readonly evidence_reports: EvidenceReportTable;
  readonly mfa_days: MfaDayTable;
  readonly write_probe: WriteProbeTable;
}

/** Organisations that users belong to. */
export interface TenantTable {
  readonly id: string;
  readonly name: string;
  readonly is_mfa_required: number;
  readonly required_since: number | null;
  readonly grace_ends_at: number | null;
  readonly grace_period_days: number;
}

/** People and service accounts. */
export interface UserTable {
  readonly id: string;
  readonly kind: string;
  readonly username: string;
  /** The username as it is compared: see `username-key.ts`. Unique. */
  readonly username_key: string;
  readonly display_name: string;
  readonly email: string | null;
  readonly tenant_id: string;
  readonly password_hash: string | null;
  /** JSON. */
  readonly networks: string;
  readonly is_disabled: number;
  readonly session_epoch: number;
  readonly created_at: number;
  readonly must_enroll_at: number | null;
  readonly reminded_at: number | null;
  /** Names and address as they are searched: see `search-text.ts`. */
  readonly search_text: string;
  /** The groups once more, for lists: see `group-list.ts`. */
  readonly group_list: string;
  /** What they have enrolled: see `factors.ts`. */
  readonly factors: number;
  /** Since a reset; null: what the person enrolls is not guarded. */
  readonly guarded_since: number | null;
  readonly supervised_until: number | null;
}

/** Who is in which group. */
export interface UserGroupTable {
  readonly user_id: string;
  readonly group_name: string;
}

/** What people enrolled. */
export interface AuthenticatorTable {
  readonly id: string;
  readonly user_id: string;
  readonly method: string;
  readonly name: string;
  readonly sealed_credential: string;
  readonly last_step: number;
  /** Passkeys only. Unique. */
  readonly credential_id: string | null;
  readonly sign_count: number;
  readonly is_backed_up: number;
  readonly attested_model: string | null;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

/** Recovery codes of confirmed sets and of sets that wait to be confirmed. */
export interface RecoveryCodeTable {
  readonly user_id: string;
  readonly code_hash: string;
  readonly is_confirmed: number;
  readonly created_at: number;
  readonly used_at: number | null;
}

/** Questions that are open. */
export interface ChallengeTable {
  readonly id: string;
  readonly kind: string;
  readonly user_id: string;
  readonly session_key: string;
  readonly sealed_payload: string;
  readonly expires_at: number;
}

/** Challenges that were used, by hash, until they expire. */
export interface UsedChallengeTable {
  readonly challenge_hash: string;
  readonly expires_at: number;
}

/** Accounts at which codes were guessed lately. */
export interface AttemptTable {
  readonly user_id: string;
  readonly failures: number;
  readonly failures_in_a_row: number;
  readonly window_started_at: number;
  readonly locked_until: number | null;
}

/** Keys that sign assertions. */
export interface SigningKeyTable {
  readonly kid: string;
  readonly sealed_private_jwk: string;
  readonly public_jwk: string;
  readonly created_at: number;
}

/** Sessions, where they are kept in the database. */
export interface SessionRowTable {
  readonly session_key: string;
  readonly lineage: string;
  readonly user_id: string;
  readonly session_epoch: number;
  /** JSON. */
  readonly proofs: string;
  readonly created_at: number;
  readonly last_seen_at: number;
  readonly ip: string;
  readonly user_agent: string;
}

/** Sign-ins that were ended one by one. */
export interface RevokedSessionTable {
  readonly lineage: string;
  readonly expires_at: number;
}

/** Whose access changed lately. */
export interface AccessChangeTable {
  readonly id: Generated<number>;
  readonly user_id: string;
  readonly at: number;
}

/** Browsers by user. The three columns of a trust are all null or none is. */
export interface DeviceTable {
  readonly id: string;
  readonly user_id: string;
  /** A hash. Unique for each user. */
  readonly device_key: string;
  readonly name: string;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly last_ip: string;
  readonly trust_method: string | null;
  readonly trust_proved_at: number | null;
  readonly trusted_until: number | null;
}

/** Where people sign in from. */
export interface KnownPlaceTable {
  readonly user_id: string;
  readonly place: string;
  readonly last_seen_at: number;
}

/** Mail that waits to be sent. */
export interface OutboxTable {
  readonly id: Generated<number>;
  readonly user_id: string;
  readonly to_address: string;
  readonly kind: string;
  /** JSON. */
  readonly details: string;
  readonly created_at: number;
  /** From when on it may be taken: to be sent, or because whoever took it last never came back. */
  readonly due_at: number;
  readonly tries: number;
}

/** The audit chain, in the order of `seq`. */
export interface AuditEventTable {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly type: string;
  readonly severity: string;
  readonly actor: string;
  readonly subject: string | null;
  readonly tenant_id: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly session_key: string | null;
  readonly request_id: string | null;
  /** JSON. */
  readonly details: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** One row: where the chain begins and ends. Whoever appends locks it first. */
export interface AuditHeadTable {
  readonly id: number;
  readonly last_seq: number;
  readonly last_hash: string;
  /** What came before was pruned; 1 where nothing was. */
  readonly first_seq: number;
  /** What the first event follows. */
  readonly first_previous_hash: string;
  /** Over the four above; null: this database is from before there was one. */
  readonly mac: string | null;
  /** Where the last verification ended. */
  readonly checked_seq: number | null;
  readonly checked_hash: string | null;
  readonly checked_mac: string | null;
}

/** Refused requests by tenant, hour and reason. */
export interface RefusalCountTable {
  readonly tenant_id: string;
  /** The instant at which the hour begins. */
  readonly hour: number;
  readonly reason: string;
  readonly refusals: number;
}

/** How far the audit trail was sent on. */
export interface AuditSinkTable {
  readonly name: string;
  readonly last_seq: number;
  readonly holder: string;
  readonly lease_until: number;
  readonly handed_over_at: number | null;
  /** Null together with `failure`: the last try went well. */
  readonly failing_since: number | null;
  readonly failure: string | null;
}

/** Requests to reset what somebody enrolled. Only one of a person's is open at a time. */
export interface ResetRequestTable {
  readonly id: string;
  readonly tenant_id: string;
  readonly user_id: string;
  readonly username: string;
  readonly tier: string;
  readonly requested_by: string;
  readonly requested_by_name: string;
  readonly reason: string;
  readonly ticket: string;
  /** JSON. */
  readonly proofing: string;
  readonly approvals_needed: number;
  readonly state: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
  readonly ended_by_name: string | null;
  readonly end_reason: string | null;
}

/** Who approved a reset: each person once, each role once. */
export interface ResetApprovalTable {
  readonly request_id: string;
  readonly approver: string;
  readonly approver_name: string;
  readonly role: string;
  readonly at: number;
}

/** One-time links; a person has one of each kind. */
export interface EnrollmentLinkTable {
  readonly hash: string;
  readonly user_id: string;
  readonly kind: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number;
}

/** Keys of service accounts, as hashes. */
export interface ApiKeyTable {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly hash: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

/** Requests that may come twice. Without a status the first one is still under way. */
export interface IdempotencyKeyTable {
  readonly key: string;
  readonly fingerprint: string;
  readonly status: number | null;
  readonly sealed_body: string | null;
  readonly expires_at: number;
}

/** Reports of evidence. */
export interface EvidenceReportTable {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly is_passed: number;
  /** JSON. */
  readonly report: string;
}

/** How tenants stood on each day. */
export interface MfaDayTable {
  readonly tenant_id: string;
  readonly day: string;
  readonly total: number;
  readonly enrolled: number;
  readonly in_grace: number;
  readonly missing: number;
}

/** One row, written by readiness checks. */
export interface WriteProbeTable {
  readonly id: number;
  readonly writes: number;
}
