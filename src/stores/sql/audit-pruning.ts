/** Removes the oldest events and keeps the rest provable. */

import { defaultTenant } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Random } from '../../platform/random.ts';
import { appendToChain, headOf } from './audit-chain.ts';
import { inTransaction } from './in-transaction.ts';
import type { AuditEventTable, Db } from './tables.ts';

const readSize = 2000;
const deleteSize = 1000;

/** What of the beginning may go. */
export interface Pruning {
  readonly before: EpochMs;
  /** What these have yet to send stays. */
  readonly sinks: readonly string[];
  readonly now: EpochMs;
}

type PrunedTo = Pick<AuditEventTable, 'seq' | 'id' | 'hash'>;

/** Removes a part of the beginning; says how many events it had. */
export async function pruneChain(db: Db, random: Random, asked: Pruning): Promise<number> {
  const head = await headOf(db);
  if (head === null) return 0;
  const last = await lastToPrune(db, asked, head);
  const count = last === null ? 0 : last.seq - head.first_seq + 1;
  if (last !== null) {
    const isMoved = await inTransaction(db, async (db) => {
      // The chain begins elsewhere from now on, and says so; what is before that is deleted after.
      const { numUpdatedRows } = await db
        .updateTable('audit_head')
        .set({ first_seq: last.seq + 1, first_previous_hash: last.hash })
        .where('first_seq', '=', head.first_seq)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) return false;
      await appendToChain(db, random, [
        {
          at: asked.now,
          type: 'audit.pruned',
          severity: 'notice',
          actor: 'system',
          subject: null,
          tenant: defaultTenant,
          ip: null,
          userAgent: null,
          session: null,
          requestId: null,
          details: { up_to: last.id, hash: last.hash, events: count },
        },
      ]);
      return true;
    });
    if (!isMoved) return 0;
  }
  await deleteBeforeStart(db);
  return count;
}

/** The last event of the beginning that may go; null: none may. */
async function lastToPrune(
  db: Db,
  { before, sinks }: Pruning,
  head: { readonly first_seq: number; readonly last_seq: number },
): Promise<PrunedTo | null> {
  const unsent = sinks.length === 0 ? null : await slowestOf(db, sinks);
  const end = Math.min(head.last_seq - 1, unsent ?? head.last_seq);
  for (let last: PrunedTo | null = null; ;) {
    const after: number = last?.seq ?? head.first_seq - 1;
    const rows = await db
      .selectFrom('audit_events')
      .select(['seq', 'id', 'at', 'hash'])
      .where('seq', '>', after)
      .where('seq', '<=', end)
      .orderBy('seq')
      .limit(readSize)
      .execute();
    for (const row of rows) {
      if (row.at >= before) return last;
      last = row;
    }
    if (rows.length < readSize) return last;
  }
}

async function slowestOf(db: Db, sinks: readonly string[]): Promise<number | null> {
  const row = await db
    .selectFrom('audit_sinks')
    .select((eb) => eb.fn.min<number | null>('last_seq').as('last_seq'))
    .where('name', 'in', sinks)
    .executeTakeFirst();
  return row?.last_seq ?? null;
}

/** In portions: nobody else waits long, and what was not deleted now is deleted next time. */
async function deleteBeforeStart(db: Db): Promise<void> {
  for (;;) {
    const { numDeletedRows } = await db
      .deleteFrom('audit_events')
      .where('seq', 'in', (eb) =>
        eb
          .selectFrom('audit_events')
          .select('seq')
          .where('seq', '<', eb.selectFrom('audit_head').select('first_seq'))
          .orderBy('seq')
          .limit(deleteSize),
      )
      .executeTakeFirstOrThrow();
    if (numDeletedRows < BigInt(deleteSize)) return;
  }
}
