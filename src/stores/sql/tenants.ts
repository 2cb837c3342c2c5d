/** Tenants and what they ask. `findPrincipal` reads the rules too. */

import assert from 'node:assert/strict';

import type { TenantId } from '../../core/ids.ts';
import type { TenantRules } from '../../core/tenant-rules.ts';
import { NameTaken, type Tenant, type TenantStore } from '../types.ts';
import { inTransaction } from './in-transaction.ts';
import type { Db, TenantTable } from './tables.ts';

/** The tenants in a database. */
export function sqlTenants(db: Db): TenantStore {
  const find = async (id: TenantId): Promise<Tenant | null> => {
    // PostgreSQL cannot hold a NUL; no tenant has one, and asking must be an answer, not an error.
    if (id.includes('\0')) return null;
    const row = await db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : tenantOf(row);
  };
  return {
    async create(tenant) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tenants')
        .values({
          id: tenant.id,
          name: tenant.name,
          ...rowOf(tenant.rules),
          grace_period_days: tenant.gracePeriodDays,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows === 0n) throw new NameTaken('This tenant exists.');
    },

    find,

    async lock(id) {
      assert(db.isTransaction, 'A lock lasts until the transaction ends; there is none.');
      // Writing a value to itself is the lock that both engines have.
      await db
        .updateTable('tenants')
        .set((eb) => ({ name: eb.ref('name') }))
        .where('id', '=', id)
        .execute();
      return await find(id);
    },

    async list() {
      const rows = await db.selectFrom('tenants').selectAll().orderBy('id').execute();
      return rows.map(tenantOf);
    },

    async setRules(id, rules, { gracePeriodDays }) {
      await db
        .updateTable('tenants')
        .set({ ...rowOf(rules), grace_period_days: gracePeriodDays })
        .where('id', '=', id)
        .execute();
    },

    remove: (id) =>
      inTransaction(db, async (db) => {
        await db.deleteFrom('mfa_days').where('tenant_id', '=', id).execute();
        await db.deleteFrom('refusal_counts').where('tenant_id', '=', id).execute();
        await db.deleteFrom('tenants').where('id', '=', id).execute();
      }),
  };
}

type RulesRow = Pick<TenantTable, 'is_mfa_required' | 'required_since' | 'grace_ends_at'>;

/** The rules that are in a row. */
export function tenantRulesOf(row: RulesRow): TenantRules {
  return {
    isMfaRequired: row.is_mfa_required !== 0,
    requiredSince: row.required_since,
    graceEndsAt: row.grace_ends_at,
  };
}

function rowOf(rules: TenantRules): RulesRow {
  return {
    is_mfa_required: rules.isMfaRequired ? 1 : 0,
    required_since: rules.requiredSince,
    grace_ends_at: rules.graceEndsAt,
  };
}

function tenantOf(row: TenantTable): Tenant {
  return {
    id: row.id as TenantId,
    name: row.name,
    rules: tenantRulesOf(row),
    gracePeriodDays: row.grace_period_days,
  };
}
