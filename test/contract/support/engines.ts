/** The databases that every store must work on, started for the tests. */

import { after, before, describe } from 'node:test';

import { Kysely, PostgresDialect, sql } from 'kysely';

import type { AuthenticatorId, UserId } from '../../../src/core/ids.ts';
import { defaultTenant } from '../../../src/core/ids.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { Secret } from '../../../src/platform/secret.ts';
import {
  openDatabase,
  type DatabaseLocation,
  type DatabaseOptions,
  type SqlDatabase,
} from '../../../src/stores/sql/database.ts';
import { openPostgresPool } from '../../../src/stores/sql/postgres-pool.ts';
import type {
  Authenticator,
  NewUser,
  PasskeyState,
  Stores,
  User,
} from '../../../src/stores/types.ts';
import { NOON } from '../../support/fixed-clock.ts';
import { startPostgres, type ThrowAwayServer } from '../../support/servers.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

/** An engine, with as many databases as a test wants. */
export interface Engine {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** The place of a new, empty database. */
  newLocation(): Promise<DatabaseLocation>;
  /** Opens a database; it is closed after the tests. */
  open(location: DatabaseLocation, options?: Partial<DatabaseOptions>): SqlDatabase;
  /** A new database with the schema in it. */
  fresh(): Promise<SqlDatabase>;
}

/** One database and what two instances of the gateway see of it. */
export interface SharedDatabase {
  readonly database: SqlDatabase;
  readonly stores: Stores;
  readonly otherInstance: Stores;
}

/** A new database with the schema in it, opened by two instances. */
export async function sharedDatabase(engine: Engine): Promise<SharedDatabase> {
  const location = await engine.newLocation();
  const database = engine.open(location);
  await database.migrate();
  return { database, stores: database.stores, otherInstance: engine.open(location).stores };
}

/** Defines the same tests for each engine. */
export function describeEngines(define: (engine: Engine) => void): void {
  describe('on SQLite', () => {
    let folder: TemporaryFolder;
    let count = 0;
    before(() => {
      folder = temporaryFolder();
    });
    const engine = engineOver('SQLite', async () => {
      count += 1;
      return { kind: 'sqlite', file: `${folder.path}/${String(count)}.db` };
    });
    define(engine);
    after(async () => {
      await engine.closeAll();
      folder.remove();
    });
  });

  describe('on PostgreSQL', () => {
    let server: ThrowAwayServer;
    let count = 0;
    before(async () => {
      server = await startPostgres();
    });
    const engine = engineOver('PostgreSQL', async () => {
      count += 1;
      const name = `test_${String(count)}`;
      const admin = new Kysely<unknown>({
        dialect: new PostgresDialect({
          pool: openPostgresPool(server.url.reveal(), {
            connectionsMax: 1,
            statements: 'unlimited',
          }),
        }),
      });
      await sql`create database ${sql.id(name)}`.execute(admin);
      await admin.destroy();
      const url = new URL(server.url.reveal());
      url.pathname = `/${name}`;
      return { kind: 'postgres', url: new Secret(url.href) };
    });
    define(engine);
    after(async () => {
      await engine.closeAll();
      await server.remove();
    });
  });
}

let users = 0;

/** Adds a user; a test says only what matters to it. */
export async function addUser(database: SqlDatabase, of: Partial<NewUser> = {}): Promise<User> {
  users += 1;
  const name = `user${String(users)}`;
  return await database.stores.users.create({
    id: `usr_${name}` as UserId,
    kind: 'user',
    username: name,
    displayName: name,
    email: null,
    groups: [],
    tenant: defaultTenant,
    networks: [],
    passwordHash: null,
    createdAt: NOON,
    ...of,
  });
}

/** A passkey that is not enrolled yet; its name makes it another one of the same user's. */
export function aPasskey(
  userId: UserId,
  { name = 'key', ...of }: Partial<PasskeyState> & { readonly name?: string } = {},
): Authenticator {
  return {
    id: `ath_${userId}_${name}` as AuthenticatorId,
    userId,
    method: 'webauthn',
    name,
    sealedCredential: 'sealed',
    lastStep: -1,
    passkey: {
      credentialId: `credential-${userId}-${name}`,
      signCount: 0,
      isBackedUp: false,
      attestedModel: null,
      ...of,
    },
    createdAt: NOON,
    lastUsedAt: null,
  };
}

/** How many of the promises came out as asked. */
export async function countOf<Value>(
  work: readonly Promise<Value>[],
  isAsked: (value: Value) => boolean,
): Promise<number> {
  return (await Promise.all(work)).filter(isAsked).length;
}

function engineOver(
  name: Engine['name'],
  newLocation: () => Promise<DatabaseLocation>,
): Engine & { closeAll(): Promise<void> } {
  const opened: SqlDatabase[] = [];
  const open: Engine['open'] = (location, options = {}) => {
    const database = openDatabase(location, { random: systemRandom, ...options });
    opened.push(database);
    return database;
  };
  return {
    name,
    newLocation,
    open,
    fresh: async () => {
      const database = open(await newLocation());
      await database.migrate();
      return database;
    },
    closeAll: async () => {
      await Promise.all(opened.map((database) => database.close()));
    },
  };
}
