/** Requests that may come twice, and what the first one was answered. */

import assert from 'node:assert/strict';

import { StoreUnavailable } from '../types.ts';
import type { IdempotencyStore } from '../types/administration.ts';
import type { Db } from './tables.ts';

const triesMax = 5;

/** The idempotency keys in a database. */
export function sqlIdempotency(db: Db): IdempotencyStore {
  return {
    async begin({ key, fingerprint, now, expiresAt }) {
      for (let tries = 0; tries < triesMax; tries += 1) {
        const fresh = { fingerprint, status: null, sealed_body: null, expires_at: expiresAt };
        // One statement decides: of several that arrive together, on any number of instances, one
        // does the work. What has expired counts as never sent.
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('idempotency_keys')
          .values({ key, ...fresh })
          .onConflict((conflict) =>
            conflict
              .column('key')
              .doUpdateSet(fresh)
              .where('idempotency_keys.expires_at', '<=', now),
          )
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return { state: 'new' };

        const row = await db
          .selectFrom('idempotency_keys')
          .selectAll()
          .where('key', '=', key)
          .executeTakeFirst();
        if (row === undefined) continue; // It was released between the two statements: ask again.
        if (row.fingerprint !== fingerprint) return { state: 'other-request' };
        if (row.status === null) return { state: 'running' };
        // Invariant: the two are written together.
        assert(row.sealed_body !== null);
        return { state: 'done', status: row.status, sealedBody: row.sealed_body };
      }
      throw new StoreUnavailable('The database (idempotency keys keep changing)');
    },

    async finish(key, { status, sealedBody, expiresAt }) {
      const kept = expiresAt === undefined ? {} : { expires_at: expiresAt };
      await db
        .updateTable('idempotency_keys')
        .set({ status, sealed_body: sealedBody, ...kept })
        .where('key', '=', key)
        .execute();
    },

    async release(key) {
      await db
        .deleteFrom('idempotency_keys')
        .where('key', '=', key)
        .where('status', 'is', null)
        .execute();
    },

    async removeExpired(now) {
      await db.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute();
    },
  };
}
