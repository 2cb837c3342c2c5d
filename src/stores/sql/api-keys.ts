/** Keys of service accounts, as hashes. */

import type { ApiKeyId, TenantId, UserId } from '../../core/ids.ts';
import type { ApiKey, ApiKeyStore } from '../types/administration.ts';
import { startsAfterCreated } from './pages.ts';
import { isStorable } from './storable.ts';
import type { ApiKeyTable, Db } from './tables.ts';

/** The API keys in a database. */
export function sqlApiKeys(db: Db): ApiKeyStore {
  return {
    async create(key) {
      await db
        .insertInto('api_keys')
        .values({
          id: key.id,
          user_id: key.userId,
          tenant_id: key.tenant,
          name: key.name,
          hash: key.hash,
          created_by: key.createdBy,
          created_at: key.createdAt,
          expires_at: key.expiresAt,
          last_used_at: key.lastUsedAt,
        })
        .execute();
    },

    async find(id) {
      if (!isStorable(id)) return null;
      const row = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : keyOf(row);
    },

    async list({ tenant, user }, { after, limit }) {
      const rows = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('tenant_id', '=', tenant)
        .$if(user !== null, (query) => query.where('user_id', '=', user))
        .$if(after !== null, (query) => query.where(startsAfterCreated('api_keys', after ?? '')))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(keyOf);
    },

    async noteUse(id, at) {
      await db
        .updateTable('api_keys')
        .set({ last_used_at: at })
        .where('id', '=', id)
        .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
        .execute();
    },

    async remove(id) {
      if (!isStorable(id)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('api_keys')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    async removeOfUser(user) {
      const { numDeletedRows } = await db
        .deleteFrom('api_keys')
        .where('user_id', '=', user)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}

function keyOf(row: ApiKeyTable): ApiKey {
  return {
    id: row.id as ApiKeyId,
    userId: row.user_id as UserId,
    tenant: row.tenant_id as TenantId,
    name: row.name,
    hash: row.hash,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
