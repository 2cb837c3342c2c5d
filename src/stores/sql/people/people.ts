/**
 * People as lists and numbers.
 *
 * SQLite answers while everything else waits. So nothing here asks about more than a slice of the
 * people in one statement, in the order of their names, and lets requests in between.
 */

import { setImmediate as immediate } from 'node:timers/promises';

import { sql, type RawBuilder, type SqlBool } from 'kysely';

import {
  enrollmentStatusOf,
  methodsThatCount,
  tierIn,
} from '../../../core/policy/enrollment-status.ts';
import type { TenantId } from '../../../core/ids.ts';
import { enrollmentDeadline } from '../../../core/tenant-rules.ts';
import type { EpochMs } from '../../../core/time.ts';
import { searchPattern } from '../../search-text.ts';
import type {
  ListedPerson,
  MfaDay,
  PeopleFilter,
  PeopleStore,
} from '../../types/administration.ts';
import { usernameKey } from '../../username-key.ts';
import { checked } from '../checked.ts';
import { findTextOf, isInGroup } from './group-list.ts';
import { statisticsOf } from './people-statistics.ts';
import { slicesOf } from './people-slices.ts';
import { hasOneOf, hasStatus, isOfTier, type StatusAt } from './person-conditions.ts';
import { isStorable } from '../storable.ts';
import type { Db } from '../tables.ts';
import { sqlTenants } from '../tenants.ts';
import { enrolledIn, userOf, usersWithEnrolled } from './user-rows.ts';

// So few are looked at one by one instead of by going through everybody.
const fewMax = 1000;
const textMax = 500;

/** The people in a database. */
export function sqlPeople(db: Db): PeopleStore {
  const find = findTextOf(db);
  const rulesOf = async (tenant: TenantId) => (await sqlTenants(db).find(tenant))?.rules ?? null;
  return {
    async search(filter, { after, limit }, { policy, now }) {
      const rules = await rulesOf(filter.tenant);
      if (rules === null || !isAskable(filter, after)) return [];
      const at = { policy, rules, now, find };
      const keys: string[] = [];
      for await (const { matching, name } of matches(db, filter, after, at)) {
        const rows = await matching
          .select('users.username_key')
          .orderBy(name)
          .limit(limit - keys.length)
          .execute();
        keys.push(...rows.map((row) => row.username_key));
        if (keys.length >= limit) break;
      }
      return await listed(db, 'username_key', keys, at);
    },

    async find(tenant, id, { policy, now }) {
      const rules = await rulesOf(tenant);
      if (rules === null || !isStorable(id)) return null;
      const [person] = await listed(db, 'id', [id], { policy, rules, now, find });
      return person?.user.tenant === tenant ? person : null;
    },

    async count(filter, after, { policy, now }) {
      const rules = await rulesOf(filter.tenant);
      if (rules === null || !isAskable(filter, after)) return 0;
      let people = 0;
      for await (const { matching } of matches(db, filter, after, { policy, rules, now, find })) {
        const row = await matching
          .select((eb) => eb.fn.countAll<number>().as('people'))
          .executeTakeFirstOrThrow();
        people += row.people;
      }
      return people;
    },

    async statistics(tenant, { policy, now }) {
      const rules = await rulesOf(tenant);
      return await statisticsOf(db, tenant, rules === null ? null : { policy, rules, now, find });
    },

    async countLocked(tenant, now) {
      const { people } = await db
        .selectFrom('attempts')
        .innerJoin('users', 'users.id', 'attempts.user_id')
        .select((eb) => eb.fn.countAll<number>().as('people'))
        .where('attempts.locked_until', '>', now)
        .where(checked(db, 'users.tenant_id'), '=', tenant)
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

/** Nobody is named by what cannot be stored, nor by more than a name, display name or address is. */
function isAskable({ text, group, method }: PeopleFilter, after: string | null): boolean {
  if (text !== null && text.length > textMax) return false;
  return [text, group, method, after].every((asked) => asked === null || isStorable(asked));
}

/** Queries for the people who match, one after the other, in the order of their names. */
async function* matches(db: Db, filter: PeopleFilter, after: string | null, at: StatusAt) {
  const query = db.selectFrom('users').where((eb) => eb.and(conditionsOf(filter, at)));
  const few = await fewOf(db, filter, at);
  if (few !== null) {
    if (few.length === 0) return;
    const name = checked(db, 'users.username_key');
    const matching = query
      .where('users.id', 'in', few)
      .where(checked(db, 'users.tenant_id'), '=', filter.tenant)
      .$if(after !== null, (query) => query.where(name, '>', usernameKey(after ?? '')));
    yield { matching, name };
    return;
  }
  for await (const { above, upTo } of slicesOf(db, filter.tenant, after)) {
    const name = sql.ref<string>('users.username_key');
    const matching = query
      .where('users.tenant_id', '=', filter.tenant)
      .$if(above !== null, (query) => query.where(name, '>', above ?? ''))
      .$if(upTo !== null, (query) => query.where(name, '<=', upTo ?? ''));
    yield { matching, name };
    await immediate();
  }
}

/** The ids of all who could match, where they are few and can be found by what is asked. */
async function fewOf(
  db: Db,
  { isLocked, group, tier }: PeopleFilter,
  { policy, now }: StatusAt,
): Promise<readonly string[] | null> {
  const groups = tier === null || tier === 'TIER3' ? null : policy.groupsOf[tier];
  const sources = [
    ...(isLocked === true ? [() => lockedUsers(db, now)] : []),
    ...(group === null ? [] : [() => membersOf(db, [group])]),
    ...(groups === null ? [] : [() => membersOf(db, groups)]),
  ];
  for (const source of sources) {
    const rows = await source();
    if (rows.length <= fewMax) return [...new Set(rows.map((row) => row.user_id))];
  }
  return null;
}

type UserIds = readonly { readonly user_id: string }[];

async function lockedUsers(db: Db, now: EpochMs): Promise<UserIds> {
  return await db
    .selectFrom('attempts')
    .select('user_id')
    .where('locked_until', '>', now)
    .limit(fewMax + 1)
    .execute();
}

async function membersOf(db: Db, groups: readonly string[]): Promise<UserIds> {
  if (groups.length === 0) return [];
  return await db
    .selectFrom('user_groups')
    .select('user_id')
    .where('group_name', 'in', groups)
    .limit(fewMax + 1)
    .execute();
}

function conditionsOf(filter: PeopleFilter, at: StatusAt): readonly RawBuilder<SqlBool>[] {
  const { text, tier, group, status, method, kind, isDisabled, isLocked } = filter;
  const conditions: RawBuilder<SqlBool>[] = [];
  if (kind !== null) conditions.push(sql`users.kind = ${kind}`);
  if (isDisabled !== null) conditions.push(sql`users.is_disabled = ${isDisabled ? 1 : 0}`);
  if (text !== null && text !== '') {
    conditions.push(sql`users.search_text like ${searchPattern(text)} escape '\\'`);
  }
  if (method !== null) conditions.push(hasOneOf([method]));
  if (status !== null) conditions.push(hasStatus(status, at));
  if (tier !== null) conditions.push(isOfTier(tier, at));
  if (group !== null) conditions.push(isInGroup(group, at.find));
  if (isLocked !== null) {
    const locked = sql<SqlBool>`exists (select 1 from attempts
      where attempts.user_id = users.id and locked_until > cast(${at.now} as bigint))`;
    conditions.push(isLocked ? locked : sql`not ${locked}`);
  }
  return conditions;
}

/** A page of people with what a list shows of them. */
async function listed(
  db: Db,
  column: 'username_key' | 'id',
  values: readonly string[],
  at: StatusAt,
): Promise<readonly ListedPerson[]> {
  if (values.length === 0) return [];
  const rows = await usersWithEnrolled(db)
    .leftJoin('attempts', (join) =>
      join.onRef('attempts.user_id', '=', 'users.id').on('attempts.locked_until', '>', at.now),
    )
    .select('attempts.locked_until')
    .where(`users.${column}`, 'in', values)
    .orderBy('users.username_key')
    .execute();
  return rows.map((row) => {
    const user = userOf(row);
    const { enrolled, attestedModels } = enrolledIn(row.kinds);
    const recoveryCodesLeft = Number(row.recovery_codes_left);
    const isPerson = user.kind === 'user';
    const isAsked = isPerson && at.policy.isMfaEnabled;
    const enrollBy = isAsked ? enrollmentDeadline(user, at.rules) : null;
    const tier = tierIn(user.groups, at.policy);
    const has = methodsThatCount({ tier, enrolled, attestedModels, recoveryCodesLeft }, at.policy);
    return {
      user,
      enrolled,
      recoveryCodesLeft,
      status: isPerson ? enrollmentStatusOf({ tier, has, enrollBy }, at.policy, at.now) : null,
      enrollBy,
      lockedUntil: row.locked_until,
    };
  });
}
