/** One-time links, API keys, requests that come twice, and reports; each on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import {
  defaultTenant,
  type ApiKeyId,
  type EvidenceId,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import type { ApiKey, EnrollmentLink } from '../../src/stores/types/administration.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, countOf, describeEngines, sharedDatabase } from './support/engines.ts';
import type { SharedDatabase } from './support/engines.ts';

let made = 0;

function aLink(userId: UserId, of: Partial<EnrollmentLink> = {}): EnrollmentLink {
  made += 1;
  return {
    hash: `hash-${String(made)}`,
    userId,
    kind: 'enroll-again',
    createdBy: 'ada',
    createdAt: NOON,
    expiresAt: NOON + 100,
    ...of,
  };
}

function anApiKey(userId: UserId, of: Partial<ApiKey> = {}): ApiKey {
  made += 1;
  return {
    id: `key_${String(made)}` as ApiKeyId,
    userId,
    tenant: defaultTenant,
    name: 'backup job',
    hash: 'h'.repeat(64),
    createdBy: 'ada',
    createdAt: NOON,
    expiresAt: null,
    lastUsedAt: null,
    ...of,
  };
}

describeEngines((engine) => {
  let shared: SharedDatabase;
  before(async () => {
    shared = await sharedDatabase(engine);
  });
  const either = (at: number) => (at % 2 === 0 ? shared.stores : shared.otherInstance);

  const begin = (key: string, of: Partial<{ fingerprint: string; now: number }> = {}, at = 0) => {
    const { fingerprint = 'POST /a', now = NOON } = of;
    return either(at).idempotency.begin({ key, fingerprint, now, expiresAt: now + 100 });
  };

  describe('a one-time link', () => {
    test('is found as it was created, and is left in place', async () => {
      const { enrollmentLinks } = shared.stores;
      const { id } = await addUser(shared.database);
      const link = aLink(id);
      await enrollmentLinks.create(link);
      assert.deepEqual(await enrollmentLinks.find(link.hash, NOON + 99), link);
      assert.deepEqual(await enrollmentLinks.find(link.hash, NOON + 99), link);
      assert.deepEqual(await enrollmentLinks.consume(link.hash, NOON + 99), link);
    });

    test('looks the same whether it is unknown, expired or used', async () => {
      const { enrollmentLinks } = shared.stores;
      const { id } = await addUser(shared.database);
      const [used, expired] = [aLink(id), aLink(id, { kind: 'invitation', expiresAt: NOON + 50 })];
      await enrollmentLinks.create(used);
      await enrollmentLinks.create(expired);
      await enrollmentLinks.consume(used.hash, NOON);
      for (const hash of [used.hash, expired.hash, 'hash-unknown', 'hash\0']) {
        assert.equal(await enrollmentLinks.find(hash, NOON + 50), null);
        assert.equal(await enrollmentLinks.consume(hash, NOON + 50), null);
      }
    });

    test('is used up exactly once among twenty, on any instance', async () => {
      const { id } = await addUser(shared.database);
      const link = aLink(id);
      await shared.stores.enrollmentLinks.create(link);
      const tries = Array.from({ length: 20 }, (_, at) =>
        either(at).enrollmentLinks.consume(link.hash, NOON),
      );
      assert.equal(await countOf(tries, (consumed) => consumed !== null), 1);
    });

    test('takes the place of an earlier one of its kind, and of no other', async () => {
      const { enrollmentLinks } = shared.stores;
      const { id } = await addUser(shared.database);
      const [first, invitation] = [aLink(id), aLink(id, { kind: 'invitation' })];
      const second = aLink(id, { createdAt: NOON + 5, expiresAt: NOON + 200 });
      for (const link of [first, invitation, second]) await enrollmentLinks.create(link);

      assert.equal(await enrollmentLinks.find(first.hash, NOON), null);
      assert.deepEqual(await enrollmentLinks.listOfUser(id, NOON), [second, invitation]);
      assert.deepEqual(await enrollmentLinks.listOfUser(id, NOON + 100), [second]);
    });

    test('is one of its kind when several are made at once', async () => {
      const { id } = await addUser(shared.database);
      await Promise.all(
        Array.from({ length: 10 }, (_, at) => either(at).enrollmentLinks.create(aLink(id))),
      );
      assert.equal((await shared.stores.enrollmentLinks.listOfUser(id, NOON)).length, 1);
    });

    test('goes with a reset, with its time and with the account', async () => {
      const { enrollmentLinks, users } = shared.stores;
      const people = [];
      for (let count = 0; count < 3; count += 1) people.push(await addUser(shared.database));
      const [removed, expired, gone] = people.map(({ id }) => aLink(id));
      for (const link of [removed, expired, gone]) {
        await enrollmentLinks.create(link ?? assert.fail());
      }
      await enrollmentLinks.removeOfUser(removed?.userId ?? assert.fail());
      await users.remove(gone?.userId ?? assert.fail());
      assert.equal(await enrollmentLinks.find(removed?.hash ?? '', NOON), null);
      assert.equal(await enrollmentLinks.find(gone?.hash ?? '', NOON), null);
      await enrollmentLinks.removeExpired(NOON + 99);
      assert.notEqual(await enrollmentLinks.find(expired?.hash ?? '', NOON), null);
      await enrollmentLinks.removeExpired(NOON + 100);
      assert.equal(await enrollmentLinks.find(expired?.hash ?? '', NOON), null);
    });
  });

  describe('an API key', () => {
    test('is found as it was created until it is removed, once', async () => {
      const { apiKeys } = shared.stores;
      const { id } = await addUser(shared.database, { kind: 'service' });
      const key = anApiKey(id, { expiresAt: NOON + 9 });
      await apiKeys.create(key);
      assert.deepEqual(await apiKeys.find(key.id), key);
      const removals = Array.from({ length: 10 }, (_, at) => either(at).apiKeys.remove(key.id));
      assert.equal(await countOf(removals, (isRemoved) => isRemoved), 1);
      assert.equal(await apiKeys.find(key.id), null);
      assert.equal(await apiKeys.find('key_\0' as ApiKeyId), null);
      assert.equal(await apiKeys.remove('key_\0' as ApiKeyId), false);
    });

    test('remembers its last use, which never goes back', async () => {
      const { apiKeys } = shared.stores;
      const { id } = await addUser(shared.database, { kind: 'service' });
      const key = anApiKey(id);
      await apiKeys.create(key);
      await apiKeys.noteUse(key.id, NOON + 5);
      await apiKeys.noteUse(key.id, NOON + 3);
      assert.equal((await apiKeys.find(key.id))?.lastUsedAt, NOON + 5);
    });

    test('is listed newest first, page by page, each tenant and service its own', async () => {
      const { apiKeys, tenants } = shared.stores;
      const acme = 'acme' as TenantId;
      await tenants.create({ id: acme, name: 'A', rules: noTenantRules, gracePeriodDays: 0 });
      const [one, other] = [
        await addUser(shared.database, { kind: 'service', tenant: acme }),
        await addUser(shared.database, { kind: 'service', tenant: acme }),
      ];
      for (const [owner, createdAt] of [
        [one, 1],
        [one, 2],
        [other, 2],
        [one, 3],
      ] as const) {
        await apiKeys.create(anApiKey(owner.id, { tenant: acme, createdAt: NOON + createdAt }));
      }
      const list = (user: UserId | null, after: string | null, limit = 10) =>
        apiKeys.list({ tenant: acme, user }, { after, limit });

      const all = await list(null, null);
      assert.deepEqual(
        all.map(({ createdAt }) => createdAt - NOON),
        [3, 2, 2, 1],
      );
      assert.deepEqual(await list(null, all[1]?.id ?? ''), all.slice(2));
      assert.deepEqual(await list(null, null, 2), all.slice(0, 2));
      assert.equal((await list(other.id, null)).length, 1);
      assert.deepEqual(await list(null, 'key_none'), []);
      assert.ok(
        (await apiKeys.list({ tenant: defaultTenant, user: null }, { after: null, limit: 99 }))
          .map(({ id }) => id)
          .every((id) => !all.some((key) => key.id === id)),
      );
      assert.equal(await apiKeys.removeOfUser(one.id), 3);
      assert.equal((await list(null, null)).length, 1);
    });
  });

  describe('a request that may come twice', () => {
    test('is begun exactly once among twenty, on any instance', async () => {
      const tries = Array.from({ length: 20 }, (_, at) => begin('race', {}, at));
      assert.equal(await countOf(tries, ({ state }) => state === 'new'), 1);
      assert.equal(await countOf(tries, ({ state }) => state === 'running'), 19);
    });

    test('is answered as the first one was, and no other request under its key', async () => {
      const { idempotency } = shared.stores;
      await begin('done');
      await idempotency.finish('done', { status: 201, sealedBody: 's1.sealed' });
      assert.deepEqual(await begin('done'), {
        state: 'done',
        status: 201,
        sealedBody: 's1.sealed',
      });
      assert.deepEqual(await begin('done', { fingerprint: 'POST /b' }), {
        state: 'other-request',
      });
    });

    test('may be tried again when the work was not done, and not when it was', async () => {
      const { idempotency } = shared.stores;
      await begin('again');
      await idempotency.release('again');
      assert.deepEqual(await begin('again'), { state: 'new' });
      await idempotency.finish('again', { status: 200, sealedBody: '' });
      await idempotency.release('again');
      assert.equal((await begin('again')).state, 'done');
    });

    test('is taken over from whoever did not finish, and kept longer from whoever did', async () => {
      const { idempotency } = shared.stores;
      await begin('killed');
      const late = {
        key: 'killed',
        fingerprint: 'POST /a',
        now: NOON + 101,
        expiresAt: NOON + 200,
      };
      assert.deepEqual(await idempotency.begin(late), { state: 'new' });
      const answer = { status: 200, sealedBody: 'late', expiresAt: NOON + 5000 };
      await idempotency.finish('killed', answer);
      assert.equal((await idempotency.begin({ ...late, now: NOON + 4000 })).state, 'done');
    });

    test('is forgotten after its time, once for all who come then', async () => {
      const { idempotency } = shared.stores;
      await begin('old');
      await idempotency.finish('old', { status: 200, sealedBody: 'old' });
      assert.equal((await begin('old', { now: NOON + 99 })).state, 'done');
      const late = Array.from({ length: 10 }, (_, at) =>
        begin('old', { now: NOON + 100, fingerprint: 'POST /c' }, at),
      );
      assert.equal(await countOf(late, ({ state }) => state === 'new'), 1);
      assert.equal((await begin('old', { now: NOON + 101 })).state, 'other-request');

      await idempotency.removeExpired(NOON + 200);
      assert.equal((await begin('old', { now: NOON + 150 })).state, 'new');
    });
  });

  describe('a report of evidence', () => {
    test('is kept whole and listed newest first without its text', async () => {
      const { evidence } = shared.stores;
      const records = [1, 2, 3].map((at) => ({
        id: `evd_${String(at)}` as EvidenceId,
        at: NOON + at,
        by: 'cli',
        isPassed: at !== 2,
        report: JSON.stringify({ at, text: 'x'.repeat(100_000) }),
      }));
      for (const record of records) await evidence.add(record);
      assert.deepEqual(await evidence.find('evd_2' as EvidenceId), records[1]);
      assert.equal(await evidence.find('evd_\0' as EvidenceId), null);
      assert.deepEqual(
        (await evidence.list(2)).map(({ id, isPassed }) => [id, isPassed]),
        [
          ['evd_3', true],
          ['evd_2', false],
        ],
      );
    });
  });
});
