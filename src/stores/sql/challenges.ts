/** Challenges: one of a kind for each session, gone once used. */

import type { ChallengeId, SessionKey, UserId } from '../../core/ids.ts';
import type { Challenge, ChallengeStore } from '../types.ts';
import type { ChallengeTable, Db } from './tables.ts';

/** The challenges in a database. */
export function sqlChallenges(db: Db): ChallengeStore {
  return {
    async create(challenge) {
      const row = {
        id: challenge.id,
        kind: challenge.kind,
        user_id: challenge.userId,
        session_key: challenge.session,
        sealed_payload: challenge.sealedPayload,
        expires_at: challenge.expiresAt,
      };
      await db
        .insertInto('challenges')
        .values(row)
        .onConflict((conflict) => conflict.columns(['session_key', 'kind']).doUpdateSet(row))
        .execute();
    },

    async find(kind, session, now) {
      const row = await db
        .selectFrom('challenges')
        .selectAll()
        .where('session_key', '=', session)
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined ? null : challengeOf(row);
    },

    async consume(kind, session, now) {
      const row = await db
        .deleteFrom('challenges')
        .where('session_key', '=', session)
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : challengeOf(row);
    },

    async rebind(from, to) {
      await db
        .updateTable('challenges')
        .set({ session_key: to })
        .where('session_key', '=', from)
        .execute();
    },

    async removeOfUser(user) {
      await db.deleteFrom('challenges').where('user_id', '=', user).execute();
    },

    async removeExpired(now) {
      await db.deleteFrom('challenges').where('expires_at', '<=', now).execute();
    },
  };
}

function challengeOf(row: ChallengeTable): Challenge {
  return {
    id: row.id as ChallengeId,
    kind: row.kind as Challenge['kind'],
    userId: row.user_id as UserId,
    session: row.session_key as SessionKey,
    sealedPayload: row.sealed_payload,
    expiresAt: row.expires_at,
  };
}
