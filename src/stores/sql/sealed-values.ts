/** What is sealed, read and written wherever it stands. */

import { sql, type RawBuilder } from 'kysely';

import type { AuthenticatorId, ChallengeId, UserId } from '../../core/ids.ts';
import {
  challengeRow,
  idempotencyRow,
  mailedLinkRow,
  passkeyRow,
  sealedPlaces,
  signingKeyRow,
  totpRow,
  type SealedPlace,
} from '../../core/sealed-rows.ts';
import { rootIdIn, sealedHead } from '../../platform/seal.ts';
import type { RootKeyUse, SealedValue, SealedValueStore } from '../types/sealed-values.ts';
import type { Db } from './tables.ts';

/** A row as it is read for its sealed text. */
interface Row {
  readonly key: string | number;
  readonly stored: string;
  readonly user_id: string | null;
  readonly kind: string | null;
}

interface Place {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  /** Further columns that the name of the row is made of. */
  readonly user: string | null;
  readonly kind: string | null;
  readonly nameOf: (row: Row) => string;
}

const places: Readonly<Record<SealedPlace, Place>> = {
  'signing-keys': {
    table: 'signing_keys',
    key: 'kid',
    column: 'sealed_private_jwk',
    user: null,
    kind: null,
    nameOf: ({ key }) => signingKeyRow(String(key)),
  },
  authenticators: {
    table: 'authenticators',
    key: 'id',
    column: 'sealed_credential',
    user: 'user_id',
    kind: 'method',
    nameOf: ({ key, user_id: user, kind }) => {
      const row = kind === 'webauthn' ? passkeyRow : totpRow;
      return row(user as UserId, key as AuthenticatorId);
    },
  },
  challenges: {
    table: 'challenges',
    key: 'id',
    column: 'sealed_payload',
    user: 'user_id',
    kind: 'kind',
    nameOf: ({ key, user_id: user, kind }) =>
      challengeRow(user as UserId, key as ChallengeId, kind ?? ''),
  },
  idempotency: {
    table: 'idempotency_keys',
    key: 'key',
    column: 'sealed_body',
    user: null,
    kind: null,
    nameOf: ({ key }) => idempotencyRow(String(key)),
  },
  // A link stands among other details of a mail.
  outbox: {
    table: 'outbox',
    key: 'id',
    column: 'details',
    user: 'user_id',
    kind: 'kind',
    nameOf: ({ user_id: user, kind }) => mailedLinkRow(user as UserId, kind ?? ''),
  },
};

/** The sealed texts in a database. */
export function sqlSealedValues(db: Db): SealedValueStore {
  const store: SealedValueStore = {
    async listOthers(place, { rootId, after, limit }) {
      const { table, key, column, user, kind, nameOf } = places[place];
      const { rows } = await sql<Row>`
        select ${sql.ref(key)} as key, ${sql.ref(column)} as stored,
          ${refOrNull(user)} as user_id, ${refOrNull(kind)} as kind
        from ${sql.table(table)}
        where ${isSealed(place)}
          and not ${startsWith(place, sealedHead(rootId))}
          and ${after === null ? sql`1 = 1` : sql`${sql.ref(key)} > ${keyIn(place, after)}`}
        order by ${sql.ref(key)}
        limit ${limit}`.execute(db);
      return rows.map((row) => ({
        place,
        key: String(row.key),
        row: nameOf(row),
        sealed: sealedIn(place, row.stored),
        stored: row.stored,
      }));
    },

    async replace(value, sealed) {
      const { table, key, column } = places[value.place];
      const stored = value.stored.replace(value.sealed, sealed);
      const { numAffectedRows } = await sql`
        update ${sql.table(table)} set ${sql.ref(column)} = ${stored}
        where ${sql.ref(key)} = ${keyIn(value.place, value.key)}
          and ${sql.ref(column)} = ${value.stored}`.execute(db);
      return numAffectedRows === 1n;
    },

    async removeOthers(place, rootIds) {
      const { table } = places[place];
      const isKnown = rootIds.map((id) => startsWith(place, sealedHead(id)));
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)}
        where ${isSealed(place)} and not (${sql.join([sql`1 = 0`, ...isKnown], sql` or `)})`.execute(
        db,
      );
      return Number(numAffectedRows);
    },

    async countByRoot() {
      const uses: RootKeyUse[] = [];
      for (const place of sealedPlaces) uses.push(...(await usesOf(db, store, place)));
      return [...uses, ...(await recoveryCodesByRoot(db))];
    },

    async anyRoot() {
      for (const place of sealedPlaces) {
        const { table, column } = places[place];
        const { rows } = await sql<{ stored: string }>`
          select ${sql.ref(column)} as stored from ${sql.table(table)}
          where ${isSealed(place)} limit 1`.execute(db);
        const [row] = rows;
        if (row !== undefined) return rootIdIn(sealedIn(place, row.stored));
      }
      return null;
    },
  };
  return store;
}

const linkMember = '"sealedLink":"';
const pageSize = 1000;

async function usesOf(
  db: Db,
  store: Pick<SealedValueStore, 'listOthers'>,
  place: SealedPlace,
): Promise<readonly RootKeyUse[]> {
  if (place === 'outbox') return await usesInMail(store);
  const { table, column } = places[place];
  const { rows } = await sql<{ root: string; count: number }>`
    select substr(${sql.ref(column)}, 4, 12) as root, count(*) as count
    from ${sql.table(table)} where ${isSealed(place)} group by 1`.execute(db);
  return rows.map(({ root, count }) => ({ place, rootId: root, count }));
}

/** The engines differ in how they look into a text; mails that wait with a link are few. */
async function usesInMail({
  listOthers,
}: Pick<SealedValueStore, 'listOthers'>): Promise<readonly RootKeyUse[]> {
  const counts = new Map<string | null, number>();
  for (let after: string | null = null; ;) {
    const page: readonly SealedValue[] = await listOthers('outbox', {
      rootId: 'none',
      after,
      limit: pageSize,
    });
    for (const { sealed } of page) {
      const rootId = rootIdIn(sealed);
      counts.set(rootId, (counts.get(rootId) ?? 0) + 1);
    }
    after = page.at(-1)?.key ?? null;
    if (page.length < pageSize) break;
  }
  return [...counts].map(([rootId, count]) => ({ place: 'outbox', rootId, count }));
}

/** Hashes begin with the name of their key and a full stop; those of the first versions do not. */
async function recoveryCodesByRoot(db: Db): Promise<readonly RootKeyUse[]> {
  const { rows } = await sql<{ root: string | null; count: number }>`
    select case when substr(code_hash, 13, 1) = '.' then substr(code_hash, 1, 12) end as root,
      count(*) as count
    from recovery_codes where used_at is null group by 1`.execute(db);
  return rows.map(({ root, count }) => ({
    place: 'recovery-codes',
    rootId: root,
    count,
  }));
}

function isSealed(place: SealedPlace): RawBuilder<boolean> {
  return startsWith(place, 's1.');
}

function startsWith(place: SealedPlace, head: string): RawBuilder<boolean> {
  const { column } = places[place];
  const pattern = place === 'outbox' ? `%${linkMember}${head}%` : `${head}%`;
  return sql<boolean>`(${sql.ref(column)} is not null and ${sql.ref(column)} like ${pattern})`;
}

function sealedIn(place: SealedPlace, stored: string): string {
  if (place !== 'outbox') return stored;
  return String((JSON.parse(stored) as Readonly<Record<string, unknown>>)['sealedLink']);
}

function keyIn(place: SealedPlace, key: string): string | number {
  return place === 'outbox' ? Number(key) : key;
}

function refOrNull(column: string | null): RawBuilder<string | null> {
  return column === null ? sql<null>`null` : sql<string>`${sql.ref(column)}`;
}
