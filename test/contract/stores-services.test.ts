/** Service accounts, on every engine: what they are bound to, and finding them among people. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { TenantId, UserId } from '../../src/core/ids.ts';
import type { Stores } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, describeEngines } from './support/engines.ts';

describeEngines((engine) => {
  let stores: Stores;
  let nightly: UserId;
  before(async () => {
    const database = engine.open(await engine.newLocation());
    await database.migrate();
    ({ stores } = database);
    const service = { kind: 'service', passwordHash: null } as const;
    const added = { ...service, username: 'nightly', networks: ['zone-e'] };
    ({ id: nightly } = await addUser(database, added));
    await addUser(database, { username: 'anna' });
    const backup = { ...service, username: 'backup', networks: ['zone-e', 'office'] };
    await addUser(database, { ...backup, groups: ['BATCH'] });
  });

  describe('services', () => {
    test('are listed by name, without people', async () => {
      const services = await stores.users.listServices();

      assert.deepEqual(
        services.map(({ username, networks, groups }) => [username, networks, groups]),
        [
          ['backup', ['zone-e', 'office'], ['BATCH']],
          ['nightly', ['zone-e'], []],
        ],
      );
    });

    test('are bound to exactly the networks set last', async () => {
      await stores.users.setNetworks(nightly, ['office', 'a "quoted" one']);

      const { users } = stores;
      assert.deepEqual((await users.findById(nightly))?.networks, ['office', 'a "quoted" one']);
      assert.deepEqual((await users.findByUsername('backup'))?.networks, ['zone-e', 'office']);
    });
  });

  test('a change of a tenant is one note', async () => {
    const acme = 'acme' as TenantId;

    await stores.accessChanges.note(acme, NOON);

    const changes = await stores.accessChanges.since(NOON);
    assert.deepEqual(
      changes.map(({ whose }) => whose),
      [acme],
    );
  });
});
