/** Changes by administrators that meet each other, or an audit trail that takes nothing (G12). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { UserId } from '../../../../src/core/ids.ts';
import { Problem } from '../../../../src/core/problem.ts';
import type { Administrator } from '../../../../src/flows/admin/administrator.ts';
import { changePerson, createPerson, unlockCodes } from '../../../../src/flows/admin/people.ts';
import { endSessionAsAdmin, endSessionsOf } from '../../../../src/flows/admin/people-sessions.ts';
import { changeTenantSettings } from '../../../../src/flows/admin/tenant-settings.ts';
import { StoreUnavailable } from '../../../../src/stores/types.ts';
import { withBrokenStores } from '../../../support/broken-stores.ts';
import { openWorld, sure, type World } from '../../../support/flow-world.ts';
import {
  freshSession,
  newAdministrator,
  newPerson,
  officePolicy,
} from '../../../support/reset-office.ts';

let world: World;
let ada: Administrator;
let amy: Administrator;
let dan: UserId;
beforeEach(async () => {
  world = await openWorld({ config: { policy: officePolicy() } });
  ada = await newAdministrator(world, 'ada', ['ADMINS']);
  amy = await newAdministrator(world, 'amy', ['ADMINS']);
  dan = await newPerson(world, 'dan');
});
afterEach(() => world.close());

const idOf = ({ session }: Administrator): UserId => session.principal.id;
const disable = (by: Administrator, userId: UserId) =>
  changePerson(world.ctx, by, { userId, isDisabled: true });

describe('two administrators', () => {
  test('who disable each other at once: one does, and the other is signed out', async () => {
    const both = await Promise.allSettled([disable(ada, idOf(amy)), disable(amy, idOf(ada))]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const lost = sure(both.find((one) => one.status === 'rejected'));
    assert.ok(lost.reason instanceof Problem);
    assert.equal(lost.reason.code, 'not-signed-in');
    const users = await Promise.all(
      [idOf(ada), idOf(amy)].map((id) => world.ctx.stores.users.findById(id)),
    );
    assert.equal(users.filter((user) => user?.isDisabled === true).length, 1);
  });

  test('who change one person at once leave what the later one wrote, and two events', async () => {
    await Promise.all([
      changePerson(world.ctx, ada, { userId: dan, groups: ['A'] }),
      changePerson(world.ctx, amy, { userId: dan, groups: ['B'] }),
    ]);
    const events = (await world.events()).filter(({ type }) => type === 'user.groups-changed');
    assert.equal(events.length, 2);
    // Each event begins where the one before it ended.
    assert.deepEqual(events[1]?.details['before'], events[0]?.details['after']);
    const user = await world.ctx.stores.users.findById(dan);
    assert.deepEqual(user?.groups, events[1]?.details['after']);
  });

  test('who make one account at once make one', async () => {
    const make = (by: Administrator) =>
      createPerson(world.ctx, by, {
        kind: 'user',
        username: 'nomsa',
        displayName: 'Nomsa',
        email: null,
        groups: [],
        networks: [],
      });
    const both = await Promise.allSettled([make(ada), make(amy)]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const events = (await world.events()).filter(({ type }) => type === 'enrollment-link.created');
    assert.equal(events.length, 1);
  });
});

describe('without a place to write it down', () => {
  test('nothing is changed at all', async () => {
    const session = await freshSession(world, dan);
    const { lockout } = world.ctx.config.current();
    for (let guess = 0; guess < lockout.failuresMax; guess += 1) {
      await world.ctx.stores.attempts.reserve(dan, lockout, world.clock.now());
    }
    const full = withBrokenStores(world.ctx, (stores) => ({
      audit: {
        ...stores.audit,
        append: () => Promise.reject(new StoreUnavailable('The audit trail')),
        appendAll: () => Promise.reject(new StoreUnavailable('The audit trail')),
      },
    }));
    const before = await world.ctx.stores.users.findById(dan);
    const attempts: readonly (() => Promise<unknown>)[] = [
      () =>
        changePerson(full, ada, { userId: dan, displayName: 'Dan Dube', email: 'x@example.com' }),
      () => changePerson(full, ada, { userId: dan, groups: ['STAFF'] }),
      () => changePerson(full, ada, { userId: dan, isDisabled: true }),
      () => unlockCodes(full, ada, dan),
      () => endSessionsOf(full, ada, dan),
      () => endSessionAsAdmin(full, ada, session.key),
      () => changeTenantSettings(full, ada, { isMfaRequired: true, gracePeriodDays: 0 }),
      () =>
        createPerson(full, ada, {
          kind: 'user',
          username: 'nomsa',
          displayName: 'Nomsa',
          email: null,
          groups: [],
          networks: [],
        }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt(), StoreUnavailable);

    assert.deepEqual(await world.ctx.stores.users.findById(dan), before);
    assert.notEqual(await world.recall(session.key), null);
    assert.notEqual(await world.ctx.stores.attempts.lockedUntil(dan, world.clock.now()), null);
    assert.equal(await world.ctx.stores.users.findByUsername('nomsa'), null);
    const tenant = await world.ctx.stores.tenants.find(ada.session.principal.tenant);
    assert.equal(tenant?.rules.isMfaRequired, false);
  });
});
