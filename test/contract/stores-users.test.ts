/** Users, their principal as `recall` sees it, and the records beside them, on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { sql } from 'kysely';

import {
  defaultTenant,
  type AuthenticatorId,
  type SessionKey,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { NameTaken, type SigningKeyRecord, type UserStore } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { anAuditEvent } from './support/audit.ts';
import { addUser, aPasskey, describeEngines } from './support/engines.ts';

function key(kid: string, createdAt: number): SigningKeyRecord {
  return { kid, sealedPrivateJwk: `sealed ${kid}`, publicJwk: '{}', createdAt };
}

const lineage = 'a'.repeat(64) as SessionKey;

describeEngines((engine) => {
  let database: SqlDatabase;
  let users: UserStore;
  before(async () => {
    database = await engine.fresh();
    users = database.stores.users;
  });

  describe('a user', () => {
    test('comes back as it was created, with groups in order and none twice', async () => {
      const made = await addUser(database, {
        username: 'Zoë',
        displayName: 'Zoë Übel',
        email: 'zoe@example.com',
        groups: ['SEC-OPS', 'AUDIT', 'SEC-OPS', 'a group, with a comma'],
      });

      assert.deepEqual(made, {
        kind: 'user',
        id: made.id,
        username: 'Zoë',
        displayName: 'Zoë Übel',
        email: 'zoe@example.com',
        groups: ['AUDIT', 'SEC-OPS', 'a group, with a comma'],
        tenant: 'default',
        isDisabled: false,
        networks: [],
        sessionEpoch: 0,
        createdAt: NOON,
        mustEnrollAt: null,
        remindedAt: null,
        enrollGuard: null,
      });
      assert.deepEqual(await users.findById(made.id), made);
    });

    test('is found however the name is spelled, and by nothing else', async () => {
      const anna = await addUser(database, { username: 'Anna.Straße' });

      const spellings = ['anna.straße', 'ANNA.STRASSE', 'Ａｎｎａ.Straße'];
      for (const spelling of spellings) {
        assert.equal((await users.findByUsername(spelling))?.id, anna.id, spelling);
      }
      for (const other of ['anna', ' Anna.Straße', 'anna.straße\0', '%', '']) {
        assert.equal(await users.findByUsername(other), null, JSON.stringify(other));
      }
    });

    test('keeps a name that another spelling of it asks for', async () => {
      const first = await addUser(database, { username: 'Carol' });

      await assert.rejects(addUser(database, { username: 'CAROL', groups: ['X'] }), NameTaken);

      assert.deepEqual(await users.findByUsername('carol'), first);
    });

    test('may share an e-mail address with another', async () => {
      const email = 'desk@example.com';
      await addUser(database, { email });
      assert.equal((await addUser(database, { email })).email, email);
    });

    test('changes in the fields that are set and in no other', async () => {
      const { id } = await addUser(database, { groups: ['A'], passwordHash: 'first' });

      await users.setGroups(id, ['B', 'C']);
      await users.setDisabled(id, true);
      await users.setPasswordHash(id, 'second');
      await users.raiseSessionEpoch(id);
      await users.raiseSessionEpoch(id);

      const user = await users.findById(id);
      assert.deepEqual([user?.groups, user?.isDisabled, user?.sessionEpoch], [['B', 'C'], true, 2]);
      assert.equal(await users.passwordHashOf(id), 'second');
    });

    test('has what it must do about a second factor, and nothing ends because of it', async () => {
      const { id } = await addUser(database);
      await users.setMustEnrollAt(id, NOON + 1);
      await users.setRemindedAt(id, NOON + 2);

      const user = await users.findById(id);
      assert.deepEqual(
        [user?.mustEnrollAt, user?.remindedAt, user?.sessionEpoch],
        [NOON + 1, NOON + 2, 0],
      );
      assert.deepEqual(await database.stores.accessChanges.since(0), []);

      await users.setMustEnrollAt(id, null);
      assert.equal((await users.findById(id))?.mustEnrollAt, null);
    });

    test('that is a service keeps the names of its networks, in order', async () => {
      const networks = ['office', 'a "data" centre, with a comma', 'ärzte'];
      const made = await addUser(database, { kind: 'service', networks });

      assert.deepEqual(made.networks, networks);
      assert.deepEqual((await users.findPrincipal(made.id, lineage))?.user.networks, networks);
    });

    test('has another name to show and address when they are changed, and nothing else', async () => {
      const user = await addUser(database, { displayName: 'Anna', email: 'a@example.com' });
      await users.setProfile(user.id, { displayName: 'Anna Ö', email: null });
      assert.deepEqual(await users.findById(user.id), {
        ...user,
        displayName: 'Anna Ö',
        email: null,
      });
    });

    test('is guarded from a reset until the guard is lifted', async () => {
      const { id } = await addUser(database);
      const guardOf = async () => (await users.findPrincipal(id, lineage))?.user.enrollGuard;
      assert.equal(await guardOf(), null);
      for (const supervisedUntil of [null, NOON + 5]) {
        await users.setEnrollGuard(id, { since: NOON, supervisedUntil });
        assert.deepEqual(await guardOf(), { since: NOON, supervisedUntil });
      }
      await users.setEnrollGuard(id, null);
      assert.equal(await guardOf(), null);
    });

    test('that is removed takes all along that hangs on the account, but for the trail', async () => {
      const { stores, sessions, db } = database;
      const { id } = await addUser(database, { groups: ['A'] });
      const other = await addUser(database);
      await stores.authenticators.create(aPasskey(id));
      await stores.authenticators.create(aPasskey(other.id));
      await stores.recoveryCodes.createUnconfirmed(id, ['a'], NOON);
      await sessions.create({
        key: 'gone' as SessionKey,
        lineage: 'gone' as SessionKey,
        userId: id,
        sessionEpoch: 0,
        proofs: [],
        createdAt: NOON,
        lastSeenAt: NOON,
        ip: '',
        userAgent: '',
      });
      await stores.outbox.add({
        userId: id,
        to: 'a@example.com',
        kind: 'password-changed',
        details: {},
        createdAt: NOON,
      });
      await stores.audit.append(anAuditEvent({ subject: id }));

      await users.remove(id);
      await users.remove(id);

      assert.equal(await users.findPrincipal(id, lineage), null);
      const tables = await db.introspection.getTables();
      for (const { name, columns } of tables) {
        if (!columns.some((column) => column.name === 'user_id')) continue;
        const { rows } = await sql`select 1 from ${sql.table(name)} where user_id = ${id}`.execute(
          db,
        );
        assert.equal(rows.length, 0, name);
      }
      assert.equal((await stores.audit.listOfSubject(id, 5)).length, 1);
      assert.equal((await stores.authenticators.listOfUser(other.id)).length, 1);
    });

    test('has no session left that was ever made once all epochs are lifted', async () => {
      const installation = await engine.fresh();
      const own = installation.stores.users;
      const [behind, ahead] = [await addUser(installation), await addUser(installation)];
      for (let times = 0; times < 3; times += 1) await own.raiseSessionEpoch(ahead.id);
      const epochs = async () =>
        await Promise.all(
          [behind, ahead].map(async ({ id }) => (await own.findById(id))?.sessionEpoch),
        );

      await own.liftAllSessionEpochs(2);
      assert.deepEqual(await epochs(), [2, 4]);
      // An instant, as restoring a backup sets it.
      await own.liftAllSessionEpochs(NOON);
      assert.deepEqual(await epochs(), [NOON, NOON]);
      await own.raiseSessionEpoch(ahead.id);
      assert.deepEqual(await epochs(), [NOON, NOON + 1]);
    });

    test('has no password hash until one is set', async () => {
      const { id } = await addUser(database);
      assert.equal(await users.passwordHashOf(id), null);
      assert.equal(await users.passwordHashOf('usr_nobody' as UserId), null);
    });
  });

  test('users are listed in pages, each once', async () => {
    const own = await engine.fresh();
    for (const username of ['dora', 'Bert', 'carl', 'Anton', 'emil']) {
      await addUser(own, { username, groups: ['ONE', 'TWO'] });
    }

    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const page = await own.stores.users.list({ after, limit: 2 });
      seen.push(...page.map(({ username }) => username));
      after = page.at(-1)?.username ?? null;
      if (after === null) break;
    }

    assert.deepEqual(seen, ['Anton', 'Bert', 'carl', 'dora', 'emil']);
  });

  describe('the people of groups', () => {
    let own: SqlDatabase;
    before(async () => {
      own = await engine.fresh();
      await addUser(own, { username: 'dora', groups: ['OPS', 'SEC'] });
      await addUser(own, { username: 'Bert', groups: ['SEC'] });
      await addUser(own, { username: 'anton', groups: ['SALES'] });
      await addUser(own, { username: 'robot', groups: ['SEC'], kind: 'service' });
      const gone = await addUser(own, { username: 'carl', groups: ['SEC'] });
      await own.stores.users.setDisabled(gone.id, true);
    });
    const namesOf = async (
      groups: readonly string[],
      { limit = 10, tenant = defaultTenant } = {},
    ): Promise<readonly string[]> => {
      const found = await own.stores.users.listOfGroups(tenant, groups, limit);
      return found.map(({ username }) => username);
    };

    test('are listed by name, each once, without services and whoever is disabled', async () => {
      assert.deepEqual(await namesOf(['SEC', 'OPS']), ['Bert', 'dora']);
      assert.deepEqual(await namesOf(['SALES']), ['anton']);
    });

    test('are of the tenant asked for and no other', async () => {
      assert.deepEqual(await namesOf(['SEC'], { tenant: 'acme' as TenantId }), []);
    });

    test('are as many as asked for, with all of their groups', async () => {
      assert.deepEqual(await namesOf(['SEC', 'OPS', 'SALES'], { limit: 2 }), ['anton', 'Bert']);
      const [dora] = await own.stores.users.listOfGroups(defaultTenant, ['OPS'], 1);
      assert.deepEqual(dora?.groups, ['OPS', 'SEC']);
    });

    test('are nobody where there is no such group, or none is named', async () => {
      assert.deepEqual(await namesOf(['sec', 'NONE']), []);
      assert.deepEqual(await namesOf([]), []);
    });
  });

  describe('a principal', () => {
    test('has what is enrolled and the confirmed codes that are left', async () => {
      const user = await addUser(database, { groups: ['B', 'A'] });
      const { authenticators, recoveryCodes } = database.stores;
      for (const [name, method] of [
        ['p', 'totp'],
        ['q', 'totp'],
        ['r', 'webauthn'],
      ] as const) {
        await authenticators.create({
          id: `ath_${user.id}${name}` as AuthenticatorId,
          userId: user.id,
          method,
          name,
          sealedCredential: 'sealed',
          lastStep: -1,
          passkey: null,
          createdAt: NOON,
          lastUsedAt: null,
        });
      }
      await recoveryCodes.createUnconfirmed(user.id, ['one', 'two', 'three'], NOON);
      assert.equal((await users.findPrincipal(user.id, lineage))?.recoveryCodesLeft, 0);
      await recoveryCodes.confirm(user.id, NOON, 'drop');
      await recoveryCodes.consume(user.id, 'two', NOON);

      assert.deepEqual(await users.findPrincipal(user.id, lineage), {
        user,
        tenantRules: noTenantRules,
        attestedModels: [],
        enrolled: ['totp', 'webauthn'],
        recoveryCodesLeft: 2,
        isSessionRevoked: false,
      });
    });

    test('has what its tenant asks', async () => {
      const tenant = 'strict' as TenantId;
      const rules = { isMfaRequired: true, requiredSince: NOON, graceEndsAt: NOON + 5 };
      await database.stores.tenants.create({ id: tenant, name: 'S', rules, gracePeriodDays: 0 });
      const user = await addUser(database, { tenant });

      assert.deepEqual((await users.findPrincipal(user.id, lineage))?.tenantRules, rules);
      await database.stores.tenants.setRules(tenant, noTenantRules, { gracePeriodDays: 3 });
      assert.deepEqual((await users.findPrincipal(user.id, lineage))?.tenantRules, noTenantRules);
    });

    test('has the models of its own passkeys, each once', async () => {
      const user = await addUser(database);
      const other = await addUser(database);
      const { authenticators } = database.stores;
      await authenticators.create(aPasskey(user.id, { name: 'one', attestedModel: 'model-b' }));
      await authenticators.create(aPasskey(user.id, { name: 'two', attestedModel: 'model-a' }));
      await authenticators.create(aPasskey(user.id, { name: 'three', attestedModel: 'model-b' }));
      await authenticators.create(aPasskey(user.id, { name: 'four', attestedModel: null }));
      await authenticators.create(aPasskey(other.id, { name: 'one', attestedModel: 'model-c' }));

      const record = await users.findPrincipal(user.id, lineage);
      assert.deepEqual(record?.attestedModels, ['model-a', 'model-b']);
      assert.deepEqual(record?.enrolled, ['webauthn']);
    });

    test('is revoked for the one sign-in that was ended', async () => {
      const user = await addUser(database);
      await database.stores.revokedSessions.add(lineage, NOON + 1000);

      const other = 'b'.repeat(64) as SessionKey;
      assert.equal((await users.findPrincipal(user.id, lineage))?.isSessionRevoked, true);
      assert.equal((await users.findPrincipal(user.id, other))?.isSessionRevoked, false);
    });

    test('does not exist for an unknown id', async () => {
      assert.equal(await users.findPrincipal('usr_nobody' as UserId, lineage), null);
    });
  });

  describe('a revocation', () => {
    const until = async (key: string): Promise<boolean | undefined> =>
      (await users.findPrincipal(reader, key as SessionKey))?.isSessionRevoked;
    let reader: UserId;
    before(async () => {
      reader = (await addUser(database)).id;
    });

    test('lasts until its latest end, whichever was noted first', async () => {
      const { revokedSessions } = database.stores;
      await revokedSessions.add('long' as SessionKey, NOON + 5000);
      await revokedSessions.add('long' as SessionKey, NOON + 1000);
      await revokedSessions.add('short' as SessionKey, NOON + 1000);

      await revokedSessions.removeExpired(NOON + 1000);

      assert.deepEqual([await until('long'), await until('short')], [true, false]);
    });
  });

  describe('access changes', () => {
    test('are told from an instant on, oldest first, each with a number of its own', async () => {
      const { accessChanges } = (await engine.fresh()).stores;
      const [anna, ben] = ['usr_anna', 'usr_ben'] as [UserId, UserId];
      await accessChanges.note(anna, NOON);
      await accessChanges.note(ben, NOON + 10);
      await accessChanges.note(anna, NOON + 20);

      const changes = await accessChanges.since(NOON + 10);
      assert.deepEqual(
        changes.map(({ whose }) => whose),
        [ben, anna],
      );
      assert.equal(new Set(changes.map(({ id }) => id)).size, 2);
      await accessChanges.removeBefore(NOON + 20);
      assert.deepEqual(
        (await accessChanges.since(0)).map(({ whose }) => whose),
        [anna],
      );
    });
  });

  describe('signing keys', () => {
    test('are listed newest first and never replaced', async () => {
      const { signingKeys } = database.stores;
      await signingKeys.create(key('old', 1));
      await signingKeys.create(key('new', 2));
      await signingKeys.create({ ...key('old', 3), sealedPrivateJwk: 'another' });

      assert.deepEqual(await signingKeys.list(), [key('new', 2), key('old', 1)]);
      await signingKeys.remove('new');
      await signingKeys.remove('new');
      assert.deepEqual(await signingKeys.list(), [key('old', 1)]);
    });
  });

  test('a database answers whether it can be written to', async () => {
    await database.check();
  });
});
