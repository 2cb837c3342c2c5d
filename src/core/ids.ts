/**
 * Identifiers: prefixed so that a person can tell what they name, branded so that the compiler can.
 *
 * Pure: the random bytes are handed in. Ids are names, not secrets; session ids and recovery
 * codes are secrets and are made elsewhere.
 */

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

/** Names a user or a service account. */
export type UserId = Id<'UserId'>;
/** Names a tenant. */
export type TenantId = Id<'TenantId'>;
/** Names one enrolled thing. */
export type AuthenticatorId = Id<'AuthenticatorId'>;
/** Names a browser that one person signed in with. */
export type DeviceId = Id<'DeviceId'>;
/** Names a question that we issued. */
export type ChallengeId = Id<'ChallengeId'>;
/** Names a request to reset what somebody enrolled. */
export type ResetRequestId = Id<'ResetRequestId'>;
/** Names an API key; the key itself is a secret. */
export type ApiKeyId = Id<'ApiKeyId'>;
/** Names a report of evidence. */
export type EvidenceId = Id<'EvidenceId'>;
/** Names an event of the audit trail; sorts by time. */
export type AuditEventId = Id<'AuditEventId'>;
/** Names one request, in logs, audit events and on the pages people see. */
export type RequestId = Id<'RequestId'>;
/** SHA-256 of a session id, hex: what stores, logs and audit events know a session by. */
export type SessionKey = Id<'SessionKey'>;

/** Bytes of randomness that each id needs. */
export const idBytes = 12;

/** The tenant of everyone who was given none. */
export const defaultTenant = 'default' as TenantId;

const prefixes = {
  user: 'usr_',
  authenticator: 'ath_',
  device: 'dev_',
  challenge: 'chl_',
  request: 'req_',
  reset: 'rst_',
  apiKey: 'key_',
  evidence: 'evd_',
} as const;

interface IdOf {
  readonly user: UserId;
  readonly authenticator: AuthenticatorId;
  readonly device: DeviceId;
  readonly challenge: ChallengeId;
  readonly request: RequestId;
  readonly reset: ResetRequestId;
  readonly apiKey: ApiKeyId;
  readonly evidence: EvidenceId;
}

/** Makes an id of one kind from random bytes (at least `idBytes`). */
export function idFrom<Kind extends keyof IdOf>(kind: Kind, bytes: Buffer): IdOf[Kind] {
  return (prefixes[kind] + bytes.toString('base64url')) as IdOf[Kind];
}

/** Makes the id of an audit event; ids sort by the instant they were made at. */
export function auditEventIdFrom(at: number, bytes: Buffer): AuditEventId {
  return `evt_${at.toString(36).padStart(9, '0')}${bytes.toString('hex')}` as AuditEventId;
}
