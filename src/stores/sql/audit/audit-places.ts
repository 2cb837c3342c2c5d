/**
 * Finds where the events of a filter stand in the audit trail, in the order of their instants.
 *
 * Each thing that can be asked for has an index that ends with the instant. Of several, each is
 * followed and the others are checked on its way, in turns of a slice each, until the first of them
 * is done: what narrows the trail down most is found without knowing beforehand which it is.
 * SQLite answers while everything else waits, so no statement looks at more than a slice.
 */

import { setImmediate as immediate } from 'node:timers/promises';

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import { auditEventTypes, severities as allSeverities } from '../../../core/audit-event.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { AuditFilter } from '../../types/audit-trail.ts';
import { checked } from '../checked.ts';
import { sliceSizeOn } from '../slice-size.ts';
import type { Db } from '../tables.ts';

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
  /** The same, not to be looked up by. */
  readonly check: Condition;
  /** The index begins with the tenant: nothing of another one is on the way. */
  readonly isOfTenant: boolean;
}

/** The places of a part of what matches, nearest first. */
export async function findPlaces(
  db: Db,
  filter: AuditFilter,
  part: Part,
): Promise<readonly Place[]> {
  const asks = asksOf(db, filter);
  const [first] = asks;
  const found =
    asks.length === 1 && first?.isOfTenant === true
      ? await nearest(db, first.runs, filter, part)
      : await firstDone(
          asks.map((ask) => {
            const checks = asks.filter((other) => other !== ask).map(({ check }) => check);
            // Security: what is found by no index that begins with the tenant may be another's.
            if (!ask.isOfTenant) checks.push(checkOf(db, 'tenant_id', [filter.tenant]));
            return follow(db, ask.runs, checks, filter, part);
          }),
        );
  const nearestFirst = found.toSorted((one, other) => one.at - other.at || one.seq - other.seq);
  if (part.side === 'older') nearestFirst.reverse();
  return nearestFirst.slice(0, part.limit);
}

/** What is asked for. The tenant is always; where an index begins with it, that is no ask more. */
function asksOf(db: Db, filter: AuditFilter): readonly Ask[] {
  const { tenant, requestId, session, subject, actor, ip, types, severities } = filter;
  const inTenant = sql<SqlBool>`tenant_id = ${tenant}`;
  const equal = (column: string, value: string | null): readonly Ask[] => {
    if (value === null) return [];
    const run = sql<SqlBool>`${sql.ref(column)} = ${value}`;
    return [{ runs: [run], check: checkOf(db, column, [value]), isOfTenant: false }];
  };
  const asks: Ask[] = [
    ...equal('request_id', requestId),
    ...equal('subject', subject),
    ...equal('actor', actor),
  ];
  if (session !== null) {
    const run = sql<SqlBool>`substr(session_key, 1, 16) = ${session.slice(0, 16)}
      and session_key = ${session}`;
    asks.push({ runs: [run], check: checkOf(db, 'session_key', [session]), isOfTenant: false });
  }
  if (ip !== null) {
    const run = sql<SqlBool>`${inTenant} and ip = ${ip}`;
    asks.push({ runs: [run], check: checkOf(db, 'ip', [ip]), isOfTenant: true });
  }
  if (types !== null || severities !== null) {
    const checks = [
      ...(types === null ? [] : [checkOf(db, 'type', types)]),
      ...(severities === null ? [] : [checkOf(db, 'severity', severities)]),
    ];
    asks.push({
      runs: (types ?? auditEventTypes).flatMap((type) =>
        (severities ?? allSeverities).map(
          (severity) => sql<SqlBool>`${inTenant} and type = ${type} and severity = ${severity}`,
        ),
      ),
      check: sql<SqlBool>`${sql.join(checks, sql` and `)}`,
      isOfTenant: true,
    });
  }
  const needsTenant = asks.every(({ isOfTenant }) => !isOfTenant);
  const check = checkOf(db, 'tenant_id', [tenant]);
  return needsTenant ? [...asks, { runs: [inTenant], check, isOfTenant: true }] : asks;
}

function checkOf(db: Db, column: string, values: readonly string[]): Condition {
  return sql`${checked(db, column)} in (${sql.join(values)})`;
}

type Following = AsyncGenerator<undefined, readonly Place[]>;

/** Lets each do a slice in turn; what the first one that is done has found. */
async function firstDone(followings: readonly Following[]): Promise<readonly Place[]> {
  for (;;) {
    for (const following of followings) {
      const turn = await following.next();
      if (turn.done === true) return turn.value;
    }
    await immediate();
  }
}

/** The nearest places of some runs in one statement: nothing is looked at that is not found. */
async function nearest(
  db: Db,
  runs: readonly Condition[],
  filter: AuditFilter,
  { beside, side, limit }: Part,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (let from = 0; from < runs.length; from += unionMax) {
    const parts = runs.slice(from, from + unionMax).map((run) => {
      const query = placesOf(db, [run, ...within(filter, { beside, side })], side).limit(limit);
      return sql`select * from (${query}) as run`;
    });
    const { rows } = await sql<Place>`${sql.join(parts, sql` union all `)}`.execute(db);
    places.push(...rows);
  }
  return places;
}

const unionMax = 100;

/** The nearest places of some runs that stand the checks, a slice at a time. */
async function* follow(
  db: Db,
  runs: readonly Condition[],
  checks: readonly Condition[],
  filter: AuditFilter,
  { beside, side, limit }: Part,
): Following {
  const places: Place[] = [];
  for (const run of runs) {
    let found = 0;
    for (let from = beside; ;) {
      const place = { beside: from, side };
      const end =
        (await placesOf(db, [run, ...within(filter, place)], side)
          .offset(sliceSizeOn(db) - 1)
          .limit(1)
          .executeTakeFirst()) ?? null;
      const rows = await placesOf(db, [run, ...within(filter, place, end), ...checks], side)
        .limit(limit - found)
        .execute();
      places.push(...rows);
      found += rows.length;
      if (end === null || found >= limit) break;
      from = end;
      yield;
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

/**
 * The instants asked for, on the right side of a place and up to another. At each end there is one
 * condition, the narrower one: SQLite follows an index to an end by one of them, and would look at
 * everything that only the other leaves out.
 */
function within(
  { from, to }: AuditFilter,
  { beside, side }: Pick<Part, 'beside' | 'side'>,
  upTo: Place | null = null,
): readonly Condition[] {
  const since = from === null ? null : sql<SqlBool>`at >= cast(${from} as bigint)`;
  const until = to === null ? null : sql<SqlBool>`at < cast(${to} as bigint)`;
  const isNewer = side === 'newer';
  const isOutside =
    beside === null ||
    (isNewer ? from !== null && beside.at < from : to !== null && beside.at >= to);
  const nearInstant = isNewer ? since : until;
  const farInstant = isNewer ? until : since;
  const near = isOutside ? nearInstant : compare(beside, isNewer ? '>' : '<');
  const far = upTo === null ? farInstant : compare(upTo, isNewer ? '<=' : '>=');
  return [near, far].filter((condition) => condition !== null);
}

function compare({ at, seq }: Place, operator: '<' | '<=' | '>' | '>='): Condition {
  return sql`(at, seq) ${sql.raw(operator)} (cast(${at} as bigint), cast(${seq} as bigint))`;
}
