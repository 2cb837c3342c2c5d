/** Databases that earlier versions left behind (test/fixtures/databases), put where a gateway finds them. */

import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Kysely, PostgresDialect, sql } from 'kysely';

import { openPostgresPool } from '../../src/stores/sql/postgres-pool.ts';
import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { createPasskey, platformBuild, type SoftPasskey } from './soft-authenticator.ts';

/** The schemas of which there are databases. */
export const oldSchemas = ['0001-initial', '0002-lifecycle'] as const;

/** One of them. */
export type OldSchema = (typeof oldSchemas)[number];

/** What people and the operator knew. */
export interface OldKnowledge {
  /** The instant of the last thing that happened. */
  readonly madeAt: number;
  readonly passwords: Readonly<Record<string, string>>;
  readonly anna: {
    readonly secret: string;
    readonly recoveryCodes: readonly string[];
    readonly usedRecoveryCode: string;
    /** Of a session that lives. */
    readonly cookie: string;
  };
  /** A passkey; from the second schema on. */
  readonly ben?: SavedPasskey;
  /** In a browser that is trusted; from the second schema on. */
  readonly erik?: { readonly secret: string; readonly cookie: string };
  /** The encryption key, in hexadecimal. */
  readonly key: string;
}

interface SavedPasskey {
  readonly credentialId: string;
  readonly algorithm: number;
  readonly privateKey: string;
  readonly userHandle: string;
  readonly rpId: string;
  readonly counter: number;
}

const folder = path.join(import.meta.dirname, '../fixtures/databases');

/** Fills an empty database with what an earlier version left, and writes its key into a file. */
export async function putOldDatabase(
  schema: OldSchema,
  location: DatabaseLocation,
  keyFile: string,
): Promise<OldKnowledge> {
  const name = `${schema}.${location.kind}`;
  const text = readFileSync(path.join(folder, `${name}.sql`), 'utf8');
  if (location.kind === 'sqlite') {
    const database = new DatabaseSync(location.file);
    database.exec(text);
    database.close();
  } else {
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({
        pool: openPostgresPool(location.url.reveal(), {
          connectionsMax: 1,
          statements: 'unlimited',
        }),
      }),
    });
    await sql.raw(text).execute(db);
    await db.destroy();
  }
  const known = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as OldKnowledge;
  writeFileSync(keyFile, Buffer.from(known.key, 'hex'), { mode: 0o600 });
  return known;
}

/** The passkey as its owner has it, answering for an origin. */
export function savedPasskey(saved: SavedPasskey, origin: string): SoftPasskey {
  const rp = { id: saved.rpId };
  const { passkey } = createPasskey(
    { rp, user: { id: saved.userHandle }, challenge: '' },
    { ...platformBuild, origin },
  );
  return Object.assign(passkey, { ...saved, privateKey: createPrivateKey(saved.privateKey) });
}
