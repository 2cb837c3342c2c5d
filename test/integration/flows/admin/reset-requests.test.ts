/**
 * Asking for a reset, approving it, and saying no: who may, on what, and how often (G5, G8).
 *
 * The office has one person for each role; everybody tries everything.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { ResetRequestId, UserId } from '../../../../src/core/ids.ts';
import { type FieldFault, Problem, type ProblemCode } from '../../../../src/core/problem.ts';
import type { ApprovalRole } from '../../../../src/core/reset-request.ts';
import type { Administrator } from '../../../../src/flows/admin/administrator.ts';
import {
  approveReset,
  cancelReset,
  executeReset,
  rejectReset,
  requestReset,
} from '../../../../src/flows/admin/resets.ts';
import { expireResets } from '../../../../src/flows/admin/resets/end-request.ts';
import {
  findReset,
  listResets,
  nextSteps,
} from '../../../../src/flows/admin/resets/list-resets.ts';
import type { ResetInput } from '../../../../src/flows/admin/resets/reset-input.ts';
import { setDisabled, setGroups } from '../../../../src/flows/admin/users.ts';
import type { ResetRequest } from '../../../../src/stores/types/administration.ts';
import { openWorld, sure, type World } from '../../../support/flow-world.ts';
import { aProblem } from '../../../support/own-changes.ts';
import {
  approvedRequest,
  ask,
  freshSession,
  goodReason,
  newAdministrator,
  newPerson,
  officePolicy,
  openOffice,
  refreshed,
  reopened,
  type Office,
} from '../../../support/reset-office.ts';

const hour = 3600;

let world: World;
let office: Office;
beforeEach(async () => {
  world = await openWorld({
    config: { policy: officePolicy(), sessions: { idleSeconds: 1e7, absoluteSeconds: 1e7 } },
  });
  office = await openOffice(world);
});
afterEach(() => world.close());

const request = (admin: Administrator, userId: UserId, changes: Partial<ResetInput> = {}) =>
  requestReset(world.ctx, admin, { userId, ...goodReason, ...changes });
const approve = (admin: Administrator, id: ResetRequestId, role?: ApprovalRole) =>
  approveReset(world.ctx, admin, role === undefined ? { id } : { id, role });
const reject = (admin: Administrator, id: ResetRequestId) =>
  rejectReset(world.ctx, admin, { id, reason: 'not them' });
const cancel = (admin: Administrator, id: ResetRequestId) =>
  cancelReset(world.ctx, admin, { id, reason: 'found the phone' });
const execute = (admin: Administrator, id: ResetRequestId) =>
  executeReset(world.ctx, admin, { id, enrollment: 'link' });

/** The code of the problem that the work ends in, or null. */
async function problemOf(work: Promise<unknown>): Promise<ProblemCode | null> {
  try {
    await work;
    return null;
  } catch (error) {
    assert(error instanceof Problem, String(error));
    return error.code;
  }
}

const stateOf = async (id: ResetRequestId) => sure(await world.ctx.stores.resets.find(id)).state;

describe('asking for a reset', () => {
  // prettier-ignore
  const grid = [
    // who          asks for one of   comes out as
    ['admin',       'TIER0',          null],
    ['executor',    'TIER0',          null],
    ['manager',     'TIER2',          'not-permitted'],
    ['owner',       'TIER2',          'not-permitted'],
    ['auditor',     'TIER2',          'not-permitted'],
  ] as const;
  for (const [who, tier, outcome] of grid) {
    test(`is ${outcome ?? 'allowed'} for the ${who}`, async () => {
      const anna = await newPerson(world, 'anna', [tier]);
      assert.equal(await problemOf(request(office[who], anna)), outcome);
    });
  }

  // prettier-ignore
  const approvals = [
    ['TIER0', 2], ['TIER1', 2], ['TIER2', 1], [null, 1],
  ] as const;
  for (const [tier, needed] of approvals) {
    test(`waits for ${String(needed)} to approve where it is about ${tier ?? 'TIER3'}`, async () => {
      const anna = await newPerson(world, 'anna', tier === null ? [] : [tier]);
      const { request: made, outcome, execution } = await request(office.admin, anna);
      assert.deepEqual([made.approvalsNeeded, made.state], [needed, 'pending']);
      assert.deepEqual([outcome, execution], ['pending', null]);
      assert.equal(made.expiresAt - made.createdAt, 24 * hour * 1000);
    });
  }

  test('keeps what was said, and says it in the audit trail with severity high', async () => {
    const anna = await newPerson(world, 'anna', ['TIER0']);
    const { request: made } = await request(office.admin, anna);
    const found = await findReset(world.ctx, office.auditor, made.id);
    assert.deepEqual(found, made);
    assert.equal(found.requestedByName, 'ada');

    const event = sure((await world.events()).at(-1));
    assert.deepEqual(
      [event.type, event.severity, event.actor, event.subject],
      ['reset.requested', 'high', 'ada', anna],
    );
    assert.deepEqual(event.details, {
      username: 'anna',
      request: made.id,
      tier: 'TIER0',
      ticket: 'OPS-7',
      reason: 'phone lost',
      proofing: ['id-document: HR-2231', 'call-back: number on file, 14:02'],
      approvalsNeeded: 2,
    });
  });

  test('is refused for oneself, for a service, for nobody and for somebody above', async () => {
    const low = await newAdministrator(world, 'low', ['EXECUTORS-2', 'TIER2']);
    const roleGroups = {
      ...officePolicy().roleGroups,
      'reset-executor': ['EXECUTORS', 'EXECUTORS-2'],
    };
    world.configure({ policy: { ...officePolicy(), roleGroups } });
    const top = await newPerson(world, 'top', ['TIER1']);
    const same = await newPerson(world, 'same', ['TIER2']);
    const own = office.admin.session.principal.id;

    assert.equal(await problemOf(request(office.admin, own)), 'conflict');
    assert.equal(await problemOf(request(office.admin, 'usr_nobody' as UserId)), 'not-found');
    assert.equal(await problemOf(request(low, top)), 'not-permitted');
    assert.equal(await problemOf(request(low, same)), null);
  });

  test('is refused where somebody asked before, who is named', async () => {
    const anna = await newPerson(world, 'anna');
    const { request: first } = await request(office.admin, anna);
    await assert.rejects(request(office.executor, anna), (error) => {
      assert(error instanceof Problem);
      assert.equal(error.code, 'conflict');
      assert.deepEqual(error.members, { state: 'pending', reset_request: first.id });
      assert.match(sure(error.detail), /^ada has asked .*\(rst_/);
      return true;
    });
    await cancel(office.admin, first.id);
    assert.equal(await problemOf(request(office.executor, anna)), null);
  });

  test('takes the place of one whose time is up, before anybody wrote that down', async () => {
    const anna = await newPerson(world, 'anna');
    const { request: first } = await request(office.admin, anna);
    world.clock.advance(24 * hour);
    office = await reopened(world, office);
    const { request: second } = await request(office.admin, anna);
    assert.deepEqual([await stateOf(first.id), second.state], ['expired', 'pending']);
    assert.ok((await world.eventTypes()).includes('reset.expired'));
  });

  test('needs a fresh proof, and a session that still counts', async () => {
    const anna = await newPerson(world, 'anna');
    world.clock.advance(601);
    assert.equal(await problemOf(request(office.admin, anna)), 'step-up-required');
    await setDisabled(world.ctx, { username: 'ada', isDisabled: true });
    assert.equal(await problemOf(request(office.admin, anna)), 'not-signed-in');
  });

  test('judges the role on the held record, not on the one that the request came with', async () => {
    const anna = await newPerson(world, 'anna');
    await setGroups(world.ctx, { username: 'ada', groups: ['AUDITORS'] });
    assert.equal(await problemOf(request(office.admin, anna)), 'not-permitted');
  });

  describe('wants it said', () => {
    const one = { kind: 'id-document', reference: 'HR-2231' };
    // prettier-ignore
    const faults: readonly (readonly [string, Partial<ResetInput>, string])[] = [
      ['no reason', { reason: ' ' }, '/reason'],
      ['a reason without end', { reason: 'x'.repeat(501) }, '/reason'],
      ['a reason with control characters', { reason: 'a\u0000b' }, '/reason'],
      ['a reason that turns the direction of writing', { reason: 'a\u202eb' }, '/reason'],
      ['no ticket', { ticket: '' }, '/ticket'],
      ['a ticket without end', { ticket: 'x'.repeat(101) }, '/ticket'],
      ['no proof', { proofing: [] }, '/proofing'],
      ['one check', { proofing: [one] }, '/proofing'],
      ['two checks of one kind', { proofing: [one, { ...one, reference: 'HR-1' }] }, '/proofing'],
      ['one kind in two spellings', { proofing: [one, { ...one, kind: 'ID Document' }] }, '/proofing'],
      ['a check without a reference', { proofing: [one, { kind: 'call', reference: ' ' }] }, '/proofing/1/reference'],
      ['a check of no kind', { proofing: [one, { kind: '', reference: 'x' }] }, '/proofing/1/kind'],
      ['a reference without end', { proofing: [one, { kind: 'call', reference: 'x'.repeat(201) }] }, '/proofing/1/reference'],
      ['more checks than anybody reads', { proofing: Array.from({ length: 11 }, (_, at) => ({ kind: `k${String(at)}`, reference: 'x' })) }, '/proofing'],
    ];
    for (const [what, changes, pointer] of faults) {
      test(`and refuses ${what}`, async () => {
        const anna = await newPerson(world, 'anna');
        await assert.rejects(request(office.admin, anna, changes), (error) => {
          assert(error instanceof Problem);
          assert.equal(error.code, 'validation-failed');
          const errors = error.members['errors'] as readonly FieldFault[];
          assert.ok(
            errors.some((fault) => fault.pointer === pointer),
            JSON.stringify(errors),
          );
          return true;
        });
        assert.equal((await listResets(world.ctx, office.admin, everything, page)).length, 0);
      });
    }

    test('and takes a reason that was typed in lines', async () => {
      const anna = await newPerson(world, 'anna');
      const { request: made } = await request(office.admin, anna, { reason: ' lost\r\n  it ' });
      assert.equal(made.reason, 'lost it');
    });
  });
});

const everything = { states: null, user: null } as const;
const page = { after: null, limit: 10 } as const;

/** Anna's reset, asked for by the admin. */
async function pendingFor(tier: string): Promise<ResetRequest> {
  const anna = await newPerson(world, 'anna', [tier]);
  return (await ask(world, office, anna)).request;
}

describe('approving', () => {
  // prettier-ignore
  const grid = [
    // who       of TIER2        of TIER0
    ['manager',  'approved',     'pending'],
    ['owner',    'approved',     'pending'],
    ['admin',    'not-permitted', 'not-permitted'],
    ['executor', 'not-permitted', 'not-permitted'],
    ['auditor',  'not-permitted', 'not-permitted'],
  ] as const;
  for (const [who, low, high] of grid) {
    for (const [tier, outcome] of [
      ['TIER2', low],
      ['TIER0', high],
    ] as const) {
      test(`by the ${who} leaves a request about ${tier} ${outcome}`, async () => {
        const { id } = await pendingFor(tier);
        const problem = await problemOf(approve(office[who], id));
        assert.equal(problem ?? (await stateOf(id)), outcome);
      });
    }
  }

  for (const [first, second] of [
    ['manager', 'owner'],
    ['owner', 'manager'],
  ] as const) {
    test(`by ${first}, then ${second} is enough for TIER0`, async () => {
      const { id } = await pendingFor('TIER0');
      assert.equal((await approve(office[first], id)).state, 'pending');
      world.clock.advance(1);
      const approved = await approve(office[second], id);
      assert.equal(approved.state, 'approved');
      assert.deepEqual(await world.ctx.stores.resets.find(id), approved);
      const events = (await world.events()).filter(({ type }) => type === 'reset.approved');
      assert.deepEqual(
        events.map(({ severity, details }) => [severity, details['approvals']]),
        [
          ['high', 1],
          ['high', 2],
        ],
      );
    });
  }

  test('twice by one person is refused, also by one who is both', async () => {
    const both = await newAdministrator(world, 'bo', ['MANAGERS', 'SECURITY-OWNERS']);
    const { id } = await pendingFor('TIER0');
    await approve(both, id, 'manager');
    assert.equal(await problemOf(approve(both, id)), 'conflict');
    assert.equal(await problemOf(approve(both, id, 'security-owner')), 'conflict');
    assert.equal(await stateOf(id), 'pending');
    assert.equal((await approve(office.owner, id)).state, 'approved');
  });

  test('by somebody who is both counts for the role that is still free, or that they name', async () => {
    const both = await newAdministrator(world, 'bo', ['MANAGERS', 'SECURITY-OWNERS']);
    const { id } = await pendingFor('TIER0');
    await approve(office.manager, id);
    assert.equal(await problemOf(approve(both, id, 'manager')), 'conflict');
    const approved = await approve(both, id);
    assert.deepEqual(
      approved.approvals.map(({ role }) => role),
      ['manager', 'security-owner'],
    );
  });

  test('by two of one role is one approval', async () => {
    const second = await newAdministrator(world, 'mia', ['MANAGERS']);
    const { id } = await pendingFor('TIER0');
    await approve(office.manager, id);
    assert.equal(await problemOf(approve(second, id)), 'conflict');
    assert.equal(await stateOf(id), 'pending');
  });

  test('in a role that one has not is refused', async () => {
    const { id } = await pendingFor('TIER2');
    assert.equal(await problemOf(approve(office.manager, id, 'security-owner')), 'not-permitted');
  });

  test('by whoever asked is refused, whatever their roles', async () => {
    const all = await newAdministrator(world, 'all', ['ADMINS', 'MANAGERS', 'SECURITY-OWNERS']);
    const anna = await newPerson(world, 'anna');
    const { request: made } = await request(all, anna);
    assert.equal(await problemOf(approve(all, made.id)), 'conflict');
    assert.equal(await problemOf(approve(all, made.id, 'security-owner')), 'conflict');
    assert.equal(await stateOf(made.id), 'pending');
  });

  test('by the person who is reset is refused, and so is every other step', async () => {
    const boss = await newAdministrator(world, 'boss', [
      'ADMINS',
      'MANAGERS',
      'SECURITY-OWNERS',
      'EXECUTORS',
    ]);
    const { id } = (await request(office.admin, boss.session.principal.id)).request;
    for (const step of [approve, reject, cancel, execute]) {
      assert.equal(await problemOf(step(boss, id)), 'conflict', step.name);
    }
    await approve(office.manager, id);
    await approve(office.owner, id);
    assert.equal(await problemOf(execute(boss, id)), 'conflict');
    assert.equal(await stateOf(id), 'approved');
  });

  test('needs a fresh proof and a role that is still held', async () => {
    const { id } = await pendingFor('TIER2');
    await setGroups(world.ctx, { username: 'max', groups: [] });
    assert.equal(await problemOf(approve(office.manager, id)), 'not-permitted');
    world.clock.advance(601);
    assert.equal(await problemOf(approve(office.owner, id)), 'step-up-required');
  });

  test('comes too late when the time is up, and after the clock went back', async () => {
    const { id } = await pendingFor('TIER2');
    world.clock.advance(-hour);
    office = await reopened(world, office);
    assert.equal(await problemOf(approve(office.manager, id)), 'conflict');
    world.clock.advance(25 * hour);
    office = await reopened(world, office);
    assert.equal(await problemOf(approve(office.manager, id)), 'conflict');
    assert.deepEqual(sure(await world.ctx.stores.resets.find(id)).approvals, []);
  });
});

describe('saying no', () => {
  // prettier-ignore
  const grid = [
    // who       rejects           cancels
    ['manager',  'rejected',       'not-permitted'],
    ['owner',    'rejected',       'not-permitted'],
    ['admin',    'not-permitted',  'cancelled'],
    ['executor', 'not-permitted',  'not-permitted'],
    ['auditor',  'not-permitted',  'not-permitted'],
  ] as const;
  for (const [who, rejects, cancels] of grid) {
    for (const state of ['pending', 'approved'] as const) {
      test(`to a request that is ${state}, by the ${who}`, async () => {
        const anna = await newPerson(world, 'anna');
        const made =
          state === 'pending'
            ? (await ask(world, office, anna)).request
            : await approvedRequest(world, office, anna);
        const rejected = await problemOf(reject(office[who], made.id));
        assert.equal(rejected ?? (await stateOf(made.id)), rejects);
        const second = await newPerson(world, 'ben');
        const other = (await ask(world, office, second)).request;
        const cancelled = await problemOf(cancel(office[who], other.id));
        assert.equal(cancelled ?? (await stateOf(other.id)), cancels);
      });
    }
  }

  test('by whoever asked takes it back, without being an admin', async () => {
    const anna = await newPerson(world, 'anna');
    const { id } = (await request(office.executor, anna)).request;
    assert.equal((await cancel(office.executor, id)).state, 'cancelled');
  });

  test('is kept with who and why, and cannot be said again', async () => {
    const anna = await newPerson(world, 'anna');
    const { id } = (await ask(world, office, anna)).request;
    const rejected = await reject(office.owner, id);
    assert.deepEqual(await world.ctx.stores.resets.find(id), rejected);
    assert.deepEqual([rejected.endedByName, rejected.endReason], ['olga', 'not them']);
    const event = sure((await world.events()).at(-1));
    assert.deepEqual(
      [event.type, event.severity, event.details['reason']],
      ['reset.rejected', 'high', 'not them'],
    );
    for (const step of [approve, reject, cancel]) {
      const who = step === cancel ? office.admin : office.manager;
      assert.equal(await problemOf(step(who, id)), 'conflict');
    }
    assert.equal(await problemOf(execute(office.executor, id)), 'conflict');
  });

  test('without a reason is refused', async () => {
    const anna = await newPerson(world, 'anna');
    const { id } = (await ask(world, office, anna)).request;
    const without = { id, reason: '  ' };
    assert.equal(
      await problemOf(rejectReset(world.ctx, office.owner, without)),
      'validation-failed',
    );
    assert.equal(
      await problemOf(cancelReset(world.ctx, office.admin, without)),
      'validation-failed',
    );
    assert.equal(await stateOf(id), 'pending');
  });
});

describe('time', () => {
  test('ends what nobody carried out within a day, once, and says so', async () => {
    const anna = await newPerson(world, 'anna');
    const ben = await newPerson(world, 'ben');
    const pending = (await ask(world, office, anna)).request;
    const approved = await approvedRequest(world, office, ben);
    world.clock.advance(24 * hour - 1);
    await expireResets(world.ctx);
    assert.deepEqual(
      [await stateOf(pending.id), await stateOf(approved.id)],
      ['pending', 'approved'],
    );
    world.clock.advance(1);
    office = await reopened(world, office);
    assert.equal((await nextSteps(world.ctx, office.executor, approved)).state, 'expired');
    assert.equal(await problemOf(execute(office.executor, approved.id)), 'conflict');

    await expireResets(world.ctx);
    await expireResets(world.ctx);
    assert.deepEqual(
      [await stateOf(pending.id), await stateOf(approved.id)],
      ['expired', 'expired'],
    );
    const events = (await world.events()).filter(({ type }) => type === 'reset.expired');
    const said = events.map(({ actor, severity, subject }) => [subject, actor, severity]);
    assert.deepEqual(
      new Map(said.map(([subject, ...rest]) => [subject, rest])),
      new Map([
        [anna, ['system', 'high']],
        [ben, ['system', 'high']],
      ]),
    );
    assert.equal(said.length, 2);
  });
});

describe('tenants', () => {
  test('see and touch nothing of each other', async () => {
    const other = await openOffice(world, 'acme');
    const anna = await newPerson(world, 'anna');
    assert.equal(await problemOf(request(other.admin, anna)), 'not-found');
    const made = (await ask(world, office, anna)).request;
    const { id } = made;
    assert.equal(await problemOf(approve(other.manager, id)), 'not-found');
    assert.equal(await problemOf(reject(other.owner, id)), 'not-found');
    assert.equal(await problemOf(cancel(other.admin, id)), 'not-found');
    assert.equal(await problemOf(execute(other.executor, id)), 'not-found');
    assert.equal(await problemOf(findReset(world.ctx, other.auditor, id)), 'not-found');
    assert.deepEqual(await listResets(world.ctx, other.auditor, everything, page), []);
    assert.equal((await listResets(world.ctx, office.auditor, everything, page)).length, 1);
    assert.equal(await stateOf(id), 'pending');
  });
});

describe('what may come next', () => {
  test('says the same as the flows, for everybody at every stage', async () => {
    const anna = await newPerson(world, 'anna', ['TIER0']);
    const annaAsAdmin = { ...office.admin, session: await freshSession(world, anna) };
    const stages: ResetRequest[] = [];
    stages.push((await ask(world, office, anna)).request);
    const everybody = { ...office, anna: annaAsAdmin };
    for (const stage of ['pending', 'half', 'approved']) {
      const { id } = sure(stages[0]);
      const current = sure(await world.ctx.stores.resets.find(id));
      for (const [name, who] of Object.entries(everybody)) {
        const steps = await nextSteps(world.ctx, who, current);
        const may = [
          steps.approveAs.length > 0,
          steps.mayReject,
          steps.mayCancel,
          steps.mayExecute,
        ];
        assert.deepEqual(
          may,
          expected[stage]?.[name] ?? [false, false, false, false],
          `${stage} ${name}`,
        );
      }
      if (stage === 'pending') await approve(office.manager, id);
      if (stage === 'half') await approve(office.owner, id);
    }
  });

  const expected: Readonly<Record<string, Readonly<Record<string, readonly boolean[]>>>> = {
    pending: {
      admin: [false, false, true, false],
      manager: [true, true, false, false],
      owner: [true, true, false, false],
    },
    half: {
      admin: [false, false, true, false],
      manager: [false, true, false, false],
      owner: [true, true, false, false],
    },
    approved: {
      admin: [false, false, true, false],
      manager: [false, true, false, false],
      owner: [false, true, false, false],
      executor: [false, false, false, true],
    },
  };

  test('is a sentence where an approval does not count any more', async () => {
    const anna = await newPerson(world, 'anna');
    const made = await approvedRequest(world, office, anna);
    await setGroups(world.ctx, { username: 'max', groups: [] });
    const steps = await nextSteps(world.ctx, await refreshed(world, office.executor), made);
    assert.equal(steps.mayExecute, false);
    assert.match(sure(steps.obstacle), /^max approved this and is no manager any more/);
  });
});

test('a switched-off reset policy refuses to ask, to approve and to carry out, not to say no', async () => {
  const anna = await newPerson(world, 'anna');
  const made = (await ask(world, office, anna)).request;
  world.configure({ policy: officePolicy({ reset: { isEnabled: false } }) });
  const ben = await newPerson(world, 'ben');
  await assert.rejects(request(office.admin, ben), aProblem('policy-forbids'));
  await assert.rejects(approve(office.manager, made.id), aProblem('policy-forbids'));
  await assert.rejects(execute(office.executor, made.id), aProblem('policy-forbids'));
  assert.equal((await reject(office.manager, made.id)).state, 'rejected');
});
