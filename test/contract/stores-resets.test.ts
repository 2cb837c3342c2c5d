/** A reset request reaches one end, however many try at once (G12 needs it to be told once). */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import {
  defaultTenant,
  type ResetRequestId,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import type { ResetState } from '../../src/core/reset-request.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import type { ResetRequest } from '../../src/stores/types/administration.ts';
import { NOON } from '../support/fixed-clock.ts';
import { addUser, countOf, describeEngines, sharedDatabase } from './support/engines.ts';
import type { SharedDatabase } from './support/engines.ts';

type NewRequest = Omit<
  ResetRequest,
  'approvals' | 'endedAt' | 'endedBy' | 'endedByName' | 'endReason'
>;

let requests = 0;

function aRequest(userId: UserId, of: Partial<NewRequest> = {}): NewRequest {
  requests += 1;
  return {
    id: `rst_${String(requests)}` as ResetRequestId,
    tenant: defaultTenant,
    userId,
    username: 'anna',
    tier: 'TIER0',
    requestedBy: 'usr_admin' as UserId,
    requestedByName: 'ada',
    reason: 'lost the key',
    ticket: 'OPS-1',
    proofing: [
      { kind: 'id-document', reference: 'HR-2231' },
      { kind: 'video-call', reference: 'Zoë "Z" <z>' },
    ],
    approvalsNeeded: 2,
    state: 'pending',
    createdAt: NOON,
    expiresAt: NOON + 1000,
    ...of,
  };
}

function anApproval(of: Partial<ResetRequest['approvals'][number]> = {}) {
  return {
    approver: 'usr_manager' as UserId,
    approverName: 'max',
    role: 'manager' as const,
    at: NOON + 1,
    ...of,
  };
}

const cancelled = {
  to: 'cancelled',
  end: { at: NOON + 9, by: 'usr_admin' as UserId, byName: 'ada', reason: 'found it' },
} as const;

describeEngines((engine) => {
  let shared: SharedDatabase;
  before(async () => {
    shared = await sharedDatabase(engine);
  });

  async function created(of: Partial<NewRequest> = {}): Promise<NewRequest> {
    const { id } = await addUser(shared.database);
    const request = aRequest(id, of);
    await shared.stores.resets.create(request);
    return request;
  }

  describe('a reset request', () => {
    test('is read as it was created', async () => {
      const request = await created();
      assert.deepEqual(await shared.stores.resets.find(request.id), {
        ...request,
        approvals: [],
        endedAt: null,
        endedBy: null,
        endedByName: null,
        endReason: null,
      });
      for (const id of ['rst_none', 'rst_\0']) {
        assert.equal(await shared.stores.resets.find(id as ResetRequestId), null);
      }
    });

    test('of a person is open once, and again after it has ended', async () => {
      const { resets } = shared.stores;
      const request = await created();
      const next = aRequest(request.userId);
      assert.equal((await resets.findOpenOf(request.userId))?.id, request.id);
      await assert.rejects(resets.create(next));

      await resets.move(request.id, { from: ['pending'], ...cancelled });
      assert.equal(await resets.findOpenOf(request.userId), null);
      await resets.create(next);
      assert.equal((await resets.findOpenOf(request.userId))?.id, next.id);
    });

    test('of a person is open once when several ask for it at once', async () => {
      const { id } = await addUser(shared.database);
      const tries = Array.from({ length: 10 }, async (_, at) => {
        const { resets } = at % 2 === 0 ? shared.stores : shared.otherInstance;
        try {
          await resets.create(aRequest(id));
          return true;
        } catch {
          return false;
        }
      });
      assert.equal(await countOf(tries, (isCreated) => isCreated), 1);
    });

    test('is approved by each person once and in each role once', async () => {
      const { resets } = shared.stores;
      const { id } = await created();
      const owner = anApproval({
        approver: 'usr_owner' as UserId,
        approverName: 'oda',
        role: 'security-owner',
        at: NOON + 2,
      });
      assert.equal(await resets.addApproval(id, anApproval()), true);
      assert.equal(await resets.addApproval(id, anApproval()), false);
      assert.equal(await resets.addApproval(id, anApproval({ role: 'security-owner' })), false);
      assert.equal(await resets.addApproval(id, { ...owner, role: 'manager' }), false);
      assert.equal(await resets.addApproval(id, owner), true);
      assert.deepEqual((await resets.find(id))?.approvals, [anApproval(), owner]);
    });

    test('is approved only while it waits for it', async () => {
      const { resets } = shared.stores;
      const states: readonly ResetState[] = ['approved', 'executed', 'cancelled', 'expired'];
      for (const state of states) {
        const { id } = await created({ state });
        assert.equal(await resets.addApproval(id, anApproval()), false, state);
      }
      assert.equal(await resets.addApproval('rst_none' as ResetRequestId, anApproval()), false);
    });

    test('is approved once in a role when two approve at once, on any instance', async () => {
      const { id } = await created();
      const tries = Array.from({ length: 10 }, (_, at) =>
        (at % 2 === 0 ? shared.stores : shared.otherInstance).resets.addApproval(
          id,
          anApproval({ approver: `usr_manager_${String(at)}` as UserId }),
        ),
      );
      assert.equal(await countOf(tries, (isAdded) => isAdded), 1);
      assert.equal((await shared.stores.resets.find(id))?.approvals.length, 1);
    });

    test('moves on exactly once among twenty, on any instance', async () => {
      const { id } = await created({ state: 'approved' });
      const ends = ['executed', 'cancelled', 'expired', 'rejected'] as const;
      const tries = Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? shared.stores : shared.otherInstance).resets.move(id, {
          ...cancelled,
          from: ['pending', 'approved'],
          to: ends[at % ends.length] ?? 'executed',
        }),
      );
      assert.equal(await countOf(tries, (isMoved) => isMoved), 1);
    });

    test('keeps who ended it, when and why', async () => {
      const { resets } = shared.stores;
      const { id } = await created();
      assert.equal(await resets.move(id, { from: ['approved'], ...cancelled }), false);
      assert.equal(await resets.move(id, { from: ['pending'], to: 'approved', end: null }), true);
      assert.equal((await resets.find(id))?.endedAt, null);
      assert.equal(await resets.move(id, { from: ['approved'], ...cancelled }), true);
      const { state, endedAt, endedBy, endedByName, endReason } =
        (await resets.find(id)) ?? assert.fail();
      assert.deepEqual(
        [state, endedAt, endedBy, endedByName, endReason],
        ['cancelled', NOON + 9, 'usr_admin', 'ada', 'found it'],
      );
    });

    test('is held until the transaction ends', async () => {
      const { id } = await created();
      const approve = (approver: string, { stores }: { stores: typeof shared.stores }) =>
        stores.transaction(async ({ resets }) => {
          const request = await resets.lock(id);
          if (request?.approvals.length !== 0) return false;
          await resets.addApproval(id, anApproval({ approver: approver as UserId }));
          return true;
        });
      const tries = [
        approve('usr_a', shared),
        approve('usr_b', { stores: shared.otherInstance }),
        approve('usr_c', shared),
      ];
      assert.equal(await countOf(tries, (isFirst) => isFirst), 1);
      await assert.rejects(shared.stores.resets.lock(id), { name: 'AssertionError' });
    });

    test('goes with the account it is about', async () => {
      const { id, userId } = await created();
      await shared.stores.resets.addApproval(id, anApproval());
      await shared.stores.users.remove(userId);
      assert.equal(await shared.stores.resets.find(id), null);
    });
  });

  describe('reset requests', () => {
    const acme = 'acme' as TenantId;
    before(async () => {
      const { stores } = shared;
      await stores.tenants.create({
        id: acme,
        name: 'Acme',
        rules: noTenantRules,
        gracePeriodDays: 0,
      });
    });
    const listOf = async (
      filter: Partial<Parameters<SharedDatabase['stores']['resets']['list']>[0]> = {},
      page: { after: string | null; limit: number } = { after: null, limit: 100 },
    ) => {
      const requests = await shared.stores.resets.list(
        { tenant: acme, states: null, user: null, ...filter },
        page,
      );
      return requests.map(({ id }) => id);
    };

    test('are listed newest first, page by page, each tenant its own', async () => {
      // Two of them were made in one millisecond.
      const made: NewRequest[] = [];
      for (const createdAt of [1, 2, 2, 3]) {
        made.push(await created({ tenant: acme, createdAt: NOON + createdAt }));
      }
      const all = await listOf();
      assert.equal(all.length, 4);
      assert.deepEqual([all[0], all[3]], [made[3]?.id, made[0]?.id]);
      const [first, second, third] = all;
      assert.deepEqual(await listOf({}, { after: null, limit: 2 }), [first, second]);
      assert.deepEqual(await listOf({}, { after: second ?? '', limit: 1 }), [third]);
      assert.deepEqual(await listOf({}, { after: third ?? '', limit: 9 }), all.slice(3));
      assert.deepEqual(await listOf({}, { after: 'rst_none', limit: 9 }), []);
      assert.deepEqual(await listOf({}, { after: '\0', limit: 9 }), []);
      const elsewhere = await shared.stores.resets.list(
        { tenant: defaultTenant, states: null, user: null },
        { after: null, limit: 100 },
      );
      assert.deepEqual(
        elsewhere.filter(({ id }) => all.includes(id)),
        [],
      );
    });

    test('are narrowed down by state and person, and counted while open', async () => {
      const { resets } = shared.stores;
      const [one, other] = [await created({ tenant: acme }), await created({ tenant: acme })];
      const before = await resets.countOpen(acme);
      await resets.move(one.id, { from: ['pending'], ...cancelled });
      await resets.move(other.id, { from: ['pending'], to: 'approved', end: null });

      assert.equal(await resets.countOpen(acme), before - 1);
      assert.deepEqual(await listOf({ states: ['cancelled'] }), [one.id]);
      assert.deepEqual(await listOf({ states: ['approved'] }), [other.id]);
      assert.deepEqual(await listOf({ states: [] }), []);
      assert.deepEqual(await listOf({ user: one.userId }), [one.id]);
      assert.deepEqual(await listOf({ user: one.userId, states: ['approved'] }), []);
    });

    test('are overdue while they are open and their time is up', async () => {
      const { resets } = shared.stores;
      const pending = await created({ expiresAt: NOON + 10 });
      const approved = await created({ expiresAt: NOON + 20, state: 'approved' });
      const ended = await created({ expiresAt: NOON + 5, state: 'rejected' });
      const overdueAt = async (now: number) =>
        (await resets.listOverdue(now, 100)).map(({ id }) => id);
      assert.ok(!(await overdueAt(NOON + 9)).includes(pending.id));
      const due = await overdueAt(NOON + 20);
      assert.ok(due.includes(pending.id) && due.includes(approved.id));
      assert.ok(!due.includes(ended.id));
      assert.equal((await resets.listOverdue(NOON + 20, 1)).length, 1);
    });
  });
});
