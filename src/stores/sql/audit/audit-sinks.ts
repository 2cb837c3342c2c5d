/** How far the audit trail was sent on, and by whom. The trail itself is what waits. */

import { StoreUnavailable } from '../../types.ts';
import type { AuditSinkStore } from '../../types/audit-trail.ts';
import { eventOf } from './audit-rows.ts';
import type { Db } from '../tables.ts';

/** The sinks' cursors in a database. */
export function sqlAuditSinks(db: Db): AuditSinkStore {
  const headSeq = async (): Promise<number> => {
    const head = await db.selectFrom('audit_head').select('last_seq').executeTakeFirst();
    if (head === undefined) throw new StoreUnavailable('The audit log (its head is missing)');
    return head.last_seq;
  };
  return {
    async take({ sink, holder, now, leaseUntil }) {
      const row = await db
        .insertInto('audit_sinks')
        .values({
          name: sink,
          last_seq: await headSeq(),
          holder,
          lease_until: leaseUntil,
        })
        // One statement decides who has it.
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ holder, lease_until: leaseUntil })
            .where((eb) =>
              eb.or([
                eb('audit_sinks.holder', '=', holder),
                eb('audit_sinks.lease_until', '<=', now),
              ]),
            ),
        )
        .returning('last_seq')
        .executeTakeFirst();
      if (row === undefined) return null;
      return { lastSeq: row.last_seq, headSeq: await headSeq() };
    },

    async read(afterSeq, limit) {
      const rows = await db
        .selectFrom('audit_events')
        .selectAll()
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ seq: row.seq, event: eventOf(row) }));
    },

    async advance(sink, holder, seq, at) {
      const { numUpdatedRows } = await db
        .updateTable('audit_sinks')
        .set({ last_seq: seq, handed_over_at: at, failing_since: null, failure: null })
        .where('name', '=', sink)
        .where('holder', '=', holder)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async takeBack(sink, holder, seq) {
      await db
        .updateTable('audit_sinks')
        .set({ last_seq: seq })
        .where('name', '=', sink)
        .where('holder', '=', holder)
        .where('last_seq', '>', seq)
        .execute();
    },

    async noteTrouble(sink, holder, { since, failure }) {
      await db
        .updateTable('audit_sinks')
        .set({ failing_since: since, failure })
        .where('name', '=', sink)
        .where('holder', '=', holder)
        .execute();
    },

    async release(sink, holder) {
      await db
        .updateTable('audit_sinks')
        .set({ lease_until: 0 })
        .where('name', '=', sink)
        .where('holder', '=', holder)
        .execute();
    },

    async list() {
      const head = await headSeq();
      const rows = await db.selectFrom('audit_sinks').selectAll().orderBy('name').execute();
      return rows.map(({ name, last_seq, handed_over_at, failing_since, failure }) => ({
        sink: name,
        waiting: Math.max(0, head - last_seq),
        handedOverAt: handed_over_at,
        trouble:
          failing_since === null || failure === null ? null : { since: failing_since, failure },
      }));
    },

    async forget(sink) {
      const { numDeletedRows } = await db
        .deleteFrom('audit_sinks')
        .where('name', '=', sink)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    async countWaiting(sinks) {
      if (sinks.length === 0) return 0;
      const row = await db
        .selectFrom('audit_sinks')
        .select((eb) => eb.fn.min<number | null>('last_seq').as('last_seq'))
        .where('name', 'in', sinks)
        .executeTakeFirst();
      const slowest = row?.last_seq ?? null;
      return slowest === null ? 0 : Math.max(0, (await headSeq()) - slowest);
    },
  };
}
