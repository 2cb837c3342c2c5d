/**
 * The audit log: a chain in which each event's hash covers the one before.
 *
 * The head row says where the chain ends. Whoever appends changes it first, which keeps appends
 * in line on every instance and makes a missing tail visible (security G12).
 */

import type { AuditEvent, NewAuditEvent } from '../../../core/audit-event.ts';
import { AuditTrailFull, StoreUnavailable, type AuditStore } from '../../types.ts';
import { appendToChain, rowsAfter, type ChainParts } from './audit-chain.ts';
import { pruneChain } from './audit-pruning.ts';
import { eventOf } from './audit-rows.ts';
import { signAnew } from './audit-signing.ts';
import { verifyChain } from './audit-verification.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Db } from '../tables.ts';

/** The audit log in a database. While it `isFull`, what must be audited is refused. */
export function sqlAudit(db: Db, parts: ChainParts, isFull: () => boolean): AuditStore {
  const append = (events: readonly NewAuditEvent[]): Promise<readonly AuditEvent[]> =>
    inTransaction(db, (db) => appendToChain(db, parts, events));
  return {
    async append(event) {
      if (isFull()) throw new AuditTrailFull();
      const [appended] = await append([event]);
      if (appended === undefined) throw new StoreUnavailable('The audit log');
      return appended;
    },

    async appendAll(events) {
      if (events.length === 0) return;
      await append(events);
    },

    async *read({ since }) {
      for await (const row of rowsAfter(db, 0, since)) yield eventOf(row);
    },

    async listOfSubject(user, limit) {
      const rows = await db
        .selectFrom('audit_events')
        .selectAll()
        .where('subject', '=', user)
        .orderBy('at', 'desc')
        .orderBy('seq', 'desc')
        .limit(limit)
        .execute();
      return rows.map(eventOf);
    },

    prune: (asked) => pruneChain(db, parts, asked),
    verify: (scope = 'all') => verifyChain(db, parts, scope),
    signAnew: (by) => signAnew(db, parts, by),
  };
}
