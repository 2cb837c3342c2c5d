/** Ended sessions, by lineage: what a session store forgets, this does not. */

import type { RevokedSessionStore } from '../types.ts';
import type { Db } from './tables.ts';

/** The revoked sessions in a database; `findPrincipal` reads them. */
export function sqlRevokedSessions(db: Db): RevokedSessionStore {
  return {
    async add(lineage, expiresAt) {
      await db
        .insertInto('revoked_sessions')
        .values({ lineage, expires_at: expiresAt })
        .onConflict((conflict) =>
          conflict
            .column('lineage')
            .doUpdateSet({ expires_at: expiresAt })
            .where('revoked_sessions.expires_at', '<', expiresAt),
        )
        .execute();
    },

    async removeExpired(now) {
      await db.deleteFrom('revoked_sessions').where('expires_at', '<=', now).execute();
    },
  };
}
