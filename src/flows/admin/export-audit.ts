/**
 * A tenant's audit events as a file, as long as it may be: read a page at a time, as fast as the
 * reader takes them, and only while whoever asked still may.
 */

import type { AuditEvent } from '../../core/audit-event.ts';
import { type AuditFormat, type AuditFormatName, auditFormats } from '../../core/audit-formats.ts';
import type { TenantId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import type { AuditFilter } from '../../stores/types/audit-trail.ts';
import type { FlowContext } from '../flow-context.ts';
import { factsWhileLive } from '../hold-user.ts';
import {
  type Administrator,
  assertMayView,
  eventByAdministrator,
  holdAdministrator,
} from './administrator.ts';
import { type AuditSearch, type SearchFault, settleSearch } from './audit-search.ts';

/** Events as text, or why there are none. */
export type AuditExport =
  | {
      readonly ok: true;
      readonly format: AuditFormat;
      /** Whole lines, once. Fails when whoever asked may not read on. */
      readonly chunks: AsyncIterable<string>;
    }
  | { readonly ok: false; readonly faults: readonly SearchFault[] };

/** How many exports of one tenant may be under way at once, on one instance. */
export const exportsMax = 4;

// A tenant of its own: whoever reads slowly keeps nobody else out.
const underWay = new WeakMap<Stores, Map<TenantId, number>>();

/** How many events are handed on in one piece. */
const chunkEvents = 200;

/** How often it is asked whether whoever reads still may (guarantee G10). */
const checkMilliseconds = 1000;

/**
 * Exports what is found up to now, oldest first. That it was exported is in the trail before the
 * first event is out. Throws the problems of `holdAdministrator`, and `too-busy` when others export.
 */
export async function exportAudit(
  ctx: FlowContext,
  admin: Administrator,
  search: AuditSearch,
  name: AuditFormatName,
): Promise<AuditExport> {
  const now = ctx.clock.now();
  const { tenant } = admin.session.principal;
  const settled = await settleSearch(ctx.stores, tenant, search);
  if (!settled.ok) return settled;
  assertNotTooMany(ctx, admin);
  await ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'view');
    await stores.audit.append(
      eventByAdministrator(actor, null, {
        at: now,
        type: 'audit.exported',
        severity: 'notice',
        details: { format: name, ...searchInWords(search) },
      }),
    );
  });
  // What happens while it is written is for the next export: this one has an end.
  const to = Math.min(settled.filter.to ?? now, now);
  const filter = { ...settled.filter, to };
  const format: AuditFormat = auditFormats[name];
  return { ok: true, format, chunks: await begun(chunksOf(ctx, admin, { filter, format })) };
}

/** A generator that has begun, so that whoever stops reading at once ends it too. */
async function begun(chunks: AsyncGenerator<string>): Promise<AsyncIterable<string>> {
  let first: IteratorResult<string> | null = await chunks.next();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const next = first ?? (await chunks.next());
        first = null;
        return next;
      },
      return: async () => chunks.return(null),
    }),
  };
}

function assertNotTooMany({ stores }: FlowContext, { session }: Administrator): void {
  if (countUnderWay(stores, session.principal.tenant) < exportsMax) return;
  throw new Problem('too-busy', {
    detail: 'Other exports are under way. Try again when they are done.',
    retryAfterSeconds: 30,
  });
}

function countUnderWay(stores: Stores, tenant: TenantId): number {
  return underWay.get(stores)?.get(tenant) ?? 0;
}

function changeUnderWay(stores: Stores, tenant: TenantId, change: 1 | -1): void {
  const counts = underWay.get(stores) ?? new Map<TenantId, number>();
  underWay.set(stores, counts.set(tenant, (counts.get(tenant) ?? 0) + change));
}

async function* chunksOf(
  ctx: FlowContext,
  admin: Administrator,
  { filter, format }: { readonly filter: AuditFilter; readonly format: AuditFormat },
): AsyncGenerator<string> {
  // Once more: of many that ask at once, none had begun when the others were let in.
  assertNotTooMany(ctx, admin);
  const { tenant } = admin.session.principal;
  changeUnderWay(ctx.stores, tenant, 1);
  try {
    let lines: string[] = format.head === null ? [] : [`${format.head}\n`];
    for await (const event of whileAllowed(ctx, admin, ctx.stores.auditBrowser.export(filter))) {
      lines.push(`${format.line(event)}\n`);
      if (lines.length < chunkEvents) continue;
      yield lines.join('');
      lines = [];
    }
    if (lines.length > 0) yield lines.join('');
  } finally {
    changeUnderWay(ctx.stores, tenant, -1);
  }
}

async function* whileAllowed(
  ctx: FlowContext,
  admin: Administrator,
  events: AsyncIterable<AuditEvent>,
): AsyncGenerator<AuditEvent> {
  let checkedAt: EpochMs = ctx.clock.now();
  for await (const event of events) {
    const now = ctx.clock.now();
    if (Math.abs(now - checkedAt) >= checkMilliseconds) {
      const session = await factsWhileLive(ctx.stores, admin.session);
      assertMayView(ctx, { ...admin, session });
      checkedAt = now;
    }
    yield event;
  }
}

/** What was looked for, for the event. */
function searchInWords(search: AuditSearch): Readonly<Record<string, string | readonly string[]>> {
  const { types, severities, person, actor, ip, requestId, session, from, to } = search;
  const written = {
    types,
    severities,
    person,
    by: actor,
    address: ip,
    request: requestId,
    inSession: session,
    since: from === null ? null : new Date(from).toISOString(),
    before: to === null ? null : new Date(to).toISOString(),
  };
  return Object.fromEntries(
    Object.entries(written).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}
