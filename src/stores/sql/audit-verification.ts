/** Checks the audit chain (security G12). */

import type { AuditVerification } from '../types.ts';
import { hashOfRow, headOf, rowsAfter } from './audit-chain.ts';
import type { Db } from './tables.ts';

/** Follows the chain from where it begins to its head. */
export async function verifyChain(db: Db): Promise<AuditVerification> {
  let events = 0;
  const start = await headOf(db);
  let seq = (start?.first_seq ?? 1) - 1;
  let last = { id: 'the beginning', hash: start?.first_previous_hash ?? '' };
  const broken = (brokenAt: string, why: string): AuditVerification => ({
    ok: false,
    events,
    brokenAt,
    why,
  });

  // Events may be appended meanwhile: follow the chain until the head is the one that was reached.
  for (;;) {
    const head = await headOf(db);
    if (head === null) return broken(last.id, 'The record of where the chain ends is missing.');
    for await (const row of rowsAfter(db, seq, null)) {
      if (row.seq !== seq + 1) return broken(row.id, 'Events before this one were removed.');
      if (row.previous_hash !== last.hash) {
        return broken(row.id, 'This event does not follow the one before it.');
      }
      if (row.hash !== hashOfRow(row)) return broken(row.id, 'This event was changed.');
      events += 1;
      seq = row.seq;
      last = { id: row.id, hash: row.hash };
    }
    if (seq < head.last_seq) return broken(last.id, 'Events after this one were removed.');
    if (seq === head.last_seq) {
      return last.hash === head.last_hash
        ? { ok: true, events }
        : broken(last.id, 'This is not the event that the chain ends with.');
    }
    const newHead = await headOf(db);
    if (newHead?.last_seq === head.last_seq) {
      return broken(last.id, 'Events up to this one were added past the end of the chain.');
    }
  }
}
