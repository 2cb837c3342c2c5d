/** Removes the oldest events and keeps the rest provable. */

import { setImmediate as immediate } from 'node:timers/promises';

import { defaultTenant } from '../../../core/ids.ts';
import type { EpochMs } from '../../../core/time.ts';
import { AuditChainBroken } from '../../types.ts';
import { appendToChain, headOf, rowsAfter, type ChainParts } from './audit-chain.ts';
import { areEndsSigned } from './audit-signature.ts';
import { faultIn } from './audit-verification.ts';
import { inTransaction } from '../in-transaction.ts';
import type { AuditEventTable, AuditHeadTable, Db } from '../tables.ts';

const deleteSize = 1000;

/** What of the beginning may go. */
export interface Pruning {
  readonly before: EpochMs;
  /** What these have yet to send stays. */
  readonly sinks: readonly string[];
  readonly now: EpochMs;
  readonly actor?: string;
}

/** Removes a part of the beginning; says how many events it had. */
export async function pruneChain(db: Db, parts: ChainParts, asked: Pruning): Promise<number> {
  const head = await headOf(db);
  const keys = parts.keys();
  if (head === null || (keys !== null && !areEndsSigned(keys, head))) {
    throw new AuditChainBroken('The record of where the audit chain begins and ends is not ours.');
  }
  const last = await lastToPrune(db, asked, head);
  const events = last === null ? 0 : last.seq - head.first_seq + 1;
  if (last !== null) {
    const isMoved = await inTransaction(db, (db) =>
      moveStart(db, parts, {
        last,
        head,
        events,
        at: asked.now,
        actor: asked.actor ?? 'system',
      }),
    );
    if (!isMoved) return 0;
  }
  await deleteBeforeStart(db);
  return events;
}

/** The chain begins elsewhere from now on, and says so; what is before that is deleted after. */
async function moveStart(
  db: Db,
  parts: ChainParts,
  move: {
    readonly last: AuditEventTable;
    readonly head: AuditHeadTable;
    readonly events: number;
    readonly at: EpochMs;
    readonly actor: string;
  },
): Promise<boolean> {
  const { last, head, events, at, actor } = move;
  // Holds the head; false when another instance has pruned meanwhile.
  const { numUpdatedRows } = await db
    .updateTable('audit_head')
    .set((eb) => ({ first_seq: eb.ref('first_seq') }))
    .where('first_seq', '=', head.first_seq)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) return false;
  const pruned = {
    at,
    type: 'audit.pruned',
    severity: 'notice',
    actor,
    subject: null,
    tenant: defaultTenant,
    ip: null,
    userAgent: null,
    session: null,
    requestId: null,
    details: { up_to: last.id, hash: last.hash, events },
  } as const;
  await appendToChain(db, parts, [pruned], { startAfter: last });
  return true;
}

/**
 * The last event of the beginning that may go; null: none may. Throws `AuditChainBroken` at an
 * event that does not fit: what shows that somebody was at work is not removed.
 */
async function lastToPrune(
  db: Db,
  { before, sinks }: Pruning,
  head: AuditHeadTable,
): Promise<AuditEventTable | null> {
  const unsent = sinks.length === 0 ? null : await slowestOf(db, sinks);
  const end = Math.min(head.last_seq - 1, unsent ?? head.last_seq);
  const start = { seq: head.first_seq - 1, hash: head.first_previous_hash };
  let last: AuditEventTable | null = null;
  for await (const row of rowsAfter(db, start.seq, null)) {
    if (row.seq > end || row.at >= before) break;
    const fault = faultIn(row, last ?? start);
    if (fault !== null && (await headOf(db))?.first_seq !== head.first_seq) return null;
    if (fault !== null)
      throw new AuditChainBroken(`The audit chain is broken at ${row.id}: ${fault}`);
    last = row;
  }
  return last;
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
    await immediate();
  }
}
