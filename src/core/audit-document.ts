/**
 * An audit event as it leaves the house, and the text that its hash covers.
 *
 * The two are the same thing: whoever holds an exported line can drop `hash`, write the rest in
 * canonical JSON and compute SHA-256 over it, without this program.
 */

import type { AuditEvent } from './audit-event.ts';

/** A JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** An event with its place in the chain, before its own hash is known. */
export type UnhashedAuditEvent = Omit<AuditEvent, 'hash'>;

/** The members of an event under their public names (contract section 10), without `hash`. */
export function auditDocument(event: UnhashedAuditEvent): { readonly [name: string]: Json } {
  return {
    id: event.id,
    at: new Date(event.at).toISOString(),
    type: event.type,
    severity: event.severity,
    actor: event.actor,
    subject: event.subject,
    tenant: event.tenant,
    ip: event.ip,
    user_agent: event.userAgent,
    session: event.session,
    request_id: event.requestId,
    details: event.details,
    previous_hash: event.previousHash,
  };
}

/** JSON in one spelling: members sorted, no spaces (RFC 8785). */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
