/** Sessions in the database; `stores/sessions` decides what they mean. */

import { sql, type SqlBool } from 'kysely';

import type { SessionKey, TenantId, UserId } from '../../core/ids.ts';
import type { Proof } from '../../core/proofs.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Session, User } from '../types.ts';
import type { ListedSession, SessionListPage } from '../types/administration.ts';
import { checked, checkedNumber } from './checked.ts';
import { compiledOnce } from './compiled-once.ts';
import { isStorable } from './storable.ts';
import type { Db, SessionRowTable } from './tables.ts';
import { userOf, usersWithGroups } from './people/user-rows.ts';

const fewMax = 1000;

/** The instants after which a session was begun and last seen, to be live. */
export interface LiveSince {
  readonly createdAt: EpochMs;
  readonly lastSeenAt: EpochMs;
}

/** The table of sessions. */
export interface SessionTable {
  find(key: SessionKey): Promise<Session | null>;
  create(session: Session): Promise<void>;
  /** Writes when the session was last seen, if it is still there. */
  touch(key: SessionKey, at: EpochMs): Promise<void>;
  listOfUser(user: UserId): Promise<readonly Session[]>;
  remove(key: SessionKey): Promise<boolean>;
  removeOfUser(user: UserId, keep: SessionKey | null): Promise<readonly SessionKey[]>;
  removeUnlessLive(since: LiveSince): Promise<void>;
  countLive(since: LiveSince): Promise<number>;
  /** The live ones of a tenant's people that still count, seen last first. */
  listOfTenant(
    tenant: TenantId,
    page: SessionListPage,
    since: LiveSince,
  ): Promise<readonly ListedSession[]>;
  /** Those of these sessions that are a tenant's people's and still count, with the people. */
  counting(tenant: TenantId, sessions: readonly Session[]): Promise<readonly ListedSession[]>;
}

/** The sessions in a database. */
export function sqlSessionTable(db: Db): SessionTable {
  return {
    async find(key) {
      const [session] = await findQuery(db, { key });
      return session ?? null;
    },

    async create(session) {
      await db
        .insertInto('sessions')
        .values({
          session_key: session.key,
          lineage: session.lineage,
          user_id: session.userId,
          session_epoch: session.sessionEpoch,
          proofs: JSON.stringify(session.proofs),
          created_at: session.createdAt,
          last_seen_at: session.lastSeenAt,
          ip: session.ip,
          user_agent: session.userAgent,
        })
        .execute();
    },

    async touch(key, at) {
      await db
        .updateTable('sessions')
        .set({ last_seen_at: at })
        .where('session_key', '=', key)
        .where('last_seen_at', '<', at)
        .execute();
    },

    async listOfUser(user) {
      const rows = await db
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', user)
        .orderBy('last_seen_at', 'desc')
        .execute();
      return rows.map(sessionOf);
    },

    async remove(key) {
      const { numDeletedRows } = await db
        .deleteFrom('sessions')
        .where('session_key', '=', key)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    async removeOfUser(user, keep) {
      const rows = await db
        .deleteFrom('sessions')
        .where('user_id', '=', user)
        .$if(keep !== null, (query) => query.where('session_key', '!=', keep ?? ''))
        .returning('session_key')
        .execute();
      return rows.map((row) => row.session_key as SessionKey);
    },

    async removeUnlessLive({ createdAt, lastSeenAt }) {
      await db
        .deleteFrom('sessions')
        .where((eb) =>
          eb.or([eb('created_at', '<=', createdAt), eb('last_seen_at', '<=', lastSeenAt)]),
        )
        .execute();
    },

    async countLive({ createdAt, lastSeenAt }) {
      const { sessions } = await db
        .selectFrom('sessions')
        .select((eb) => eb.fn.countAll<number>().as('sessions'))
        .where('created_at', '>', createdAt)
        .where('last_seen_at', '>', lastSeenAt)
        .executeTakeFirstOrThrow();
      return sessions;
    },

    async listOfTenant(tenant, { after, limit }, { createdAt, lastSeenAt }) {
      const few = await fewUsersOf(db, tenant);
      if (few?.length === 0) return [];
      const place = after === null || !isStorable(after) ? null : await placeOf(db, after);
      const rows = await db
        .selectFrom('sessions')
        .innerJoin('users', 'users.id', 'sessions.user_id')
        .leftJoin('revoked_sessions', 'revoked_sessions.lineage', 'sessions.lineage')
        .selectAll('sessions')
        // Of few people the sessions are found by the person, of many by when they were seen.
        .where(checked(db, 'users.tenant_id'), '=', tenant)
        .where('users.kind', '=', 'user')
        .where('users.is_disabled', '=', 0)
        .whereRef('users.session_epoch', '=', 'sessions.session_epoch')
        .where('revoked_sessions.lineage', 'is', null)
        .where(checkedNumber(db, 'sessions.created_at'), '>', createdAt)
        .$if(few === null, (query) => query.where('sessions.last_seen_at', '>', lastSeenAt))
        .$if(few !== null, (query) =>
          query
            .where('sessions.user_id', 'in', few ?? [])
            .where(checkedNumber(db, 'sessions.last_seen_at'), '>', lastSeenAt),
        )
        .$if(place !== null, (query) =>
          query.where(
            sql<SqlBool>`(sessions.last_seen_at, sessions.session_key)
              < (cast(${place?.last_seen_at} as bigint), ${place?.session_key})`,
          ),
        )
        .orderBy('sessions.last_seen_at', 'desc')
        .orderBy('sessions.session_key', 'desc')
        .limit(limit)
        .execute();
      const users = await usersOf(db, tenant, rows);
      return rows.flatMap((row) => {
        const user = users.get(row.user_id);
        return user === undefined ? [] : [{ session: sessionOf(row), user }];
      });
    },

    async counting(tenant, sessions) {
      if (sessions.length === 0) return [];
      const users = await usersOf(
        db,
        tenant,
        sessions.map(({ userId }) => ({ user_id: userId })),
      );
      const revoked = await db
        .selectFrom('revoked_sessions')
        .select('lineage')
        .where(
          'lineage',
          'in',
          sessions.map(({ lineage }) => lineage),
        )
        .execute();
      const dead = new Set(revoked.map(({ lineage }) => lineage));
      return sessions.flatMap((session) => {
        const user = users.get(session.userId);
        const counts =
          user?.kind === 'user' &&
          !user.isDisabled &&
          user.sessionEpoch === session.sessionEpoch &&
          !dead.has(session.lineage);
        return counts ? [{ session, user }] : [];
      });
    },
  };
}

/** Where a session stands in the list; null: it has ended, and the list begins anew. */
async function placeOf(db: Db, key: SessionKey) {
  const row = await db
    .selectFrom('sessions')
    .select(['last_seen_at', 'session_key'])
    .where('session_key', '=', key)
    .executeTakeFirst();
  return row ?? null;
}

/** The ids of a tenant's people; null: they are too many to ask about each. */
async function fewUsersOf(db: Db, tenant: TenantId): Promise<readonly string[] | null> {
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenant)
    .limit(fewMax + 1)
    .execute();
  return rows.length > fewMax ? null : rows.map(({ id }) => id);
}

async function usersOf(
  db: Db,
  tenant: TenantId,
  sessions: readonly { readonly user_id: string }[],
): Promise<ReadonlyMap<string, User>> {
  const ids = [...new Set(sessions.map(({ user_id: id }) => id))];
  if (ids.length === 0) return new Map();
  const rows = await usersWithGroups(db)
    .where(checked(db, 'users.tenant_id'), '=', tenant)
    .where('users.id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, userOf(row)]));
}

const findQuery = compiledOnce(
  (db, slot) => db.selectFrom('sessions').selectAll().where('session_key', '=', slot('key')),
  sessionOf,
);

function sessionOf(row: SessionRowTable): Session {
  return {
    key: row.session_key as SessionKey,
    lineage: row.lineage as SessionKey,
    userId: row.user_id as UserId,
    sessionEpoch: row.session_epoch,
    proofs: JSON.parse(row.proofs) as readonly Proof[],
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    ip: row.ip,
    userAgent: row.user_agent,
  };
}
