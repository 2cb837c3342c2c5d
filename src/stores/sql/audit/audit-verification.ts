/** Checks the audit chain (security G12). */

import type { AuditVerification } from '../../types.ts';
import { hashOfRow, headOf, rowsAfter, type ChainParts } from './audit-chain.ts';
import { areEndsSigned, checkpointIn, signCheckpoint, type ChainKeys } from './audit-signature.ts';
import type { AuditEventTable, AuditHeadTable, Db } from '../tables.ts';

/** An event that was reached. */
interface Place {
  readonly seq: number;
  readonly id: string;
  readonly hash: string;
}

/** Follows the chain to its head: from where it begins, or from where the last check ended. */
export async function verifyChain(
  db: Db,
  parts: Pick<ChainParts, 'keys'>,
  scope: 'all' | 'since-checked',
): Promise<AuditVerification> {
  const keys = parts.keys();
  for (;;) {
    const head = await headOf(db);
    if (head === null) return missingHead;
    const checked = scope === 'all' || keys === null ? null : checkpointIn(keys, head);
    const start = checked === null ? null : await placeOf(db, checked);
    const answer = await follow(db, keys, start ?? beginningOf(head));
    if (answer.ok) {
      if (keys !== null) await noteChecked(db, keys, answer.last);
      return { ok: true, events: answer.events };
    }
    // What was being read may have been pruned meanwhile; then the chain begins elsewhere now.
    const now = await headOf(db);
    if (now?.first_seq === head.first_seq) return answer;
  }
}

/** Where pruning or nothing at all has left the chain. */
function beginningOf(head: AuditHeadTable): Place {
  return { seq: head.first_seq - 1, id: 'the beginning', hash: head.first_previous_hash };
}

const missingHead: Broken = {
  ok: false,
  events: 0,
  brokenAt: 'the beginning',
  why: 'The record of where the chain ends is missing.',
};

type Broken = Extract<AuditVerification, { readonly ok: false }>;

type Followed = { readonly ok: true; readonly events: number; readonly last: Place } | Broken;

async function follow(db: Db, keys: ChainKeys | null, start: Place): Promise<Followed> {
  let last = start;
  let events = 0;
  const broken = (brokenAt: string, why: string): Followed => ({
    ok: false,
    events,
    brokenAt,
    why,
  });

  // Events may be appended meanwhile: follow the chain until the head is the one that was reached.
  for (;;) {
    const head = await headOf(db);
    if (head === null) return broken(last.id, missingHead.why);
    for await (const row of rowsAfter(db, last.seq, null)) {
      const fault = faultIn(row, last);
      if (fault !== null) return broken(row.id, fault);
      events += 1;
      last = row;
    }
    if (last.seq < head.last_seq) return broken(last.id, 'Events after this one were removed.');
    if (last.seq === head.last_seq) {
      if (last.hash !== head.last_hash) {
        return broken(last.id, 'This is not the event that the chain ends with.');
      }
      if (keys !== null && !areEndsSigned(keys, head)) return broken(last.id, unsigned);
      return { ok: true, events, last };
    }
    const newHead = await headOf(db);
    if (newHead?.last_seq === head.last_seq) {
      return broken(last.id, 'Events up to this one were added past the end of the chain.');
    }
  }
}

const unsigned =
  'The record of where the chain begins and ends was not signed with a key of this installation: ' +
  'events may be missing before or after what is there.';

/** What is wrong with an event that comes after another; null: nothing. */
export function faultIn(row: AuditEventTable, before: Omit<Place, 'id'>): string | null {
  if (row.seq !== before.seq + 1) return 'Events before this one were removed.';
  if (row.previous_hash !== before.hash) return 'This event does not follow the one before it.';
  return row.hash === hashOfRow(row) ? null : 'This event was changed.';
}

/** Where the check before ended; null: that event is not there as it was, so check all. */
async function placeOf(
  db: Db,
  checked: { readonly seq: number; readonly hash: string },
): Promise<Place | null> {
  const row = await db
    .selectFrom('audit_events')
    .select(['seq', 'id', 'hash'])
    .where('seq', '=', checked.seq)
    .where('hash', '=', checked.hash)
    .executeTakeFirst();
  return row ?? null;
}

async function noteChecked(db: Db, keys: ChainKeys, { seq, hash }: Place): Promise<void> {
  await db
    .updateTable('audit_head')
    .set({
      checked_seq: seq,
      checked_hash: hash,
      checked_mac: signCheckpoint(keys, { seq, hash }),
    })
    .execute();
}
