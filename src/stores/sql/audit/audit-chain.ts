/**
 * The audit chain itself: each event's hash covers the one before, and the head row says where the
 * chain begins and ends. Whoever appends changes the head first, which keeps appends in line on
 * every instance.
 */

import { hash } from 'node:crypto';
import { setImmediate as immediate } from 'node:timers/promises';

import { sql } from 'kysely';

import {
  auditDocument,
  canonicalJson,
  type UnhashedAuditEvent,
} from '../../../core/audit-document.ts';
import type { AuditEvent, NewAuditEvent } from '../../../core/audit-event.ts';
import { auditEventIdFrom, idBytes } from '../../../core/ids.ts';
import type { Random } from '../../../platform/random.ts';
import { StoreUnavailable } from '../../types.ts';
import { hourOf } from './audit-browser.ts';
import { eventOf, rowOf } from './audit-rows.ts';
import { areEndsSigned, signEnds, type ChainKeys, type Ends } from './audit-signature.ts';
import type { AuditEventTable, AuditHeadTable, Db } from '../tables.ts';

// Checking so many takes some milliseconds; requests come in between.
const pageSize = 100;
const insertSize = 100;

/** What appending needs. */
export interface ChainParts {
  readonly random: Random;
  /** Null: nothing is signed, and no signature is looked at. For tests of other things. */
  readonly keys: () => ChainKeys | null;
  /** Told of each event that was appended; a transaction may still undo it. */
  readonly onAudited: (event: AuditEvent) => void;
}

/** What else changes with an append. */
export interface AppendChange {
  /** The chain begins after this event from now on. */
  readonly startAfter?: { readonly seq: number; readonly hash: string };
  /** `anew`: the ends are signed whether or not they were signed before. */
  readonly signing?: 'anew';
}

/** Appends events; inside a transaction only. */
export async function appendToChain(
  db: Db,
  parts: ChainParts,
  events: readonly NewAuditEvent[],
  { startAfter, signing }: AppendChange = {},
): Promise<readonly AuditEvent[]> {
  const moved = await db
    .updateTable('audit_head')
    .set((eb) => ({ last_seq: eb('last_seq', '+', events.length) }))
    .returning(['last_seq', 'last_hash', 'first_seq', 'first_previous_hash', 'mac'])
    .executeTakeFirst();
  if (moved === undefined) throw new StoreUnavailable('The audit log (its head is missing)');
  const head = { ...moved, last_seq: moved.last_seq - events.length };

  const appended: AuditEvent[] = [];
  let previousHash = head.last_hash;
  for (const event of events) {
    const unhashed = {
      ...storable(event),
      id: auditEventIdFrom(event.at, parts.random.bytes(idBytes)),
      previousHash,
    };
    previousHash = hashOf(unhashed);
    appended.push({ ...unhashed, hash: previousHash });
  }

  const rows = appended.map((event, index) => rowOf(event, head.last_seq + 1 + index));
  for (let from = 0; from < rows.length; from += insertSize) {
    await db
      .insertInto('audit_events')
      .values(rows.slice(from, from + insertSize))
      .execute();
  }
  const ends: Ends = {
    first_seq: startAfter === undefined ? head.first_seq : startAfter.seq + 1,
    first_previous_hash: startAfter?.hash ?? head.first_previous_hash,
    last_seq: moved.last_seq,
    last_hash: previousHash,
  };
  // Security: ends that somebody else wrote are never signed, or the next append would make a
  // forgery genuine. What is appended to them stays unsigned, and `verify` says so.
  const keys = parts.keys();
  const maySign = keys !== null && (signing === 'anew' || areEndsSigned(keys, head));
  await db
    .updateTable('audit_head')
    .set({ ...ends, ...(maySign && { mac: signEnds(keys, ends) }) })
    .execute();
  await countRefusals(db, appended);
  for (const event of appended) parts.onAudited(event);
  return appended;
}

/** Counts refused requests as they are written, so that no page has to look for them. */
async function countRefusals(db: Db, events: readonly AuditEvent[]): Promise<void> {
  const counts = new Map<string, { tenant: string; hour: number; reason: string; count: number }>();
  for (const { type, at, tenant, details } of events) {
    if (type !== 'request.denied') continue;
    const { reason, repeated } = details;
    const counted = {
      tenant,
      hour: hourOf(at),
      reason: typeof reason === 'string' ? reason : '',
      // One event may stand for many that were alike (gateway/audit-queue.ts).
      count: typeof repeated === 'number' ? repeated : 1,
    };
    const name = JSON.stringify([counted.tenant, counted.hour, counted.reason]);
    const known = counts.get(name);
    if (known === undefined) counts.set(name, counted);
    else known.count += counted.count;
  }
  for (const { tenant, hour, reason, count } of counts.values()) {
    await db
      .insertInto('refusal_counts')
      .values({ tenant_id: tenant, hour, reason, refusals: count })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'hour', 'reason'])
          .doUpdateSet({ refusals: sql`refusal_counts.refusals + cast(${count} as bigint)` }),
      )
      .execute();
  }
}

/** Where the chain begins and ends; null: the record of it is missing. */
export async function headOf(db: Db): Promise<AuditHeadTable | null> {
  return (await db.selectFrom('audit_head').selectAll().executeTakeFirst()) ?? null;
}

/** The rows after a number, in order. */
export async function* rowsAfter(
  db: Db,
  after: number,
  since: number | null,
): AsyncGenerator<AuditEventTable> {
  for (let seq = after; ;) {
    const rows = await db
      .selectFrom('audit_events')
      .selectAll()
      .where('seq', '>', seq)
      .$if(since !== null, (query) => query.where('at', '>=', since ?? 0))
      .orderBy('seq')
      .limit(pageSize)
      .execute();
    yield* rows;
    // On SQLite nothing here waits for anything: let requests in between.
    await immediate();
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    seq = last.seq;
  }
}

function hashOf(event: UnhashedAuditEvent): string {
  return hash('sha256', canonicalJson(auditDocument(event)), 'hex');
}

/** What the hash of a row must be; null: it cannot even be read as an event. */
export function hashOfRow(row: AuditEventTable): string | null {
  try {
    return hashOf(eventOf(row));
  } catch {
    // A row that cannot even be read as an event was not written by us.
    return null;
  }
}

/** The event with every text as both engines give it back: well-formed and without NUL. */
function storable(event: NewAuditEvent): NewAuditEvent {
  return {
    ...event,
    actor: storableText(event.actor),
    ip: event.ip === null ? null : storableText(event.ip),
    userAgent: event.userAgent === null ? null : storableText(event.userAgent),
  };
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
