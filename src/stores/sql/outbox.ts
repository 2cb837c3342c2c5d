/** Mail that waits to be sent, shared by all instances. */

import type { UserId } from '../../core/ids.ts';
import type { MailKind } from '../../core/mail-kinds.ts';
import type { OutboxStore, WaitingMail } from '../types.ts';
import { isPostgres } from './is-postgres.ts';
import type { Db, OutboxTable } from './tables.ts';

/** The outbox in a database. */
export function sqlOutbox(db: Db): OutboxStore {
  return {
    async add(mail) {
      await db
        .insertInto('outbox')
        .values({
          user_id: mail.userId,
          to_address: mail.to,
          kind: mail.kind,
          details: JSON.stringify(mail.details),
          created_at: mail.createdAt,
          due_at: mail.createdAt,
          tries: 0,
        })
        .execute();
    },

    async take({ now, leaseUntil, limit }) {
      // One statement finds and takes: no two instances get the same row. On PostgreSQL they pass
      // over each other's; SQLite has one writer.
      const rows = await db
        .with(
          // Materialized, it runs once: never are more taken than asked for.
          (cte) => cte('due').materialized(),
          (tables) =>
            tables
              .selectFrom('outbox')
              .select('id')
              .where('due_at', '<=', now)
              .orderBy('id')
              .limit(limit)
              .$if(isPostgres(db), (query) => query.forUpdate().skipLocked()),
        )
        .updateTable('outbox')
        .set((eb) => ({ due_at: leaseUntil, tries: eb('tries', '+', 1) }))
        .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
        .where('due_at', '<=', now)
        .returningAll()
        .execute();
      return rows.map(mailOf).sort((one, other) => one.id - other.id);
    },

    async remove(id) {
      await db.deleteFrom('outbox').where('id', '=', id).execute();
    },

    async postpone(id, until) {
      await db.updateTable('outbox').set({ due_at: until }).where('id', '=', id).execute();
    },

    async count() {
      const { mails } = await db
        .selectFrom('outbox')
        .select((eb) => eb.fn.countAll<number>().as('mails'))
        .executeTakeFirstOrThrow();
      return mails;
    },
  };
}

function mailOf(row: Omit<OutboxTable, 'id'> & { readonly id: number }): WaitingMail {
  return {
    id: row.id,
    userId: row.user_id as UserId,
    to: row.to_address,
    kind: row.kind as MailKind,
    details: JSON.parse(row.details) as WaitingMail['details'],
    createdAt: row.created_at,
    // The row counts this try already.
    tries: row.tries - 1,
  };
}
