/** What people enrolled. Credentials arrive and leave sealed. */

import type { AuthenticatorId, UserId } from '../../core/ids.ts';
import type { MethodId } from '../../core/proofs.ts';
import {
  CredentialTaken,
  type Authenticator,
  type AuthenticatorStore,
  type PasskeyState,
} from '../types.ts';
import { noteFactors } from './people/factors.ts';
import { inTransaction, lockUser } from './in-transaction.ts';
import type { AuthenticatorTable, Db } from './tables.ts';

// A stored step further ahead than this came from a clock that ran ahead.
const stepsAheadMax = 10;

/** The authenticators in a database. */
export function sqlAuthenticators(db: Db): AuthenticatorStore {
  return {
    create: (authenticator) =>
      inTransaction(db, async (db) => {
        await lockUser(db, authenticator.userId);
        // A refusal that raised no error leaves a transaction on PostgreSQL usable.
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('authenticators')
          .values(rowOf(authenticator))
          .onConflict((conflict) => conflict.column('credential_id').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) {
          throw new CredentialTaken('This credential is enrolled already.');
        }
        await noteFactors(db, authenticator.userId);
      }),

    async listOfUser(user) {
      const rows = await db
        .selectFrom('authenticators')
        .selectAll()
        .where('user_id', '=', user)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(authenticatorOf);
    },

    async findByCredentialId(credentialId) {
      // PostgreSQL cannot hold a NUL; no credential id has one, and asking must be an answer.
      if (credentialId.includes('\0')) return null;
      const row = await db
        .selectFrom('authenticators')
        .selectAll()
        .where('credential_id', '=', credentialId)
        .executeTakeFirst();
      return row === undefined ? null : authenticatorOf(row);
    },

    async consumeStep(id, step, at) {
      // Security: one statement decides, so that of equal codes arriving together on any number
      // of instances one is taken (RFC 6238 §5.2).
      const { numUpdatedRows } = await db
        .updateTable('authenticators')
        .set({ last_step: step, last_used_at: at })
        .where('id', '=', id)
        .where((eb) =>
          eb.or([eb('last_step', '<', step), eb('last_step', '>', step + stepsAheadMax)]),
        )
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async recordPasskeyUse(id, { signCount, isBackedUp, at }) {
      // Security: one statement compares and writes, so that of a key and its copy that answer
      // together with one counter, one is taken (WebAuthn L3 §6.1.1).
      const { numUpdatedRows } = await db
        .updateTable('authenticators')
        .set({ sign_count: signCount, is_backed_up: isBackedUp ? 1 : 0, last_used_at: at })
        .where('id', '=', id)
        .where('credential_id', 'is not', null)
        .where((eb) =>
          signCount === 0 ? eb('sign_count', '=', 0) : eb('sign_count', '<', signCount),
        )
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async rename(user, id, name) {
      const { numUpdatedRows } = await db
        .updateTable('authenticators')
        .set({ name })
        .where('user_id', '=', user)
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    remove: (user, id) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        const { numDeletedRows } = await db
          .deleteFrom('authenticators')
          .where('user_id', '=', user)
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        await noteFactors(db, user);
        return numDeletedRows === 1n;
      }),

    removeOfUser: (user) =>
      inTransaction(db, async (db) => {
        await lockUser(db, user);
        const { numDeletedRows } = await db
          .deleteFrom('authenticators')
          .where('user_id', '=', user)
          .executeTakeFirstOrThrow();
        await noteFactors(db, user);
        return Number(numDeletedRows);
      }),
  };
}

function rowOf(authenticator: Authenticator): AuthenticatorTable {
  const { passkey } = authenticator;
  return {
    id: authenticator.id,
    user_id: authenticator.userId,
    method: authenticator.method,
    name: authenticator.name,
    sealed_credential: authenticator.sealedCredential,
    last_step: authenticator.lastStep,
    credential_id: passkey?.credentialId ?? null,
    sign_count: passkey?.signCount ?? 0,
    is_backed_up: passkey?.isBackedUp === true ? 1 : 0,
    attested_model: passkey?.attestedModel ?? null,
    created_at: authenticator.createdAt,
    last_used_at: authenticator.lastUsedAt,
  };
}

function authenticatorOf(row: AuthenticatorTable): Authenticator {
  return {
    id: row.id as AuthenticatorId,
    userId: row.user_id as UserId,
    method: row.method as MethodId,
    name: row.name,
    sealedCredential: row.sealed_credential,
    lastStep: row.last_step,
    passkey: passkeyOf(row),
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}

function passkeyOf(row: AuthenticatorTable): PasskeyState | null {
  if (row.credential_id === null) return null;
  return {
    credentialId: row.credential_id,
    signCount: row.sign_count,
    isBackedUp: row.is_backed_up !== 0,
    attestedModel: row.attested_model,
  };
}
