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

/** One row: where the chain ends. Whoever appends locks it first. */
export interface AuditHeadTable {
  readonly id: number;
  readonly last_seq: number;
  readonly last_hash: string;
}

/** One row, written by readiness checks. */
export interface WriteProbeTable {
  readonly id: number;
  readonly writes: number;
}
