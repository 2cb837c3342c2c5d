/** Lists and numbers of people say what the core says of each of them, on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import * as fc from 'fast-check';
import { sql } from 'kysely';

import {
  defaultTenant,
  type AuthenticatorId,
  type SessionKey,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import {
  enrollmentStatuses,
  statusPolicyOf,
  type EnrollmentStatus,
} from '../../src/core/policy/enrollment-status.ts';
import {
  enrollmentDue,
  enrollmentMissing,
  usableSecondFactors,
} from '../../src/core/policy/decide.ts';
import { tierOf, tiers, type AccessPolicy, type Tier } from '../../src/core/policy/mfa-policy.ts';
import type { MethodId } from '../../src/core/proofs.ts';
import { personFactsOf } from '../../src/core/session-facts.ts';
import { noTenantRules, type TenantRules } from '../../src/core/tenant-rules.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { Stores, User } from '../../src/stores/types.ts';
import type { MfaDay, PeopleFilter } from '../../src/stores/types/administration.ts';
import { aPolicy, aSession } from '../support/builders.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, aPasskey, describeEngines, sharedDatabase } from './support/engines.ts';
import type { SharedDatabase } from './support/engines.ts';
import { anyone, aStatusPolicy } from './support/people.ts';

const policy = aStatusPolicy();

async function namesOf(
  stores: Stores,
  of: Partial<PeopleFilter>,
  {
    after = null,
    limit = 1000,
    at = {},
  }: {
    after?: string | null;
    limit?: number;
    at?: Partial<Parameters<Stores['people']['search']>[2]>;
  } = {},
): Promise<readonly string[]> {
  const found = await stores.people.search(
    anyone(of),
    { after, limit },
    { policy, now: NOON, ...at },
  );
  return found.map(({ user }) => user.username);
}

async function aTenant(stores: Stores, id: string, rules: TenantRules = noTenantRules) {
  await stores.tenants.create({ id: id as TenantId, name: id, rules, gracePeriodDays: 0 });
  return id as TenantId;
}

function anApp(userId: UserId) {
  return {
    id: `ath_${userId}_totp` as AuthenticatorId,
    userId,
    method: 'totp' as const,
    name: 'phone',
    sealedCredential: 'sealed',
    lastStep: -1,
    passkey: null,
    createdAt: NOON,
    lastUsedAt: null,
  };
}

async function giveCodes({ recoveryCodes }: Stores, user: UserId, count = 3): Promise<void> {
  const hashes = Array.from({ length: count }, (_, at) => `${user}-${String(at)}`);
  await recoveryCodes.createUnconfirmed(user, hashes, NOON);
  await recoveryCodes.confirm(user, NOON, 'drop');
}

/** What decisions make of the person, put in the words of a list. */
function expectedStatus(
  user: User,
  of: {
    readonly enrolled: readonly MethodId[];
    readonly attestedModels: readonly string[];
    readonly recoveryCodesLeft: number;
    readonly rules: TenantRules;
  },
  policy: AccessPolicy,
): EnrollmentStatus | null {
  if (user.kind === 'service') return null;
  const facts = aSession(personFactsOf({ ...of, user, tenantRules: of.rules }));
  const blocking = {
    ...policy,
    mfa: {
      ...policy.mfa,
      enforcement: { ...policy.mfa.enforcement, blocksTokensUntilEnrolled: true },
    },
  };
  if (enrollmentDue(facts, blocking, NOON) !== null) return 'missing';
  assert.deepEqual(enrollmentMissing(facts, policy), []);
  if (usableSecondFactors(facts, policy).length > 0) return 'enrolled';
  return facts.enrollBy === null || !policy.mfa.isEnabled ? 'not-asked' : 'in-grace';
}

function method(isEnabled: boolean, requiredForTiers: readonly Tier[]) {
  return { isEnabled, requiredForTiers };
}

function noonPlus(offset: number | null): number | null {
  return offset === null ? null : NOON + offset;
}

function aDay(day: string, total: number): MfaDay {
  return { day, total, enrolled: 1, inGrace: 2, missing: 3 };
}

describeEngines((engine) => {
  let shared: SharedDatabase;
  let database: SqlDatabase;
  before(async () => {
    shared = await sharedDatabase(engine);
    ({ database } = shared);
  });

  describe('a search for people', () => {
    let tenant: TenantId;
    before(async () => {
      tenant = await aTenant(shared.stores, 'search');
      for (const one of [
        { username: 'Anna', displayName: 'Anna Müller', email: 'am@example.com', groups: ['OPS'] },
        { username: 'ben_1', displayName: 'Ben "100%" Ö', groups: ['OPS', 'WIKI'] },
        { username: 'benX1', displayName: 'Straße 7' },
        { username: 'carla', displayName: 'ΣΊΣΥΦΟΣ', email: 'Carla+x@Example.com' },
        { username: 'dienst', displayName: 'Job', kind: 'service' as const, groups: ['OPS'] },
      ]) {
        await addUser(database, { ...one, id: `usr_${one.username}` as UserId, tenant });
      }
      await shared.stores.users.setDisabled('usr_benX1' as UserId, true);
    });
    const names = (of: Partial<PeopleFilter>, page = {}) =>
      namesOf(shared.stores, { tenant, ...of }, page);

    test('finds everybody by name, page by page, in any letter case', async () => {
      const all = await names({});
      assert.deepEqual([...all].sort(), ['Anna', 'benX1', 'ben_1', 'carla', 'dienst']);
      const byPages: string[] = [];
      for (let after: string | null = null; ;) {
        const [name] = await names({}, { after, limit: 1 });
        if (name === undefined) break;
        byPages.push(name);
        after = name;
      }
      assert.deepEqual(byPages, all);
      assert.deepEqual(await names({}, { after: 'CARLA' }), ['dienst']);
    });

    test('finds a part of name, display name or address, letter for letter', async () => {
      for (const [text, found] of [
        ['nna', ['Anna']],
        ['MÜLL', ['Anna']],
        ['müll', ['Anna']],
        ['strasse', ['benX1']],
        ['STRASSE', ['benX1']],
        ['σίσυφος', ['carla']],
        ['carla+X@EXAMPLE', ['carla']],
        ['100%', ['ben_1']],
        ['"100', ['ben_1']],
        ['0%"', ['ben_1']],
        ['n_1', ['ben_1']],
        ['%', ['ben_1']],
        [String.raw`\\`, []],
        ['an%a', []],
        // Nothing that spans two of them.
        ['annaanna', []],
        ['anna\nanna', ['Anna']],
        ['', ['Anna', 'benX1', 'ben_1', 'carla', 'dienst']],
        ['\0', []],
        ['nobody', []],
        ['%'.repeat(100_000), []],
      ] as const) {
        assert.deepEqual([...(await names({ text }))].sort(), found, JSON.stringify(text));
      }
    });

    test('is narrowed down by group, kind and whether somebody is disabled', async () => {
      assert.deepEqual(await names({ group: 'OPS', kind: 'user' }), ['Anna', 'ben_1']);
      assert.deepEqual(await names({ group: 'ops' }), []);
      assert.deepEqual(await names({ group: 'OP' }), []);
      assert.deepEqual(await names({ group: '\0' }), []);
      assert.deepEqual(await names({ kind: 'service' }), ['dienst']);
      assert.deepEqual(await names({ isDisabled: true }), ['benX1']);
      assert.equal((await names({ isDisabled: false })).length, 4);
    });

    test('finds nobody of another tenant, whatever is asked', async () => {
      const other = await aTenant(shared.stores, 'elsewhere');
      for (const asked of [{}, { text: 'anna' }, { group: 'OPS' }, { kind: 'service' as const }]) {
        assert.deepEqual(await namesOf(shared.stores, { tenant: other, ...asked }), []);
        assert.equal(
          await shared.stores.people.count(anyone({ tenant: other, ...asked }), null, {
            policy,
            now: NOON,
          }),
          0,
        );
      }
      const at = { policy, now: NOON };
      const { people } = shared.stores;
      assert.equal(await people.find(other, 'usr_Anna' as UserId, at), null);
      assert.equal((await people.find(tenant, 'usr_Anna' as UserId, at))?.user.username, 'Anna');
      assert.deepEqual(await namesOf(shared.stores, { tenant: 'nowhere' as TenantId }), []);
      assert.deepEqual(await people.statistics('nowhere' as TenantId, at), {
        byTier: [],
        byMethod: { totp: 0, webauthn: 0, 'recovery-code': 0 },
      });
    });

    test('follows a change of names, groups and account at once', async () => {
      const { users } = shared.stores;
      const id = 'usr_carla' as UserId;
      await users.setProfile(id, { displayName: 'Carla Renamed', email: null });
      assert.deepEqual(await names({ text: 'renamed' }), ['carla']);
      assert.deepEqual(await names({ text: 'example.com' }), ['Anna']);
      await users.setGroups(id, ['NEW', 'NEW']);
      assert.deepEqual(await names({ group: 'NEW' }), ['carla']);
      assert.deepEqual((await users.findById(id))?.groups, ['NEW']);
      await users.setGroups(id, []);
      assert.deepEqual(await names({ group: 'NEW' }), []);
      assert.deepEqual((await users.findById(id))?.groups, []);
      await users.remove(id);
      assert.deepEqual(await names({ text: 'carla' }), []);
      assert.equal(await users.findByUsername('carla'), null);
      await users.setProfile(id, { displayName: 'Nobody', email: null });
    });
  });

  describe('people whose codes are paused', () => {
    test('are found and counted until the pause ends', async () => {
      const tenant = await aTenant(shared.stores, 'paused');
      const [one, other] = [
        await addUser(database, { tenant, groups: ['ADMINS'] }),
        await addUser(database, { tenant }),
      ];
      const limits = { failuresMax: 1, withinSeconds: 60, durationSeconds: 600 };
      await shared.stores.attempts.reserve(one.id, limits, NOON);
      const { people } = shared.stores;
      const until = NOON + 600_000;

      assert.deepEqual(await namesOf(shared.stores, { tenant, isLocked: true }), [one.username]);
      assert.deepEqual(await namesOf(shared.stores, { tenant, isLocked: false }), [other.username]);
      const [found] = await people.search(
        anyone({ tenant, isLocked: true, group: 'ADMINS' }),
        { after: null, limit: 5 },
        { policy, now: NOON },
      );
      assert.equal(found?.lockedUntil, until);
      assert.equal(await people.countLocked(tenant, NOON), 1);
      assert.equal(await people.countLocked(tenant, until), 0);
      assert.equal(await people.countLocked(defaultTenant, NOON), 0);
      const later = { at: { now: until } };
      assert.deepEqual(await namesOf(shared.stores, { tenant, isLocked: true }, later), []);
    });
  });

  describe('what somebody has enrolled', () => {
    test('is in lists as soon as it changes', async () => {
      const { stores } = shared;
      const tenant = await aTenant(stores, 'enrolling');
      const { id, username } = await addUser(database, { tenant });
      const has = async () => {
        const asked = { policy, now: NOON };
        const methods = ['totp', 'webauthn'] as const;
        const listed = await Promise.all(
          methods.map(async (method) => await namesOf(stores, { tenant, method })),
        );
        const { byMethod } = await stores.people.statistics(tenant, asked);
        const [person] = await stores.people.search(
          anyone({ tenant }),
          { after: null, limit: 1 },
          asked,
        );
        const inLists = methods.filter((_, at) => listed[at]?.includes(username) === true);
        assert.deepEqual(
          inLists,
          methods.filter((method) => byMethod[method] === 1),
        );
        assert.deepEqual(inLists, person?.enrolled);
        return [...inLists, byMethod['recovery-code']];
      };

      assert.deepEqual(await has(), [0]);
      await stores.authenticators.create(anApp(id));
      assert.deepEqual(await has(), ['totp', 0]);
      await stores.authenticators.create(aPasskey(id));
      await stores.authenticators.create(aPasskey(id, { name: 'second' }));
      assert.deepEqual(await has(), ['totp', 'webauthn', 0]);
      await stores.authenticators.remove(id, aPasskey(id).id);
      assert.deepEqual(await has(), ['totp', 'webauthn', 0]);
      await stores.authenticators.remove(id, aPasskey(id, { name: 'second' }).id);
      assert.deepEqual(await has(), ['totp', 0]);

      await stores.recoveryCodes.createUnconfirmed(id, ['a', 'b'], NOON);
      assert.deepEqual(await has(), ['totp', 0]);
      await stores.recoveryCodes.confirm(id, NOON, 'drop');
      assert.deepEqual(await has(), ['totp', 1]);
      await stores.recoveryCodes.consume(id, 'a', NOON);
      assert.deepEqual(await has(), ['totp', 1]);
      await stores.recoveryCodes.consume(id, 'b', NOON);
      assert.deepEqual(await has(), ['totp', 0]);
      await giveCodes(stores, id);
      assert.deepEqual(await has(), ['totp', 1]);
      await stores.recoveryCodes.removeOfUser(id);
      await stores.authenticators.removeOfUser(id);
      assert.deepEqual(await has(), [0]);
    });

    test('is in lists when two instances change it at once', async () => {
      const tenant = await aTenant(shared.stores, 'at-once');
      const { stores, otherInstance } = shared;
      for (let round = 0; round < 5; round += 1) {
        const { id } = await addUser(database, { tenant });
        await giveCodes(stores, id, 2);
        await Promise.all([
          stores.authenticators.create(anApp(id)),
          otherInstance.authenticators.create(aPasskey(id)),
          stores.recoveryCodes.consume(id, `${id}-0`, NOON),
          otherInstance.recoveryCodes.consume(id, `${id}-1`, NOON),
        ]);
      }
      const { byMethod } = await stores.people.statistics(tenant, { policy, now: NOON });
      assert.deepEqual(byMethod, { totp: 5, webauthn: 5, 'recovery-code': 0 });
    });
  });

  describe('how far somebody is', () => {
    const models = ['aaaa', 'bbbb'];

    // What may differ of people, of the policy and of what their tenant asks.
    const person = fc.record({
      groups: fc.uniqueArray(fc.constantFrom('T0', 'T1', 'T2', 'OTHER')),
      kind: fc.constantFrom('user' as const, 'user' as const, 'user' as const, 'service' as const),
      hasApp: fc.boolean(),
      passkeyModel: fc.constantFrom('no passkey', null, ...models),
      codes: fc.constantFrom(0, 0, 2),
      createdAt: fc.constantFrom(-100, -50, 0, 10),
      mustEnrollAt: fc.constantFrom(null, null, -10, 0, 10),
      isDisabled: fc.constantFrom(false, false, true),
    });
    const someTiers = fc.subarray([...tiers]);
    const accessPolicy = fc
      .record({
        isEnabled: fc.constantFrom(true, true, true, false),
        totp: fc.tuple(fc.constantFrom(true, true, false), someTiers),
        webauthn: fc.tuple(fc.constantFrom(true, true, false), someTiers),
        codes: fc.tuple(fc.boolean(), someTiers),
        hardwareTiers: someTiers,
        hardwareModels: fc.subarray(models),
      })
      .map((of): AccessPolicy => {
        const base = aPolicy();
        return {
          ...base,
          tiers: new Map<string, Tier>([
            ['T0', 'TIER0'],
            ['T1', 'TIER1'],
            ['T2', 'TIER2'],
          ]),
          hardwareKeys: { tiers: of.hardwareTiers, models: of.hardwareModels },
          mfa: {
            ...base.mfa,
            isEnabled: of.isEnabled,
            methods: { totp: method(...of.totp), webauthn: method(...of.webauthn) },
            recoveryCodes: { ...base.mfa.recoveryCodes, ...method(...of.codes) },
          },
        };
      });
    const instant = fc.constantFrom(null, -60, -20, 0, 20);
    const rules = fc.record({
      isMfaRequired: fc.boolean(),
      requiredSince: instant,
      graceEndsAt: instant,
    });

    test('is what decisions say, in lists, counts and numbers (property)', async () => {
      let round = 0;
      const { stores } = shared;
      await fc.assert(
        fc.asyncProperty(
          fc.array(person, { minLength: 1, maxLength: 6 }),
          accessPolicy,
          rules,
          async (people, accessPolicy, offsets) => {
            round += 1;
            const tenantRules: TenantRules = {
              isMfaRequired: offsets.isMfaRequired,
              requiredSince: noonPlus(offsets.requiredSince),
              graceEndsAt: noonPlus(offsets.graceEndsAt),
            };
            const tenant = await aTenant(stores, `property-${String(round)}`, tenantRules);
            const at = { policy: statusPolicyOf(accessPolicy), now: NOON };
            const expected = new Map<string, [Tier, EnrollmentStatus | null, boolean]>();
            for (const one of people) {
              const { id } = await addUser(database, {
                tenant,
                kind: one.kind,
                groups: one.groups,
                createdAt: NOON + one.createdAt,
              });
              if (one.hasApp) await stores.authenticators.create(anApp(id));
              if (one.passkeyModel !== 'no passkey') {
                await stores.authenticators.create(
                  aPasskey(id, { attestedModel: one.passkeyModel }),
                );
              }
              if (one.codes > 0) await giveCodes(stores, id, one.codes);
              await stores.users.setMustEnrollAt(id, noonPlus(one.mustEnrollAt));
              await stores.users.setDisabled(id, one.isDisabled);
              const record = await stores.users.findPrincipal(id, 'none' as SessionKey);
              assert.ok(record !== null);
              const status = expectedStatus(
                record.user,
                { ...record, rules: tenantRules },
                accessPolicy,
              );
              const tier = tierOf(record.user, accessPolicy.tiers);
              expected.set(record.user.username, [tier, status, one.isDisabled]);
            }

            const all = await stores.people.search(
              anyone({ tenant }),
              { after: null, limit: 100 },
              at,
            );
            assert.deepEqual(
              all.map(({ user, status }) => `${user.username} ${String(status)}`).sort(),
              [...expected].map(([name, [, status]]) => `${name} ${String(status)}`).sort(),
            );
            for (const status of enrollmentStatuses) {
              for (const tier of [null, ...tiers]) {
                const names = [...expected]
                  .filter(([, [t, s]]) => s === status && (tier === null || t === tier))
                  .map(([name]) => name);
                const filter = { tenant, status, tier };
                assert.deepEqual(
                  [...(await namesOf(stores, filter, { at }))].sort(),
                  names.sort(),
                  `${status} ${String(tier)}`,
                );
                assert.equal(await stores.people.count(anyone(filter), null, at), names.length);
              }
            }
            const { byTier } = await stores.people.statistics(tenant, at);
            const counts = new Map<string, number>();
            for (const [tier, status, isDisabled] of expected.values()) {
              if (status === null || isDisabled) continue;
              const name = `${tier} ${status}`;
              counts.set(name, (counts.get(name) ?? 0) + 1);
            }
            assert.deepEqual(
              byTier
                .map(({ tier, status, people }) => `${tier} ${status} ${String(people)}`)
                .sort(),
              [...counts].map(([name, people]) => `${name} ${String(people)}`).sort(),
            );
          },
        ),
        { numRuns: engine.name === 'SQLite' ? 60 : 30 },
      );
    });
  });

  describe('thousands of people', () => {
    test('are listed and counted whole, over slices, whatever is asked', async () => {
      const database = engine.open(await engine.newLocation(), { statements: 'unlimited' });
      await database.migrate();
      const { stores } = database;
      const tenant = await aTenant(stores, 'thousands');
      // More than a slice on the engine (slice-size.ts).
      const total = engine.name === 'SQLite' ? 4500 : 21_000;
      await sql`with recursive series(n) as (
          select 0 union all select n + 1 from series where n < ${sql.lit(total - 1)}),
        named as (select n, 'p' || substr('00000' || n, length('00000' || n) - 4) as name from series)
        insert into users (id, kind, username, username_key, display_name, tenant_id, is_disabled,
          session_epoch, created_at, search_text, group_list, factors)
        select 'usr_thousands_' || name, 'user', name, 'thousands-' || name, name, ${tenant}, 0, 0,
          ${sql.lit(NOON)}, name,
          case when n % 3 = 0 then ${sql.lit('\u001fTHIRD\u001f')} else '' end,
          case when n % 1500 = 7 then 1 else 0 end
        from named`.execute(database.db);
      const enrolled = total / 1500;
      await database.db
        .insertInto('user_groups')
        .columns(['user_id', 'group_name'])
        .expression((eb) =>
          eb
            .selectFrom('users')
            .select((eb) => ['id', eb.val('THIRD').as('group_name')])
            .where('tenant_id', '=', tenant)
            .where('group_list', '!=', ''),
        )
        .execute();
      const at = { policy, now: NOON };
      const count = (of: Partial<PeopleFilter>, after: string | null = null) =>
        stores.people.count(anyone({ tenant, ...of }), after, at);

      assert.equal(await count({}), total);
      assert.equal(await count({ group: 'THIRD' }), total / 3);
      assert.equal(await count({ method: 'totp' }), enrolled);
      assert.equal(await count({ text: 'p0123' }), 10);
      assert.equal(await count({ text: 'p0123' }, 'thousands-p01234'), 5);
      assert.deepEqual(await namesOf(stores, { tenant, method: 'totp' }, { limit: 2 }), [
        'p00007',
        'p01507',
      ]);
      assert.deepEqual(
        await namesOf(stores, { tenant, method: 'totp' }, { after: 'thousands-p01507', limit: 1 }),
        ['p03007'],
      );
      const everybody = await namesOf(stores, { tenant }, { limit: total + 1 });
      assert.equal(new Set(everybody).size, total);
      const { byTier } = await stores.people.statistics(tenant, at);
      assert.deepEqual(byTier.map(({ status, people }) => `${status} ${String(people)}`).sort(), [
        `enrolled ${String(enrolled)}`,
        `not-asked ${String(total - enrolled)}`,
      ]);
    });
  });

  describe('days', () => {
    test('are noted once each and listed oldest first', async () => {
      const { people } = shared.stores;
      const tenant = await aTenant(shared.stores, 'days');
      await people.noteDay(tenant, aDay('2026-03-02', 10));
      await people.noteDay(tenant, aDay('2026-03-01', 9));
      await people.noteDay(tenant, aDay('2026-03-03', 11));
      await people.noteDay(tenant, aDay('2026-03-02', 20));
      assert.deepEqual(await people.listDays(tenant, 2), [
        aDay('2026-03-02', 20),
        aDay('2026-03-03', 11),
      ]);
      assert.deepEqual(await people.listDays(defaultTenant, 5), []);
    });
  });
});
