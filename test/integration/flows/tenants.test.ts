/** What a tenant demands, as the people of it feel it: next page, decision, reset, audit. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../src/flows/enroll/enroll-totp.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { createTenant, setTenant, type TenantSettings } from '../../../src/flows/admin/tenants.ts';
import { createUser, resetMfa } from '../../../src/flows/admin/users.ts';
import { aPolicy, anMfaPolicy, aRequest, aRoute, aRule } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';

const daySeconds = 24 * 3600;

let world: World;
beforeEach(async () => {
  world = await openWorld({ config: { sessions: { idleSeconds: 1e7, absoluteSeconds: 1e7 } } });
  assert.equal((await createTenant(world.ctx, { name: 'acme', title: 'ACME Corp' })).ok, true);
});
afterEach(() => world.close());

const set = (settings: TenantSettings, name = 'acme') => setTenant(world.ctx, { name, settings });
const demand = (gracePeriodDays: number) => set({ isMfaRequired: true, gracePeriodDays });

/** Somebody of the tenant, signed in by password. */
async function newcomer(username: string, groups: readonly string[] = []): Promise<SessionFacts> {
  const person = { username, groups, tenant: 'acme', password: goodPassword };
  const answer = await createUser(world.ctx, person);
  assert(answer.ok, JSON.stringify(answer));
  return world.signInBy(username);
}

const reset = () => resetMfa(world.ctx, { username: 'anna', reason: 'lost phone', ticket: 'T-1' });

const now = async (session: SessionFacts) => sure(await world.recall(session.key));

async function decided(session: SessionFacts): Promise<string> {
  const route = aRoute({ rules: [aRule({ requires: { level: 1 } })] });
  const facts = {
    request: aRequest({ isNavigation: false }),
    session: await now(session),
    now: world.clock.now(),
  };
  const { kind, reason } = decide(route, facts, world.ctx.config.current().policy);
  return `${kind} ${reason}`;
}

const blocked = 'enroll tenant-requires-enrollment';
const passes = 'allow assurance-met';

describe('a tenant', () => {
  test('that demands nothing changes nothing', async () => {
    const anna = await newcomer('anna');

    assert.equal(await decided(anna), passes);
    assert.equal(nextPage(world.ctx, await now(anna)), 'done');
  });

  test('gives those who are there some days, and blocks them afterwards', async () => {
    const anna = await newcomer('anna');
    world.clock.advance(1);
    await demand(5);

    assert.equal(await decided(anna), passes);
    assert.equal(nextPage(world.ctx, await now(anna)), 'done');
    world.clock.advance(5 * daySeconds);
    assert.equal(await decided(anna), blocked);
    assert.equal(nextPage(world.ctx, await now(anna)), 'enroll');
  });

  test('blocks who comes later from their first sign-in on, until they have enrolled', async () => {
    await demand(5);
    const ben = await newcomer('ben');

    assert.equal(await decided(ben), blocked);
    const { session } = await world.enroll(ben);
    assert.equal(await decided(session), passes);
  });

  test('makes no exception for those who administer', async () => {
    const admin = await newcomer('ada', ['AI-PLATFORM-ADMINS']);
    world.clock.advance(1);
    await demand(0);

    assert.equal(await decided(admin), blocked);
  });

  test('demands nothing of the people of another', async () => {
    await world.addUser('dan');
    const dan = await world.signInBy('dan');
    await demand(0);

    assert.equal(await decided(dan), passes);
  });

  test('that is tightened blocks at once who has had that long already', async () => {
    const anna = await newcomer('anna');
    world.clock.advance(1);
    await demand(30);
    world.clock.advance(10 * daySeconds);

    await demand(7);

    assert.equal(await decided(anna), blocked);
  });

  test('opens no grace again: not by more days, not by off and on, not by a reset', async () => {
    const anna = await newcomer('anna');
    world.clock.advance(1);
    await demand(5);
    world.clock.advance(6 * daySeconds);
    assert.equal(await decided(anna), blocked);

    await demand(90);
    assert.equal(await decided(anna), blocked);
    await set({ isMfaRequired: false });
    assert.equal(await decided(anna), passes);
    await demand(90);
    assert.equal(await decided(anna), blocked);
    assert.equal((await reset()).ok, true);
    assert.equal(await decided(await world.signInBy('anna')), blocked);
  });

  test('obliges nobody while the policy is switched off', async () => {
    const anna = await newcomer('anna');
    await demand(0);

    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ isEnabled: false }) }) });

    assert.equal(await decided(anna), passes);
  });

  test('is made and changed with an event each, which says what was before', async () => {
    await demand(14);
    await set({ gracePeriodDays: 7 });
    await set({ isMfaRequired: false });

    const [created, first, second, third] = await world.events();
    assert.deepEqual(
      [created?.type, created?.tenant, created?.subject, created?.details],
      ['tenant.created', 'acme', null, { tenant: 'acme', title: 'ACME Corp' }],
    );
    const at = world.clock.now();
    const dayAt = (days: number) => new Date(at + days * daySeconds * 1000).toISOString();
    const common = { tenant: 'acme', mfaRequiredBefore: true, mfaRequired: true };
    assert.deepEqual(
      [first, second, third].map((event) => [event?.type, event?.severity, event?.details]),
      [
        [
          'settings.changed',
          'notice',
          {
            ...common,
            mfaRequiredBefore: false,
            graceDaysBefore: 0,
            graceDays: 14,
            graceEndsAt: dayAt(14),
          },
        ],
        [
          'settings.changed',
          'notice',
          { ...common, graceDaysBefore: 14, graceDays: 7, graceEndsAt: dayAt(7) },
        ],
        [
          'settings.changed',
          'warning',
          {
            ...common,
            mfaRequired: false,
            graceDaysBefore: 7,
            graceDays: 7,
            graceEndsAt: dayAt(7),
          },
        ],
      ],
    );
  });

  test('of which nobody can be told is not changed: event and change stand together', async () => {
    const failing = {
      ...world.ctx,
      stores: {
        ...world.ctx.stores,
        transaction: <Value>(work: Parameters<typeof world.ctx.stores.transaction<Value>>[0]) =>
          world.ctx.stores.transaction((stores) =>
            work({
              ...stores,
              audit: { ...stores.audit, append: () => Promise.reject(new Error('disk full')) },
            }),
          ),
      },
    };

    await assert.rejects(
      setTenant(failing, { name: 'acme', settings: { isMfaRequired: true } }),
      /disk full/,
    );
    const [acme] = await world.ctx.stores.tenants.list();
    assert.equal(acme?.rules.isMfaRequired, false);
  });

  test('is one note for what is open, however many people it has', async () => {
    for (const name of ['anna', 'ben', 'cleo']) await newcomer(name);
    await demand(0);

    const changes = await world.ctx.stores.accessChanges.since(0);
    assert.deepEqual(
      changes.map(({ whose }) => whose),
      ['acme'],
    );
  });

  // prettier-ignore
  const refused = [
    [() => demand(-1),                                              'invalid-grace'],
    [() => demand(1.5),                                             'invalid-grace'],
    [() => demand(366),                                             'invalid-grace'],
    [() => demand(Number.NaN),                                      'invalid-grace'],
    [() => set({ isMfaRequired: true }, 'nobody'),                  'no-such-tenant'],
    [() => createTenant(world.ctx, { name: 'acme' }),               'name-taken'],
    [() => createTenant(world.ctx, { name: 'Acme' }),               'invalid-tenant'],
    [() => createTenant(world.ctx, { name: 'usr_x' }),              'invalid-tenant'],
    [() => createTenant(world.ctx, { name: 'evidence-mm94mtc0-45eae113e797897e' }), 'invalid-tenant'],
    [() => createTenant(world.ctx, { name: 'b', title: 'a\nb' }),   'invalid-display-name'],
  ] as const;
  for (const [attempt, reason] of refused) {
    test(`is not made or changed by what is ${reason}`, async () => {
      const before = await world.eventTypes();

      const answer = await attempt();

      assert(!answer.ok);
      assert.equal(answer.reason, reason);
      assert.match(answer.sentence, /\.$/);
      assert.deepEqual(await world.eventTypes(), before);
    });
  }
});

describe('two settings that arrive together', () => {
  test('happen one after the other: neither is lost', async () => {
    await Promise.all([set({ isMfaRequired: true }), set({ gracePeriodDays: 9 })]);

    const tenant = sure((await world.ctx.stores.tenants.list()).find(({ id }) => id === 'acme'));
    assert.deepEqual([tenant.rules.isMfaRequired, tenant.gracePeriodDays], [true, 9]);
  });
});

describe('what a reset asks of somebody (post_reset_require_enroll)', () => {
  test('is asked until they have a second factor again, and no longer', async () => {
    await world.enrolledPerson('anna');
    await reset();

    const session = await world.signInBy('anna');
    assert.equal(await decided(session), blocked);
    const { session: enrolled } = await world.enroll(session);
    assert.equal(await decided(enrolled), passes);
    const user = sure(await world.ctx.stores.users.findByUsername('anna'));
    assert.equal(user.mustEnrollAt, null);
  });

  test('is not asked where the policy does not say so', async () => {
    await world.enrolledPerson('anna');
    const mfa = anMfaPolicy({ reset: { requiresEnrollAfterwards: false } });
    world.configure({ policy: aPolicy({ mfa }) });

    await reset();

    assert.equal(await decided(await world.signInBy('anna')), passes);
  });

  test('is not given back by a wrong code at the first try', async () => {
    await world.enrolledPerson('anna');
    await reset();
    const session = await world.signInBy('anna');
    await beginTotpEnrollment(world.ctx, session);
    await finishTotpEnrollment(world.ctx, visit(), session, { code: '000000', name: 'x' });

    assert.equal(await decided(session), blocked);
  });
});
