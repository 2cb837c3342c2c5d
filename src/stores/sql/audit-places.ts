/**
 * Finds where the events of a filter stand in the audit trail, in the order of their instants.
 *
 * Each thing that can be asked for has an index that ends with the instant. Of several, the one
 * that narrows the trail down most is followed and the others are checked on its way, a slice at a
 * time: SQLite answers while everything else waits, so no statement looks at more than a slice.
 */

import { setImmediate as immediate } from 'node:timers/promises';

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import { auditEventTypes, severities as allSeverities } from '../../core/audit-event.ts';
import type { EpochMs } from '../../core/time.ts';
import type { AuditFilter } from '../types/audit-trail.ts';
import { checked } from './checked.ts';
import { sliceSizeOn } from './slice-size.ts';
import type { Db } from './tables.ts';

/** Where an event stands: by instant, then by number. */
export interface Place {
  readonly at: EpochMs;
  readonly seq: number;
}

/** Which part of what there is. */
export interface Part {
  /** Left out itself; null: from the newest on, or from the oldest. */
  readonly beside: Place | null;
  readonly side: 'older' | 'newer';
  readonly limit: number;
}

type Condition = RawBuilder<SqlBool>;

/** One thing that is asked for. */
interface Ask {
  /** Index entries of the events that have it, in one or several runs. */
  readonly runs: readonly Condition[];
  /** The same without naming a column, so that no index is thought of. */
  readonly check: Condition;
}

// What is found this often or less is followed whatever else is asked for.
const fewMax = 1000;

/** The places of a part of what matches, nearest first. */
export async function findPlaces(
  db: Db,
  filter: AuditFilter,
  part: Part,
): Promise<readonly Place[]> {
  const asks = asksOf(db, filter);
  const followed = await mostNarrow(db, asks, filter, part);
  const checks = asks.filter((ask) => ask !== followed).map(({ check }) => check);
  // Every index but these two begins with the tenant.
  const inTenant = sql<SqlBool>`${checked(db, 'tenant_id')} = ${filter.tenant}`;
  const found =
    checks.length === 0
      ? await nearest(db, followed.runs, inTenant, filter, part)
      : await checkedOnTheWay(db, followed.runs, [...checks, inTenant], filter, part);
  const nearestFirst = found.toSorted((one, other) => one.at - other.at || one.seq - other.seq);
  if (part.side === 'older') nearestFirst.reverse();
  return nearestFirst.slice(0, part.limit);
}

/** What is asked for, the likely most narrow first; the tenant where nothing else is. */
function asksOf(db: Db, filter: AuditFilter): readonly Ask[] {
  const { tenant, requestId, session, subject, actor, ip, types, severities } = filter;
  const inTenant = sql<SqlBool>`tenant_id = ${tenant}`;
  const asks: Ask[] = [];
  if (requestId !== null) {
    asks.push({
      runs: [sql`request_id = ${requestId}`],
      check: sql`${checked(db, 'request_id')} = ${requestId}`,
    });
  }
  if (session !== null) {
    asks.push({
      runs: [
        sql`substr(session_key, 1, 16) = ${session.slice(0, 16)} and session_key = ${session}`,
      ],
      check: sql`${checked(db, 'session_key')} = ${session}`,
    });
  }
  if (subject !== null) {
    asks.push({
      runs: [sql`subject = ${subject}`],
      check: sql`${checked(db, 'subject')} = ${subject}`,
    });
  }
  if (actor !== null) {
    asks.push({ runs: [sql`actor = ${actor}`], check: sql`${checked(db, 'actor')} = ${actor}` });
  }
  if (ip !== null) {
    asks.push({
      runs: [sql`${inTenant} and ip = ${ip}`],
      check: sql`${checked(db, 'ip')} = ${ip}`,
    });
  }
  if (types !== null || severities !== null) {
    const checks = [
      ...(types === null ? [] : [sql<SqlBool>`${checked(db, 'type')} in (${sql.join(types)})`]),
      ...(severities === null
        ? []
        : [sql<SqlBool>`${checked(db, 'severity')} in (${sql.join(severities)})`]),
    ];
    asks.push({
      runs: (types ?? auditEventTypes).flatMap((type) =>
        (severities ?? allSeverities).map(
          (severity) => sql<SqlBool>`${inTenant} and type = ${type} and severity = ${severity}`,
        ),
      ),
      check: sql`${sql.join(checks, sql` and `)}`,
    });
  }
  return asks.length > 0 ? asks : [{ runs: [inTenant], check: inTenant }];
}

/** The ask to follow: the first that few events have, else the first of all. */
async function mostNarrow(
  db: Db,
  asks: readonly Ask[],
  filter: AuditFilter,
  part: Part,
): Promise<Ask> {
  const [first] = asks;
  if (first === undefined) throw new Error('something is always asked for');
  if (asks.length === 1) return first;
  for (const ask of asks) {
    let events = 0;
    for (const run of ask.runs) {
      const { count } = await db
        .selectFrom(
          db
            .selectFrom('audit_events')
            .select('seq')
            .where((eb) => eb.and([run, ...within(filter, part.beside, part.side)]))
            .limit(fewMax + 1 - events)
            .as('some'),
        )
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      events += count;
      if (events > fewMax) break;
    }
    if (events <= fewMax) return ask;
  }
  return first;
}

/** The nearest places of some runs in one statement: nothing is looked at that is not found. */
async function nearest(
  db: Db,
  runs: readonly Condition[],
  check: Condition,
  filter: AuditFilter,
  { beside, side, limit }: Part,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (let from = 0; from < runs.length; from += unionMax) {
    const parts = runs.slice(from, from + unionMax).map((run) => {
      const query = placesOf(db, [run, check, ...within(filter, beside, side)], side).limit(limit);
      return sql`select * from (${query}) as run`;
    });
    const { rows } = await sql<Place>`${sql.join(parts, sql` union all `)}`.execute(db);
    places.push(...rows);
  }
  return places;
}

const unionMax = 100;

/** The nearest places of some runs that stand the checks, found slice by slice. */
async function checkedOnTheWay(
  db: Db,
  runs: readonly Condition[],
  checks: readonly Condition[],
  filter: AuditFilter,
  { beside, side, limit }: Part,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const run of runs) {
    let found = 0;
    for (let from = beside; ;) {
      const range = [run, ...within(filter, from, side)];
      const end = await placesOf(db, range, side)
        .offset(sliceSizeOn(db) - 1)
        .limit(1)
        .executeTakeFirst();
      const upTo = end === undefined ? [] : [sql<SqlBool>`not (${isBeyond(end, side)})`];
      const rows = await placesOf(db, [...range, ...upTo, ...checks], side)
        .limit(limit - found)
        .execute();
      places.push(...rows);
      found += rows.length;
      if (end === undefined || found >= limit) break;
      from = end;
      await immediate();
    }
  }
  return places;
}

function placesOf(db: Db, conditions: readonly Condition[], side: Part['side']) {
  const direction = side === 'newer' ? 'asc' : 'desc';
  return db
    .selectFrom('audit_events')
    .select(['at', 'seq'])
    .where((eb) => eb.and([...conditions]))
    .orderBy('at', direction)
    .orderBy('seq', direction);
}

/** The instants asked for, and the right side of a place. */
function within(
  { from, to }: AuditFilter,
  beside: Place | null,
  side: Part['side'],
): readonly Condition[] {
  return [
    ...(from === null ? [] : [sql<SqlBool>`at >= cast(${from} as bigint)`]),
    ...(to === null ? [] : [sql<SqlBool>`at < cast(${to} as bigint)`]),
    ...(beside === null ? [] : [isBeyond(beside, side)]),
  ];
}

function isBeyond({ at, seq }: Place, side: Part['side']): Condition {
  const operator = sql.raw(side === 'newer' ? '>' : '<');
  return sql`(at, seq) ${operator} (cast(${at} as bigint), cast(${seq} as bigint))`;
}
