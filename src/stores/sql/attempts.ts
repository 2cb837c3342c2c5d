/** The lockout counter: one row for each account that failed lately. */

import { sql } from 'kysely';

import { failuresInARowMax, lockedForGood } from '../../core/attempts.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import { StoreUnavailable, type AttemptStore } from '../types.ts';
import type { Db } from './tables.ts';

const triesMax = 5;

/** The attempts in a database. */
export function sqlAttempts(db: Db): AttemptStore {
  const store: AttemptStore = {
    async reserve(user, limits, now) {
      const windowFloor = addSeconds(now, -limits.withinSeconds);
      const lockEnd = addSeconds(now, limits.durationSeconds);
      // A row starts anew after a lock that has ended, or once its window has passed. (The `where`
      // of the statement leaves a lock that still holds alone.)
      const startsAnew = sql<boolean>`(attempts.locked_until is not null
        or attempts.window_started_at <= ${windowFloor})`;
      const failures = sql<number>`case when ${startsAnew} then 1 else attempts.failures + 1 end`;

      for (let tries = 0; tries < triesMax; tries += 1) {
        // Security: counting and deciding are one statement. Guesses that arrive together, on any
        // number of instances, get different counts, and none beyond the limit is looked at.
        const row = await db
          .insertInto('attempts')
          .values({
            user_id: user,
            failures: 1,
            failures_in_a_row: 1,
            window_started_at: now,
            locked_until: limits.failuresMax <= 1 ? lockEnd : null,
          })
          .onConflict((conflict) =>
            conflict
              .column('user_id')
              .doUpdateSet({
                failures,
                failures_in_a_row: sql`attempts.failures_in_a_row + 1`,
                window_started_at: sql`case when ${startsAnew} then ${asInstant(now)}
                  else attempts.window_started_at end`,
                locked_until: sql`case
                  when attempts.failures_in_a_row + 1 >= ${failuresInARowMax}
                    then ${asInstant(lockedForGood)}
                  when ${failures} >= ${limits.failuresMax} then ${asInstant(lockEnd)}
                  else null end`,
              })
              .where((eb) =>
                eb.or([
                  eb('attempts.locked_until', 'is', null),
                  eb('attempts.locked_until', '<=', now),
                ]),
              ),
          )
          .returning(['failures', 'failures_in_a_row'])
          .executeTakeFirst();
        if (row !== undefined) {
          const isLast = row.failures_in_a_row >= failuresInARowMax;
          const failuresLeft = isLast ? 0 : Math.max(0, limits.failuresMax - row.failures);
          return { ok: true, failuresLeft };
        }
        const lockedUntil = await store.lockedUntil(user, now);
        if (lockedUntil !== null) return { ok: false, lockedUntil };
        // The lock was lifted between the two statements: ask again.
      }
      throw new StoreUnavailable('The database (attempts keep changing)');
    },

    async reset(user) {
      await db.deleteFrom('attempts').where('user_id', '=', user).execute();
    },

    async lockedUntil(user, now) {
      const row = await db
        .selectFrom('attempts')
        .select('locked_until')
        .where('user_id', '=', user)
        .where('locked_until', '>', now)
        .executeTakeFirst();
      return row?.locked_until ?? null;
    },
  };
  return store;
}

/** A value inside an expression: PostgreSQL would take it for a text there. */
function asInstant(at: EpochMs) {
  return sql<EpochMs>`cast(${at} as bigint)`;
}
