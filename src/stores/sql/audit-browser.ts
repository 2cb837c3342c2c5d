/** The audit trail page by page, and the numbers that are kept of it. */

import type { TenantId } from '../../core/ids.ts';
import type { AuditEvent } from '../../core/audit-event.ts';
import type { AuditBrowser, AuditFilter } from '../types/audit-trail.ts';
import { eventOf } from './audit-rows.ts';
import { isStorable } from './storable.ts';
import type { Db } from './tables.ts';

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
      const place = after === null ? null : await seqOf(db, filter.tenant, after);
      if (after !== null && place === null) return [];
      const isNewer = side === 'newer' && place !== null;
      const rows = await matching(db, filter)
        .$if(place !== null, (query) => query.where('seq', isNewer ? '>' : '<', place ?? 0))
        .orderBy('seq', isNewer ? 'asc' : 'desc')
        .limit(limit)
        .execute();
      const events = rows.map(eventOf);
      return isNewer ? events.reverse() : events;
    },

    async *export(filter) {
      if (!canMatch(filter)) return;
      for (let seq = 0; ;) {
        const rows = await matching(db, filter)
          .where('seq', '>', seq)
          .orderBy('seq')
          .limit(pageSize)
          .execute();
        for (const row of rows) yield eventOf(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < pageSize) return;
        seq = last.seq;
      }
    },

    find: (tenant, id) => findEvent(db, tenant, id),

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

async function findEvent(db: Db, tenant: TenantId, id: string): Promise<AuditEvent | null> {
  if (!isStorable(id)) return null;
  const row = await db
    .selectFrom('audit_events')
    .selectAll()
    .where('id', '=', id)
    .where('tenant_id', '=', tenant)
    .executeTakeFirst();
  return row === undefined ? null : eventOf(row);
}

async function seqOf(db: Db, tenant: TenantId, id: string): Promise<number | null> {
  if (!isStorable(id)) return null;
  const row = await db
    .selectFrom('audit_events')
    .select('seq')
    .where('id', '=', id)
    .where('tenant_id', '=', tenant)
    .executeTakeFirst();
  return row?.seq ?? null;
}

/** False when nothing that is stored can match. */
function canMatch(filter: AuditFilter): boolean {
  const { types, severities, actor, ip, requestId, session, subject } = filter;
  if (types?.length === 0 || severities?.length === 0) return false;
  return [actor, ip, requestId, session, subject].every(
    (text) => text === null || isStorable(text),
  );
}

function matching(db: Db, filter: AuditFilter) {
  const { tenant, types, severities, subject, actor, ip, requestId, session, from, to } = filter;
  return db
    .selectFrom('audit_events')
    .selectAll()
    .where((eb) =>
      eb.and([
        eb('tenant_id', '=', tenant),
        ...(types === null ? [] : [eb('type', 'in', types)]),
        ...(severities === null ? [] : [eb('severity', 'in', severities)]),
        ...(subject === null ? [] : [eb('subject', '=', subject)]),
        ...(actor === null ? [] : [eb('actor', '=', actor)]),
        ...(ip === null ? [] : [eb('ip', '=', ip)]),
        ...(requestId === null ? [] : [eb('request_id', '=', requestId)]),
        ...(session === null ? [] : [eb('session_key', '=', session)]),
        ...(session === null ? [] : [eb('session_key', '=', session)]),
        ...(from === null ? [] : [eb('at', '>=', from)]),
        ...(to === null ? [] : [eb('at', '<', to)]),
      ]),
    );
}
