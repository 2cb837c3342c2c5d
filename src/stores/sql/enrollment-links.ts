/** One-time links, as hashes. A person has one of each kind. */

import type { UserId } from '../../core/ids.ts';
import type { EnrollmentLink, EnrollmentLinkStore } from '../types/administration.ts';
import { isStorable } from './storable.ts';
import type { Db, EnrollmentLinkTable } from './tables.ts';

/** The links in a database. */
export function sqlEnrollmentLinks(db: Db): EnrollmentLinkStore {
  return {
    async create(link) {
      const row = {
        hash: link.hash,
        created_by: link.createdBy,
        created_at: link.createdAt,
        expires_at: link.expiresAt,
      };
      await db
        .insertInto('enrollment_links')
        .values({ ...row, user_id: link.userId, kind: link.kind })
        .onConflict((conflict) => conflict.columns(['user_id', 'kind']).doUpdateSet(row))
        .execute();
    },

    async find(hash, now) {
      if (!isStorable(hash)) return null;
      const row = await db
        .selectFrom('enrollment_links')
        .selectAll()
        .where('hash', '=', hash)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined ? null : linkOf(row);
    },

    async consume(hash, now) {
      if (!isStorable(hash)) return null;
      // Security: one statement reads and removes, so that of two that arrive together, on any
      // number of instances, one gets the link.
      const row = await db
        .deleteFrom('enrollment_links')
        .where('hash', '=', hash)
        .where('expires_at', '>', now)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : linkOf(row);
    },

    async listOfUser(user, now) {
      const rows = await db
        .selectFrom('enrollment_links')
        .selectAll()
        .where('user_id', '=', user)
        .where('expires_at', '>', now)
        .orderBy('created_at', 'desc')
        .orderBy('kind')
        .execute();
      return rows.map(linkOf);
    },

    async removeOfUser(user) {
      await db.deleteFrom('enrollment_links').where('user_id', '=', user).execute();
    },

    async removeExpired(now) {
      await db.deleteFrom('enrollment_links').where('expires_at', '<=', now).execute();
    },
  };
}

function linkOf(row: EnrollmentLinkTable): EnrollmentLink {
  return {
    hash: row.hash,
    userId: row.user_id as UserId,
    kind: row.kind as EnrollmentLink['kind'],
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
