/**
 * The audit log: a chain in which each event's hash covers the one before.
 *
 * The head row says where the chain ends. Whoever appends changes it first, which keeps appends
 * in line on every instance and makes a missing tail visible (security G12).
 */

import { hash } from 'node:crypto';

import {
  auditDocument,
  canonicalJson,
  type UnhashedAuditEvent,
} from '../../core/audit-document.ts';
import type { AuditEvent, NewAuditEvent } from '../../core/audit-event.ts';
import {
  auditEventIdFrom,
  idBytes,
  type AuditEventId,
  type RequestId,
  type SessionKey,
  type TenantId,
  type UserId,
} from '../../core/ids.ts';
import type { Random } from '../../platform/random.ts';
import { StoreUnavailable, type AuditStore, type AuditVerification } from '../types.ts';
import { inTransaction } from './in-transaction.ts';
import type { AuditEventTable, AuditHeadTable, Db } from './tables.ts';

const pageSize = 500;
const insertSize = 100;
const firstPreviousHash = '0'.repeat(64);

/** The audit log in a database. */
export function sqlAudit(
  db: Db,
  {
    random,
    onAudited,
  }: { readonly random: Random; readonly onAudited?: (event: AuditEvent) => void },
): AuditStore {
  const append = async (events: readonly NewAuditEvent[]): Promise<readonly AuditEvent[]> => {
    const appended = await inTransaction(db, (db) => appendToChain(db, random, events));
    for (const event of appended) onAudited?.(event);
    return appended;
  };
  return {
    async append(event) {
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
        .orderBy('seq', 'desc')
        .limit(limit)
        .execute();
      return rows.map(eventOf);
    },

    verify: () => verifyChain(db),
  };
}

async function appendToChain(
  db: Db,
  random: Random,
  events: readonly NewAuditEvent[],
): Promise<readonly AuditEvent[]> {
  const head = await db
    .updateTable('audit_head')
    .set((eb) => ({ last_seq: eb('last_seq', '+', events.length) }))
    .returning(['last_seq', 'last_hash'])
    .executeTakeFirst();
  if (head === undefined) throw new StoreUnavailable('The audit log (its head is missing)');

  const appended: AuditEvent[] = [];
  let previousHash = head.last_hash;
  for (const event of events) {
    const unhashed = {
      ...storable(event),
      id: auditEventIdFrom(event.at, random.bytes(idBytes)),
      previousHash,
    };
    previousHash = hashOf(unhashed);
    appended.push({ ...unhashed, hash: previousHash });
  }

  const firstSeq = head.last_seq - events.length + 1;
  const rows = appended.map((event, index) => rowOf(event, firstSeq + index));
  for (let from = 0; from < rows.length; from += insertSize) {
    await db
      .insertInto('audit_events')
      .values(rows.slice(from, from + insertSize))
      .execute();
  }
  await db.updateTable('audit_head').set({ last_hash: previousHash }).execute();
  return appended;
}

async function verifyChain(db: Db): Promise<AuditVerification> {
  let events = 0;
  let last = { id: 'the beginning', hash: firstPreviousHash };
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
    for await (const row of rowsAfter(db, events, null)) {
      if (row.seq !== events + 1) return broken(row.id, 'Events before this one were removed.');
      if (row.previous_hash !== last.hash) {
        return broken(row.id, 'This event does not follow the one before it.');
      }
      if (row.hash !== hashOfRow(row)) return broken(row.id, 'This event was changed.');
      events += 1;
      last = { id: row.id, hash: row.hash };
    }
    if (events < head.last_seq) return broken(last.id, 'Events after this one were removed.');
    if (events === head.last_seq) {
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

async function headOf(db: Db): Promise<AuditHeadTable | null> {
  return (await db.selectFrom('audit_head').selectAll().executeTakeFirst()) ?? null;
}

async function* rowsAfter(
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
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    seq = last.seq;
  }
}

function hashOf(event: UnhashedAuditEvent): string {
  return hash('sha256', canonicalJson(auditDocument(event)), 'hex');
}

function hashOfRow(row: AuditEventTable): string | null {
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

function rowOf(event: AuditEvent, seq: number): AuditEventTable {
  return {
    seq,
    id: event.id,
    at: event.at,
    type: event.type,
    severity: event.severity,
    actor: event.actor,
    subject: event.subject,
    tenant_id: event.tenant,
    ip: event.ip,
    user_agent: event.userAgent,
    session_key: event.session,
    request_id: event.requestId,
    details: JSON.stringify(event.details),
    previous_hash: event.previousHash,
    hash: event.hash,
  };
}

function eventOf(row: AuditEventTable): AuditEvent {
  return {
    id: row.id as AuditEventId,
    at: row.at,
    type: row.type as AuditEvent['type'],
    severity: row.severity as AuditEvent['severity'],
    actor: row.actor,
    subject: row.subject as UserId | null,
    tenant: row.tenant_id as TenantId,
    ip: row.ip,
    userAgent: row.user_agent,
    session: row.session_key as SessionKey | null,
    requestId: row.request_id as RequestId | null,
    details: JSON.parse(row.details) as AuditEvent['details'],
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
