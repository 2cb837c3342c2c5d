/** Users and service accounts. `findPrincipal` is asked once for every request that is proxied. */

import assert from 'node:assert/strict';

import type { Updateable } from 'kysely';

import type { UserId } from '../../../core/ids.ts';
import { NameTaken, type PrincipalRecord, type User, type UserStore } from '../../types.ts';
import { searchText } from '../../search-text.ts';
import { usernameKey } from '../../username-key.ts';
import { checked } from '../checked.ts';
import { compiledOnce } from '../compiled-once.ts';
import { groupList } from './group-list.ts';
import { inTransaction, lockUser } from '../in-transaction.ts';
import type { Db, UserTable } from '../tables.ts';
import { tenantRulesOf } from '../tenants.ts';
import { enrolledIn, userOf, usersWithEnrolled, usersWithGroups } from './user-rows.ts';

/** The users in a database. */
export function sqlUsers(db: Db): UserStore {
  return {
    create: (user) =>
      inTransaction(db, async (db) => {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('users')
          .values({
            id: user.id,
            kind: user.kind,
            username: user.username,
            username_key: usernameKey(user.username),
            display_name: user.displayName,
            email: user.email,
            tenant_id: user.tenant,
            password_hash: user.passwordHash,
            networks: JSON.stringify(user.networks),
            is_disabled: 0,
            session_epoch: 0,
            created_at: user.createdAt,
            search_text: searchText(user),
            group_list: groupList(user.groups),
            factors: 0,
          })
          .onConflict((conflict) => conflict.column('username_key').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) throw new NameTaken('This username is taken.');
        await insertGroups(db, user.id, user.groups);
        const created = await one(db, 'id', user.id);
        assert(created !== null);
        return created;
      }),

    findByUsername: (username) => one(db, 'username_key', usernameKey(username)),
    findById: (id) => one(db, 'id', id),

    async listByUsernames(usernames) {
      if (usernames.length === 0) return [];
      const rows = await usersWithGroups(db)
        .where('users.username_key', 'in', usernames.map(usernameKey))
        .execute();
      return rows.map(userOf);
    },

    async lock(id) {
      assert(db.isTransaction, 'A lock lasts until the transaction ends; there is none.');
      await lockUser(db, id);
      return await one(db, 'id', id);
    },

    async list({ after, limit }) {
      const rows = await usersWithGroups(db)
        .$if(after !== null, (query) =>
          query.where('users.username_key', '>', usernameKey(after ?? '')),
        )
        .orderBy('users.username_key')
        .limit(limit)
        .execute();
      return rows.map(userOf);
    },

    async passwordHashOf(id) {
      const row = await db
        .selectFrom('users')
        .select('password_hash')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.password_hash ?? null;
    },

    async setPasswordHash(id, hash) {
      await changeUser(db, id, { password_hash: hash });
    },

    setGroups: (id, groups) =>
      inTransaction(db, async (db) => {
        await lockUser(db, id);
        await changeUser(db, id, { group_list: groupList(groups) });
        await db.deleteFrom('user_groups').where('user_id', '=', id).execute();
        await insertGroups(db, id, groups);
      }),

    async setDisabled(id, isDisabled) {
      await changeUser(db, id, { is_disabled: isDisabled ? 1 : 0 });
    },

    async raiseSessionEpoch(id) {
      await db
        .updateTable('users')
        .set((eb) => ({ session_epoch: eb('session_epoch', '+', 1) }))
        .where('id', '=', id)
        .execute();
    },

    async setNetworks(id, networks) {
      await changeUser(db, id, { networks: JSON.stringify(networks) });
    },

    async listServices() {
      const rows = await usersWithGroups(db)
        .where('users.kind', '=', 'service')
        .orderBy('users.username_key')
        .execute();
      return rows.map(userOf);
    },

    async setEnrollGuard(id, guard) {
      await changeUser(db, id, {
        guarded_since: guard?.since ?? null,
        supervised_until: guard?.supervisedUntil ?? null,
      });
    },

    setProfile: (id, { displayName, email }) =>
      inTransaction(db, async (db) => {
        await lockUser(db, id);
        const user = await one(db, 'id', id);
        if (user === null) return;
        await changeUser(db, id, {
          display_name: displayName,
          email,
          search_text: searchText({ username: user.username, displayName, email }),
        });
      }),

    async remove(id) {
      // Whatever hangs on the account refers to it and goes with it.
      await db.deleteFrom('users').where('id', '=', id).execute();
    },

    async liftAllSessionEpochs(floor) {
      await db
        .updateTable('users')
        .set((eb) => ({
          session_epoch: eb
            .case()
            .when('session_epoch', '<', floor)
            .then(floor)
            .else(eb('session_epoch', '+', 1))
            .end(),
        }))
        .execute();
    },

    async setMustEnrollAt(id, at) {
      await changeUser(db, id, { must_enroll_at: at });
    },

    async setRemindedAt(id, at) {
      await changeUser(db, id, { reminded_at: at });
    },

    async listOfGroups(tenant, groups, limit) {
      if (groups.length === 0) return [];
      const rows = await usersWithGroups(db)
        .where('users.kind', '=', 'user')
        .where('users.is_disabled', '=', 0)
        .where(checked(db, 'users.tenant_id'), '=', tenant)
        .where('users.id', 'in', (eb) =>
          eb.selectFrom('user_groups').select('user_id').where('group_name', 'in', groups),
        )
        .orderBy('users.username_key')
        .limit(limit)
        .execute();
      return rows.map(userOf);
    },

    async findPrincipal(id, lineage) {
      const [record] = await principalQuery(db, { id, lineage });
      return record ?? null;
    },
  };
}

const principalQuery = compiledOnce(
  (db, slot) =>
    usersWithEnrolled(db)
      .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
      .select((eb) => [
        'tenants.is_mfa_required',
        'tenants.required_since',
        'tenants.grace_ends_at',
        eb
          .selectFrom('revoked_sessions')
          .select('lineage')
          .where('lineage', '=', slot('lineage'))
          .as('revoked_lineage'),
      ])
      .where('users.id', '=', slot('id')),
  (row): PrincipalRecord => ({
    user: userOf(row),
    tenantRules: tenantRulesOf(row),
    ...enrolledIn(row.kinds),
    recoveryCodesLeft: Number(row.recovery_codes_left),
    isSessionRevoked: row.revoked_lineage !== null,
  }),
);

async function one(db: Db, column: 'id' | 'username_key', value: string): Promise<User | null> {
  // PostgreSQL cannot hold a NUL; no name has one, and asking must be an answer, not an error.
  if (value.includes('\0')) return null;
  const row = await usersWithGroups(db).where(`users.${column}`, '=', value).executeTakeFirst();
  return row === undefined ? null : userOf(row);
}

async function insertGroups(db: Db, id: UserId, groups: readonly string[]): Promise<void> {
  const rows = [...new Set(groups)].map((name) => ({ user_id: id, group_name: name }));
  if (rows.length > 0) await db.insertInto('user_groups').values(rows).execute();
}

async function changeUser(db: Db, id: UserId, change: Updateable<UserTable>): Promise<void> {
  await db.updateTable('users').set(change).where('id', '=', id).execute();
}
