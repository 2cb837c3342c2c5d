/** People as lists and numbers. */

import { sql, type Expression, type SqlBool } from 'kysely';

import type { TenantId } from '../../core/ids.ts';
import { searchPattern } from '../search-text.ts';
import type {
  ListedPerson,
  MfaDay,
  MfaStatistics,
  PeopleFilter,
  PeopleStore,
} from '../types/administration.ts';
import { usernameKey } from '../username-key.ts';
import {
  deadlineExpression,
  hasEnrolled,
  hasRecoveryCodes,
  isInGroups,
  statusExpression,
  tierExpression,
  type StatusAt,
} from './person-status.ts';
import { isStorable } from './storable.ts';
import type { Db } from './tables.ts';
import { enrolledIn, userOf, usersWithEnrolled } from './user-rows.ts';

/** The people in a database. */
export function sqlPeople(db: Db): PeopleStore {
  return {
    async search(filter, { after, limit }, at) {
      if (!isAskable(filter, after)) return [];
      const rows = await listed(db, at)
        .where((eb) => eb.and(conditionsOf(filter, after, at)))
        .orderBy('users.username_key')
        .limit(limit)
        .execute();
      return rows.map(personOf);
    },

    async find(tenant, id, at) {
      if (!isStorable(id)) return null;
      const row = await listed(db, at)
        .where('users.id', '=', id)
        .where('users.tenant_id', '=', tenant)
        .executeTakeFirst();
      return row === undefined ? null : personOf(row);
    },

    async count(filter, after, at) {
      if (!isAskable(filter, after)) return 0;
      const { people } = await db
        .selectFrom('users')
        .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
        .leftJoin('attempts', (join) =>
          join.onRef('attempts.user_id', '=', 'users.id').on('attempts.locked_until', '>', at.now),
        )
        .select((eb) => eb.fn.countAll<number>().as('people'))
        .where((eb) => eb.and(conditionsOf(filter, after, at)))
        .executeTakeFirstOrThrow();
      return people;
    },

    statistics: (tenant, at) => statisticsOf(db, tenant, at),

    async countLocked(tenant, now) {
      const { people } = await db
        .selectFrom('attempts')
        .innerJoin('users', 'users.id', 'attempts.user_id')
        .select((eb) => eb.fn.countAll<number>().as('people'))
        .where('attempts.locked_until', '>', now)
        .where('users.tenant_id', '=', tenant)
        .executeTakeFirstOrThrow();
      return people;
    },

    async noteDay(tenant, { day, total, enrolled, inGrace, missing }) {
      const numbers = { total, enrolled, in_grace: inGrace, missing };
      await db
        .insertInto('mfa_days')
        .values({ tenant_id: tenant, day, ...numbers })
        .onConflict((conflict) => conflict.columns(['tenant_id', 'day']).doUpdateSet(numbers))
        .execute();
    },

    async listDays(tenant, limit) {
      const rows = await db
        .selectFrom('mfa_days')
        .selectAll()
        .where('tenant_id', '=', tenant)
        .orderBy('day', 'desc')
        .limit(limit)
        .execute();
      return rows
        .map(({ day, total, enrolled, in_grace: inGrace, missing }): MfaDay => ({
          day,
          total,
          enrolled,
          inGrace,
          missing,
        }))
        .reverse();
    },
  };
}

/** People with what a list shows of them, to be narrowed down. */
function listed(db: Db, at: StatusAt) {
  return usersWithEnrolled(db)
    .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
    .leftJoin('attempts', (join) =>
      join.onRef('attempts.user_id', '=', 'users.id').on('attempts.locked_until', '>', at.now),
    )
    .select([
      'attempts.locked_until',
      statusExpression(at).as('status'),
      deadlineExpression(at.policy).as('enroll_by'),
    ]);
}

type ListedRow = Awaited<ReturnType<ReturnType<typeof listed>['executeTakeFirstOrThrow']>>;

function personOf(row: ListedRow): ListedPerson {
  return {
    user: userOf(row),
    enrolled: enrolledIn(row.kinds).enrolled,
    recoveryCodesLeft: Number(row.recovery_codes_left),
    status: row.status,
    enrollBy: row.enroll_by,
    lockedUntil: row.locked_until,
  };
}

/** Nobody is named by what cannot be stored. */
function isAskable({ text, group, method }: PeopleFilter, after: string | null): boolean {
  return [text, group, method, after].every((asked) => asked === null || isStorable(asked));
}

function conditionsOf(
  filter: PeopleFilter,
  after: string | null,
  at: StatusAt,
): readonly Expression<SqlBool>[] {
  const { tenant, text, tier, group, status, method, kind, isDisabled, isLocked } = filter;
  const conditions = [sql<SqlBool>`users.tenant_id = ${tenant}`];
  if (after !== null) conditions.push(sql`users.username_key > ${usernameKey(after)}`);
  if (kind !== null) conditions.push(sql`users.kind = ${kind}`);
  if (isDisabled !== null) conditions.push(sql`users.is_disabled = ${isDisabled ? 1 : 0}`);
  if (text !== null && text !== '') {
    conditions.push(sql`users.search_text like ${searchPattern(text)} escape '\\'`);
  }
  if (group !== null) conditions.push(isInGroups([group]));
  if (method !== null) conditions.push(hasEnrolled([method]));
  if (isLocked !== null) {
    conditions.push(isLocked ? sql`attempts.user_id is not null` : sql`attempts.user_id is null`);
  }
  if (tier !== null) conditions.push(sql`${tierExpression(at.policy)} = ${tier}`);
  if (status !== null) conditions.push(sql`${statusExpression(at)} = ${status}`);
  return conditions;
}

async function statisticsOf(db: Db, tenant: TenantId, at: StatusAt): Promise<MfaStatistics> {
  const people = db
    .selectFrom('users')
    .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
    .where('users.tenant_id', '=', tenant)
    .where('users.kind', '=', 'user')
    .where('users.is_disabled', '=', 0);
  const byTier = await db
    .selectFrom(
      people
        .select([tierExpression(at.policy).as('tier'), statusExpression(at).as('status')])
        .as('person'),
    )
    .select((eb) => ['tier', 'status', eb.fn.countAll<number>().as('people')])
    .groupBy(['tier', 'status'])
    .execute();
  const countOf = async (has: Expression<SqlBool>): Promise<number> => {
    const row = await people
      .where(has)
      .select((eb) => eb.fn.countAll<number>().as('people'))
      .executeTakeFirstOrThrow();
    return row.people;
  };
  return {
    byTier: byTier.flatMap(({ tier, status, people }) =>
      status === null ? [] : [{ tier, status, people }],
    ),
    byMethod: {
      totp: await countOf(hasEnrolled(['totp'])),
      webauthn: await countOf(hasEnrolled(['webauthn'])),
      'recovery-code': await countOf(hasRecoveryCodes),
    },
  };
}
