/** Which events an administrator looks for, and what that amounts to in their own tenant. */

import type { AuditEventType, Severity } from '../../core/audit-event.ts';
import { parseAddress } from '../../core/cidr.ts';
import type { SessionKey, TenantId, UserId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import type { AuditFilter } from '../../stores/types/audit-trail.ts';

/** What is looked for; null: it does not matter. */
export interface AuditSearch {
  readonly types: readonly AuditEventType[] | null;
  readonly severities: readonly Severity[] | null;
  /** Whom it was done to: a username, or the id of somebody who may be gone. */
  readonly person: string | null;
  readonly actor: string | null;
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly session: SessionKey | null;
  /** From this instant on. */
  readonly from: EpochMs | null;
  /** Before this instant. */
  readonly to: EpochMs | null;
}

/** A search that is for everything. */
export const everyEvent: AuditSearch = {
  types: null,
  severities: null,
  person: null,
  actor: null,
  ip: null,
  requestId: null,
  session: null,
  from: null,
  to: null,
};

/** Why a search finds nothing whatever there is. */
export interface SearchFault {
  readonly field: 'person' | 'ip' | 'period';
  readonly reason: 'no-such-person' | 'no-address' | 'ends-before-it-begins';
}

/** A search as the store understands it. */
export type SettledSearch =
  | { readonly ok: true; readonly filter: AuditFilter }
  | { readonly ok: false; readonly faults: readonly SearchFault[] };

/**
 * Settles a search within a tenant. Somebody of another tenant is nobody, and events of another
 * tenant are out of reach whatever is looked for.
 */
export async function settleSearch(
  stores: Pick<Stores, 'users'>,
  tenant: TenantId,
  search: AuditSearch,
): Promise<SettledSearch> {
  const { person, ip, from, to } = search;
  const subject = person === null ? null : await subjectNamed(stores, tenant, person);
  const address = ip === null ? null : parseAddress(ip.trim());
  const faults: SearchFault[] = [
    ...(person !== null && subject === null
      ? [{ field: 'person', reason: 'no-such-person' } as const]
      : []),
    ...(ip !== null && address === null ? [{ field: 'ip', reason: 'no-address' } as const] : []),
    ...(from !== null && to !== null && to <= from
      ? [{ field: 'period', reason: 'ends-before-it-begins' } as const]
      : []),
  ];
  if (faults.length > 0) return { ok: false, faults };
  const { types, severities, actor, requestId, session } = search;
  return {
    ok: true,
    filter: {
      tenant,
      types,
      severities,
      subject,
      actor,
      ip: address,
      requestId,
      session,
      from,
      to,
    },
  };
}

async function subjectNamed(
  stores: Pick<Stores, 'users'>,
  tenant: TenantId,
  person: string,
): Promise<UserId | null> {
  const user = await stores.users.findByUsername(person);
  if (user?.tenant === tenant) return user.id;
  // Whoever was removed has no name any more; events keep the id.
  return /^usr_[\w-]{1,64}$/.test(person) ? (person as UserId) : null;
}
