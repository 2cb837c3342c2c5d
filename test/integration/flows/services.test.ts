/** Service accounts: bound to networks that exist, and told of when they no longer do. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { servicesOfUnknownNetworks, setNetworks } from '../../../src/flows/admin/services.ts';
import { createUser } from '../../../src/flows/admin/users.ts';
import { aNetwork, aPolicy } from '../../support/builders.ts';
import { openWorld, sure, type World } from '../../support/flow-world.ts';

const declaring = (...names: readonly string[]) =>
  aPolicy({ networks: new Map(names.map((name) => [name, aNetwork(name, ['10.20.0.0/24'])])) });

let world: World;
beforeEach(async () => {
  world = await openWorld({ config: { policy: declaring('zone-e', 'office') } });
  const networks = ['zone-e', 'office', 'zone-e'];
  const service = { kind: 'service', username: 'robot', networks, password: null } as const;
  assert.equal((await createUser(world.ctx, service)).ok, true);
  await world.addUser('anna');
});
afterEach(() => world.close());

const bind = (networks: readonly string[], username = 'robot') =>
  setNetworks(world.ctx, { username, networks });
const robot = async () => sure(await world.ctx.stores.users.findByUsername('robot'));

describe('a service account', () => {
  test('is made with its networks, which the event names', async () => {
    assert.deepEqual((await robot()).networks, ['office', 'zone-e']);
    const [created] = await world.events();
    assert.deepEqual(created?.details['networks'], ['office', 'zone-e']);
  });

  test('is bound to others at once, with an event that says what was before', async () => {
    const answer = await bind(['office']);

    assert(answer.ok);
    assert.deepEqual((await robot()).networks, ['office']);
    const event = sure((await world.events()).at(-1));
    assert.deepEqual(
      [event.type, event.subject, event.details],
      [
        'user.networks-changed',
        answer.user.id,
        { username: 'robot', before: ['office', 'zone-e'], after: ['office'] },
      ],
    );
    const changes = await world.ctx.stores.accessChanges.since(0);
    assert.deepEqual(
      changes.map(({ whose }) => whose),
      [answer.user.id],
    );
  });

  // prettier-ignore
  const refused = [
    [() => bind([]),                       'networks-missing'],
    [() => bind(['zone-e', 'attic']),      'unknown-network'],
    [() => bind(['zone-e'], 'anna'),       'no-networks-for-people'],
    [() => bind(['zone-e'], 'nobody'),     'no-such-user'],
  ] as const;
  for (const [attempt, reason] of refused) {
    test(`is not bound where the answer is ${reason}`, async () => {
      const before = await world.eventTypes();

      const answer = await attempt();

      assert(!answer.ok);
      assert.equal(answer.reason, reason);
      assert.match(answer.sentence, /\.$/);
      assert.deepEqual(await world.eventTypes(), before);
      assert.deepEqual((await robot()).networks, ['office', 'zone-e']);
    });
  }

  test('says which networks there are, or that there is none', async () => {
    const answer = await bind(['attic']);
    assert(!answer.ok);
    assert.match(answer.sentence, /declares office, zone-e\.$/);

    world.configure({ policy: declaring() });
    const none = await bind(['attic']);
    assert(!none.ok);
    assert.match(none.sentence, /declares none under "networks"\.$/);
  });

  test('is named when the configuration no longer has a network of its', async () => {
    assert.deepEqual(await servicesOfUnknownNetworks(world.ctx), []);

    world.configure({ policy: declaring('office') });

    assert.deepEqual(await servicesOfUnknownNetworks(world.ctx), [
      { username: 'robot', networks: ['zone-e'] },
    ]);
  });
});
