/** What people enrolled. Credentials arrive and leave sealed. */

import type { AuthenticatorId, UserId } from '../../core/ids.ts';
import type { MethodId } from '../../core/proofs.ts';
import type { AuthenticatorStore } from '../types.ts';
import type { Db } from './tables.ts';

// A stored step further ahead than this came from a clock that ran ahead.
const stepsAheadMax = 10;

/** The authenticators in a database. */
export function sqlAuthenticators(db: Db): AuthenticatorStore {
  return {
    async create(authenticator) {
      await db
        .insertInto('authenticators')
        .values({
          id: authenticator.id,
          user_id: authenticator.userId,
          method: authenticator.method,
          name: authenticator.name,
          sealed_credential: authenticator.sealedCredential,
          last_step: authenticator.lastStep,
          created_at: authenticator.createdAt,
          last_used_at: authenticator.lastUsedAt,
        })
        .execute();
    },

    async listOfUser(user) {
      const rows = await db
        .selectFrom('authenticators')
        .selectAll()
        .where('user_id', '=', user)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map((row) => ({
        id: row.id as AuthenticatorId,
        userId: row.user_id as UserId,
        method: row.method as MethodId,
        name: row.name,
        sealedCredential: row.sealed_credential,
        lastStep: row.last_step,
        createdAt: row.created_at,
        lastUsedAt: row.last_used_at,
      }));
    },

    async consumeStep(id, step, at) {
      // Security: one statement decides, so that of equal codes arriving together on any number
      // of instances one is taken (RFC 6238 §5.2).
      const { numUpdatedRows } = await db
        .updateTable('authenticators')
        .set({ last_step: step, last_used_at: at })
        .where('id', '=', id)
        .where((eb) =>
          eb.or([eb('last_step', '<', step), eb('last_step', '>', step + stepsAheadMax)]),
        )
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async removeOfUser(user) {
      const { numDeletedRows } = await db
        .deleteFrom('authenticators')
        .where('user_id', '=', user)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}
