/** Opens the database: the same stores on SQLite and on PostgreSQL. */

import assert from 'node:assert/strict';

import { Kysely, PostgresDialect, type Dialect } from 'kysely';

import type { AuditEvent } from '../../core/audit-event.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Random } from '../../platform/random.ts';
import type { Secret } from '../../platform/secret.ts';
import { StoreUnavailable, type Database, type Stores } from '../types.ts';
import { sqlAccessChanges } from './access-changes.ts';
import { sqlApiKeys } from './api-keys.ts';
import { sqlAttempts } from './attempts.ts';
import { sqlAudit } from './audit/audit.ts';
import type { ChainParts } from './audit/audit-chain.ts';
import type { ChainKeys } from './audit/audit-signature.ts';
import { beginSigning } from './audit/audit-signing.ts';
import { sqlAuditBrowser } from './audit/audit-browser.ts';
import { sqlAuditSinks } from './audit/audit-sinks.ts';
import { sqlAuthenticators } from './authenticators.ts';
import { sqlChallenges } from './challenges.ts';
import { sqlDevices } from './devices.ts';
import { sqlEnrollmentLinks } from './enrollment-links.ts';
import { sqlEvidence } from './evidence.ts';
import { sqlIdempotency } from './idempotency.ts';
import { migrateSchema, type MigrationName } from './migrate.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { sqlOutbox } from './outbox.ts';
import { sqlPeople } from './people/people.ts';
import { sqlPlaces } from './places.ts';
import { openPostgresPool } from './postgres-pool.ts';
import { sqlRecoveryCodes } from './recovery-codes.ts';
import { sqlResets } from './resets.ts';
import { sqlRestoring } from './restoring.ts';
import { sqlRevokedSessions } from './revoked-sessions.ts';
import { sqlSealedValues } from './sealed-values.ts';
import { sqlSessionTable, type SessionTable } from './session-table.ts';
import { sqlSigningKeys } from './signing-keys.ts';
import type { Db, Tables } from './tables.ts';
import { sqlTenants } from './tenants.ts';
import { sqlUsedChallenges } from './used-challenges.ts';
import { sqlUsers } from './people/users.ts';
import { aloneOnFile, aloneOnServer } from './work-lock.ts';

const connectionsMax = 10;

/** Where the database is: `config.storage.database`. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: Secret };

/** A database that can hold the sessions too. */
export interface SqlDatabase extends Database {
  readonly sessions: SessionTable;
  /** For migrations' own tests and for faults; nobody else writes SQL. */
  readonly db: Db;
  /** Signs the audit chain of a database that `migrate` has just made or brought up to date. */
  beginSigning(at: EpochMs): Promise<void>;
}

/** What a database is opened with. */
export interface DatabaseOptions {
  readonly random: Random;
  /** Told of each event that was appended, for counting; a transaction may still undo it. */
  readonly onAudited?: (event: AuditEvent) => void;
  /**
   * The keys that the ends of the audit chain are signed with; null: they are not at hand yet.
   * Left out: nothing is signed and no signature is looked at, which is for tests of other things.
   */
  readonly chainKeys?: () => ChainKeys | null;
  /** Says whether too many audit events wait to be sent on for any more changes (F12). */
  readonly isAuditFull?: () => boolean;
  /** `unlimited`: for commands that touch every row; nobody waits for their answer. */
  readonly statements?: 'bounded' | 'unlimited';
}

/** Opens a database. Nothing is read before the first question, and nothing fails before it. */
export function openDatabase(location: DatabaseLocation, options: DatabaseOptions): SqlDatabase {
  const { statements = 'bounded' } = options;
  const db = new Kysely<Tables>({ dialect: dialectOf(location, statements) });
  let wereMissing: readonly MigrationName[] = [];
  return {
    db,
    stores: storesOn(db, options),
    sessions: sqlSessionTable(db),

    async migrate() {
      if (location.kind === 'sqlite') {
        wereMissing = await migrateSchema(db);
        return;
      }
      // A migration may take long, and instances that start together wait for one another.
      const patient = new Kysely<Tables>({ dialect: dialectOf(location, 'unlimited') });
      try {
        wereMissing = await migrateSchema(patient);
      } finally {
        await patient.destroy();
      }
    },

    async beginSigning(at) {
      // Security: a chain without a signature is signed only when it has just got the place for
      // one. At any other time somebody took the signature away.
      if (!wereMissing.includes('0003-administration')) return;
      await beginSigning(db, chainPartsOf(options), at);
    },

    async check() {
      const { numUpdatedRows } = await db
        .updateTable('write_probe')
        .set((eb) => ({ writes: eb('writes', '+', 1) }))
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) throw new StoreUnavailable('The database (its probe is missing)');
    },

    async alone(name, work) {
      if (location.kind === 'sqlite') return await aloneOnFile(location.file, name, work);
      const connections = new Kysely<unknown>({ dialect: dialectOf(location, 'unlimited') });
      try {
        return await aloneOnServer(connections, name, work);
      } finally {
        await connections.destroy();
      }
    },

    close: () => db.destroy(),
  };
}

function dialectOf(location: DatabaseLocation, statements: 'bounded' | 'unlimited'): Dialect {
  if (location.kind === 'sqlite') return new NodeSqliteDialect(location.file);
  return new PostgresDialect({
    pool: openPostgresPool(location.url.reveal(), {
      connectionsMax,
      statements,
    }),
  });
}

function chainPartsOf({ random, chainKeys, onAudited }: DatabaseOptions): ChainParts {
  return { random, keys: () => chainKeys?.() ?? null, onAudited: onAudited ?? (() => {}) };
}

function storesOn(db: Db, options: DatabaseOptions): Stores {
  return {
    users: sqlUsers(db),
    people: sqlPeople(db),
    resets: sqlResets(db),
    enrollmentLinks: sqlEnrollmentLinks(db),
    apiKeys: sqlApiKeys(db),
    idempotency: sqlIdempotency(db),
    evidence: sqlEvidence(db),
    tenants: sqlTenants(db),
    authenticators: sqlAuthenticators(db),
    recoveryCodes: sqlRecoveryCodes(db),
    challenges: sqlChallenges(db),
    usedChallenges: sqlUsedChallenges(db),
    devices: sqlDevices(db),
    places: sqlPlaces(db),
    outbox: sqlOutbox(db),
    attempts: sqlAttempts(db),
    audit: sqlAudit(db, chainPartsOf(options), options.isAuditFull ?? (() => false)),
    auditBrowser: sqlAuditBrowser(db),
    auditSinks: sqlAuditSinks(db),
    signingKeys: sqlSigningKeys(db),
    revokedSessions: sqlRevokedSessions(db),
    accessChanges: sqlAccessChanges(db),
    sealedValues: sqlSealedValues(db),
    restoring: sqlRestoring(db),
    transaction(work) {
      assert(!db.isTransaction, 'Transactions do not nest.');
      return db.transaction().execute((transaction) => work(storesOn(transaction, options)));
    },
  };
}
