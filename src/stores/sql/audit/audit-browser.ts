/** The audit trail page by page, and the numbers that are kept of it. */

import { setImmediate as immediate } from 'node:timers/promises';

import type { AuditEvent } from '../../../core/audit-event.ts';
import type { TenantId } from '../../../core/ids.ts';
import type { AuditBrowser, AuditFilter } from '../../types/audit-trail.ts';
import { eventOf } from './audit-rows.ts';
import { findPlaces, type Place } from './audit-places.ts';
import { isStorable } from '../storable.ts';
import type { Db } from '../tables.ts';

const pageSize = 500;
const hourMilliseconds = 3_600_000;

/** The instant at which the hour of an instant begins. */
export function hourOf(at: number): number {
  return Math.floor(at / hourMilliseconds) * hourMilliseconds;
}

/** Reads the audit trail of a database. */
export function sqlAuditBrowser(db: Db): AuditBrowser {
  return {
    async browse(filter, { after, limit, side = 'older' }) {
      if (!canMatch(filter)) return [];
      const beside = after === null ? null : await placeOf(db, filter.tenant, after);
      if (after !== null && beside === null) return [];
      const isNewer = side === 'newer' && beside !== null;
      const places = await findPlaces(db, filter, {
        beside,
        side: isNewer ? 'newer' : 'older',
        limit,
      });
      const events = await eventsAt(db, places);
      return isNewer ? events.toReversed() : events;
    },

    async *export(filter) {
      if (!canMatch(filter)) return;
      for (let beside: Place | null = null; ;) {
        const places = await findPlaces(db, filter, { beside, side: 'newer', limit: pageSize });
        yield* await eventsAt(db, places);
        const last = places.at(-1);
        if (last === undefined || places.length < pageSize) return;
        beside = last;
        await immediate();
      }
    },

    async find(tenant, id) {
      if (!isStorable(id)) return null;
      const row = await db
        .selectFrom('audit_events')
        .selectAll()
        .where('id', '=', id)
        .where('tenant_id', '=', tenant)
        .executeTakeFirst();
      return row === undefined ? null : eventOf(row);
    },

    async countRefusals(tenant, since) {
      const rows = await db
        .selectFrom('refusal_counts')
        .select((eb) => ['reason', eb.fn.sum<number | string>('refusals').as('refusals')])
        .where('tenant_id', '=', tenant)
        .where('hour', '>=', hourOf(since))
        .groupBy('reason')
        .execute();
      return rows
        .map(({ reason, refusals }) => ({ reason, count: Number(refusals) }))
        .sort((one, other) => other.count - one.count || (one.reason < other.reason ? -1 : 1));
    },
  };
}

async function placeOf(db: Db, tenant: TenantId, id: string): Promise<Place | null> {
  if (!isStorable(id)) return null;
  const row = await db
    .selectFrom('audit_events')
    .select(['at', 'seq'])
    .where('id', '=', id)
    .where('tenant_id', '=', tenant)
    .executeTakeFirst();
  return row ?? null;
}

/** The events at these places, in the order of the places. */
async function eventsAt(db: Db, places: readonly Place[]): Promise<readonly AuditEvent[]> {
  if (places.length === 0) return [];
  const rows = await db
    .selectFrom('audit_events')
    .selectAll()
    .where(
      'seq',
      'in',
      places.map(({ seq }) => seq),
    )
    .execute();
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  // What was pruned meanwhile is not there any more.
  return places.flatMap(({ seq }) => {
    const row = bySeq.get(seq);
    return row === undefined ? [] : [eventOf(row)];
  });
}

/** False when nothing that is stored can match. */
function canMatch(filter: AuditFilter): boolean {
  const { types, severities, actor, ip, requestId, session, subject } = filter;
  if (types?.length === 0 || severities?.length === 0) return false;
  return [actor, ip, requestId, session, subject].every(
    (text) => text === null || isStorable(text),
  );
}
