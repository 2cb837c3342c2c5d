/** Keys that sign assertions; the private parts are sealed. */

import type { SigningKeyStore } from '../types.ts';
import type { Db } from './tables.ts';

/** The signing keys in a database. */
export function sqlSigningKeys(db: Db): SigningKeyStore {
  return {
    async list() {
      const rows = await db
        .selectFrom('signing_keys')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('kid')
        .execute();
      return rows.map((row) => ({
        kid: row.kid,
        sealedPrivateJwk: row.sealed_private_jwk,
        publicJwk: row.public_jwk,
        createdAt: row.created_at,
      }));
    },

    async create(key) {
      await db
        .insertInto('signing_keys')
        .values({
          kid: key.kid,
          sealed_private_jwk: key.sealedPrivateJwk,
          public_jwk: key.publicJwk,
          created_at: key.createdAt,
        })
        .onConflict((conflict) => conflict.column('kid').doNothing())
        .execute();
    },

    async remove(kid) {
      await db.deleteFrom('signing_keys').where('kid', '=', kid).execute();
    },
  };
}
