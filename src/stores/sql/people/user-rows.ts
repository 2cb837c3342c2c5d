/** Users as rows, for every query that reads some. */

import { sql } from 'kysely';

import type { TenantId, UserId } from '../../../core/ids.ts';
import { methodIds } from '../../../core/proofs.ts';
import type { PrincipalRecord, User } from '../../types.ts';
import { groupsIn } from './group-list.ts';
import type { Db } from '../tables.ts';

/** The users with their groups, to be narrowed down. */
export function usersWithGroups(db: Db) {
  return db
    .selectFrom('users')
    .select([
      'users.id',
      'users.kind',
      'users.username',
      'users.display_name',
      'users.email',
      'users.tenant_id',
      'users.networks',
      'users.is_disabled',
      'users.session_epoch',
      'users.created_at',
      'users.must_enroll_at',
      'users.reminded_at',
      'users.guarded_since',
      'users.supervised_until',
      'users.group_list',
    ]);
}

type UserRow = Awaited<ReturnType<ReturnType<typeof usersWithGroups>['executeTakeFirstOrThrow']>>;

/** The same with what each has enrolled. */
export function usersWithEnrolled(db: Db) {
  return usersWithGroups(db).select((eb) => [
    eb
      .selectFrom('authenticators')
      .select(
        sql<string | null>`string_agg(method || ' ' || coalesce(attested_model, ''), ',')`.as(
          'kinds',
        ),
      )
      .whereRef('authenticators.user_id', '=', 'users.id')
      .as('kinds'),
    eb
      .selectFrom('recovery_codes')
      .select((eb) => eb.fn.countAll<number>().as('codes'))
      .whereRef('recovery_codes.user_id', '=', 'users.id')
      .where('is_confirmed', '=', 1)
      .where('used_at', 'is', null)
      .as('recovery_codes_left'),
  ]);
}

/** The user that a row stands for. */
export function userOf(row: UserRow): User {
  return {
    kind: row.kind === 'service' ? 'service' : 'user',
    id: row.id as UserId,
    username: row.username,
    displayName: row.display_name,
    email: row.email,
    groups: groupsIn(row.group_list),
    tenant: row.tenant_id as TenantId,
    networks: JSON.parse(row.networks) as readonly string[],
    isDisabled: row.is_disabled !== 0,
    sessionEpoch: row.session_epoch,
    createdAt: row.created_at,
    mustEnrollAt: row.must_enroll_at,
    remindedAt: row.reminded_at,
    enrollGuard:
      row.guarded_since === null
        ? null
        : { since: row.guarded_since, supervisedUntil: row.supervised_until },
  };
}

/** What is enrolled, by a list such as `totp ,webauthn 2fc0579f-…`: a method and its model each. */
export function enrolledIn(
  list: string | null,
): Pick<PrincipalRecord, 'enrolled' | 'attestedModels'> {
  if (list === null) return { enrolled: [], attestedModels: [] };
  const kinds = list.split(',').map((kind) => kind.split(' '));
  const models = kinds.map(([, model = '']) => model).filter((model) => model !== '');
  return {
    enrolled: methodIds.filter((method) => kinds.some(([name]) => name === method)),
    attestedModels: [...new Set(models)].sort(),
  };
}
