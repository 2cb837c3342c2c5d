/**
 * The audit trail for administrators: one tenant's events, page by page, one by one, or all of them
 * as a file; and for the installation as a whole, whether the chain still holds.
 */

import type { AuditEvent } from '../../core/audit-event.ts';
import type { AuditEventId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { AuditVerification, Stores } from '../../stores/types.ts';
import type { AuditFilter, AuditPage } from '../../stores/types/audit-trail.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView, isOfInstallation } from './administrator.ts';
import { type AuditSearch, everyEvent, type SearchFault, settleSearch } from './audit-search.ts';

/** A page of events, newest first. */
export type AuditPageFound =
  | {
      readonly ok: true;
      readonly events: readonly AuditEvent[];
      readonly hasNewer: boolean;
      readonly hasOlder: boolean;
    }
  | { readonly ok: false; readonly faults: readonly (SearchFault | StalePlace)[] };

/** The event that a page was to begin beside is not there, or not of this tenant. */
export interface StalePlace {
  readonly field: 'place';
  readonly reason: 'no-such-event';
}

/** Looks for events. Throws the problem `not-permitted` without a role that lets one look. */
export async function browseAudit(
  ctx: FlowContext,
  admin: Administrator,
  search: AuditSearch,
  page: AuditPage,
): Promise<AuditPageFound> {
  assertMayView(ctx, admin);
  const { tenant } = admin.session.principal;
  const settled = await settleSearch(ctx.stores, tenant, search);
  const { after, limit, side = 'older' } = page;
  const { auditBrowser } = ctx.stores;
  const isStale = after !== null && (await auditBrowser.find(tenant, after)) === null;
  if (!settled.ok || isStale) {
    const stale = { field: 'place', reason: 'no-such-event' } as const;
    return {
      ok: false,
      faults: [...(settled.ok ? [] : settled.faults), ...(isStale ? [stale] : [])],
    };
  }

  const found = await auditBrowser.browse(settled.filter, { after, side, limit: limit + 1 });
  const hasMore = found.length > limit;
  if (side === 'older' || after === null) {
    return { ok: true, events: found.slice(0, limit), hasNewer: after !== null, hasOlder: hasMore };
  }
  if (hasMore) return { ok: true, events: found.slice(1), hasNewer: true, hasOlder: true };
  // The newest page is always a full one: what it lacks is filled up with older events.
  return browseAudit(ctx, admin, search, { after: null, limit });
}

/** An event and what stands beside it. */
export interface AuditEventFound {
  readonly event: AuditEvent;
  /** Of the same request, newest first, this one left out. */
  readonly ofRequest: readonly AuditEvent[];
  /** In the same session, around it. */
  readonly inSession: readonly AuditEvent[];
  /** About the same person, around it. */
  readonly aboutPerson: readonly AuditEvent[];
}

/** How many neighbours are shown on each side of an event. */
const neighboursMax = 5;

/** One event of the administrator's tenant with its neighbours; null: there is none of this id. */
export async function findAuditEvent(
  ctx: FlowContext,
  admin: Administrator,
  id: string,
): Promise<AuditEventFound | null> {
  assertMayView(ctx, admin);
  const { tenant } = admin.session.principal;
  const event = await ctx.stores.auditBrowser.find(tenant, id as AuditEventId);
  if (event === null) return null;
  const { requestId, session, subject } = event;
  const everything: AuditFilter = { ...everyEvent, tenant, subject: null };
  const around = async (filter: Partial<AuditFilter> | null): Promise<readonly AuditEvent[]> =>
    filter === null ? [] : eventsAround(ctx.stores, { ...everything, ...filter }, event.id);
  return {
    event,
    ofRequest: await around(requestId === null ? null : { requestId }),
    inSession: await around(session === null ? null : { session }),
    aboutPerson: await around(subject === null ? null : { subject }),
  };
}

async function eventsAround(
  { auditBrowser }: Pick<Stores, 'auditBrowser'>,
  filter: AuditFilter,
  after: AuditEventId,
): Promise<readonly AuditEvent[]> {
  const page = { after, limit: neighboursMax } as const;
  const newer = await auditBrowser.browse(filter, { ...page, side: 'newer' });
  const older = await auditBrowser.browse(filter, { ...page, side: 'older' });
  return [...newer, ...older];
}

// One after the other would read the same chain as often; whoever asks meanwhile gets this answer.
const verifications = new WeakMap<Stores, Map<string, Promise<AuditVerification>>>();

/**
 * Checks the chain of the whole installation. Throws the problem `not-permitted` for whoever does
 * not administer the tenant `default`: the chain is one for all tenants.
 */
export async function verifyAudit(
  ctx: FlowContext,
  admin: Administrator,
  scope: 'all' | 'since-checked',
): Promise<AuditVerification> {
  assertMayView(ctx, admin);
  if (!isOfInstallation(admin)) {
    throw new Problem('not-permitted', {
      detail: 'The chain holds the events of all tenants; those who run the installation check it.',
    });
  }
  const running = verifications.get(ctx.stores) ?? new Map<string, Promise<AuditVerification>>();
  verifications.set(ctx.stores, running);
  const verification =
    running.get(scope) ??
    ctx.stores.audit.verify(scope).finally(() => {
      running.delete(scope);
    });
  running.set(scope, verification);
  return verification;
}
