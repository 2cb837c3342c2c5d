/** Tenants and what they ask, on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { defaultTenant, type TenantId } from '../../src/core/ids.ts';
import { noTenantRules, type TenantRules } from '../../src/core/tenant-rules.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { NameTaken, type Stores, type Tenant } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, countOf, describeEngines, sharedDatabase } from './support/engines.ts';

function aTenant(id: string, of: Partial<Tenant> = {}): Tenant {
  return {
    id: id as TenantId,
    name: `Tenant ${id}`,
    rules: noTenantRules,
    gracePeriodDays: 0,
    ...of,
  };
}

const strict: TenantRules = {
  isMfaRequired: true,
  requiredSince: NOON,
  graceEndsAt: NOON + 14 * 86_400_000,
};

describeEngines((engine) => {
  let stores: Stores;
  let otherInstance: Stores;
  let database: SqlDatabase;
  before(async () => {
    ({ database, stores, otherInstance } = await sharedDatabase(engine));
  });

  describe('a tenant', () => {
    test('comes back as it was created', async () => {
      const made = aTenant('acme', { name: 'Acme Ä', rules: strict, gracePeriodDays: 14 });
      await stores.tenants.create(made);

      assert.deepEqual(await stores.tenants.find(made.id), made);
      assert.equal((await addUser(database, { tenant: made.id })).tenant, made.id);
    });

    test('is not known by another name', async () => {
      await stores.tenants.create(aTenant('known'));
      for (const id of ['Known', 'known ', 'known\0', '']) {
        assert.equal(await stores.tenants.find(id as TenantId), null, JSON.stringify(id));
      }
    });

    test('is created once, and the transaction of whoever comes second goes on', async () => {
      await stores.tenants.create(aTenant('once', { rules: strict }));

      await stores.transaction(async ({ tenants }) => {
        await assert.rejects(tenants.create(aTenant('once')), NameTaken);
        await tenants.create(aTenant('after-once'));
      });

      assert.deepEqual((await stores.tenants.find('once' as TenantId))?.rules, strict);
      assert.notEqual(await stores.tenants.find('after-once' as TenantId), null);
    });

    test('changes its rules and keeps its name', async () => {
      const made = aTenant('changing');
      await stores.tenants.create(made);
      await stores.tenants.setRules(made.id, strict, { gracePeriodDays: 14 });
      assert.deepEqual(await stores.tenants.find(made.id), {
        ...made,
        rules: strict,
        gracePeriodDays: 14,
      });

      await stores.tenants.setRules(made.id, noTenantRules, { gracePeriodDays: 0 });
      assert.deepEqual(await stores.tenants.find(made.id), made);
      assert.deepEqual((await stores.tenants.find(defaultTenant))?.rules, noTenantRules);
    });

    test('that is locked makes the next transaction wait and see what the first did', async () => {
      const made = aTenant('contended');
      await stores.tenants.create(made);

      // Each adds a day to what it finds: if one of them did not wait, a day would be lost.
      const adds = Array.from({ length: 10 }, (_, at) =>
        (at % 2 === 0 ? stores : otherInstance).transaction(async ({ tenants }) => {
          const found = await tenants.lock(made.id);
          const gracePeriodDays = (found?.gracePeriodDays ?? 0) + 1;
          await tenants.setRules(made.id, strict, { gracePeriodDays });
          return true;
        }),
      );

      assert.equal(await countOf(adds, (isDone) => isDone), 10);
      assert.equal((await stores.tenants.find(made.id))?.gracePeriodDays, 10);
    });

    test('is locked inside a transaction only, and only where there is one', async () => {
      await assert.rejects(stores.tenants.lock(defaultTenant), { name: 'AssertionError' });
      await stores.transaction(async ({ tenants }) => {
        assert.equal(await tenants.lock('none' as TenantId), null);
      });
    });
  });

  test('tenants are listed by id', async () => {
    const own = await engine.fresh();
    await own.stores.tenants.create(aTenant('zeta'));
    await own.stores.tenants.create(aTenant('alpha', { name: 'Zulu' }));
    assert.deepEqual(
      (await own.stores.tenants.list()).map(({ id }) => id),
      ['alpha', 'default', 'zeta'],
    );
  });
});
