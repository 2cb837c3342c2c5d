/**
 * Several people, and several instances, at one reset at once: one outcome, whoever is first (G5,
 * F29, F31).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { ResetRequestId, UserId } from '../../../../src/core/ids.ts';
import { Problem } from '../../../../src/core/problem.ts';
import {
  approveReset,
  cancelReset,
  executeReset,
  rejectReset,
  requestReset,
} from '../../../../src/flows/admin/resets.ts';
import { expireResets } from '../../../../src/flows/admin/resets/end-request.ts';
import { resetMfa } from '../../../../src/flows/admin/users.ts';
import { redeemEnrollAgain } from '../../../../src/flows/enroll/redeem-link.ts';
import { goodPassword, sure, visit, type World } from '../../../support/flow-world.ts';
import {
  approvedRequest,
  ask,
  goodReason,
  newAdministrator,
  newPerson,
  officePolicy,
  openOffice,
  resetBy,
  secretOf,
  type Office,
} from '../../../support/reset-office.ts';
import { openTwoWorlds, sharedEngines, type TwoWorlds } from '../../../support/two-worlds.ts';

const rounds = 5;

/** How many came through; the others must have been told that they came too late. */
function winnersOf(outcomes: readonly PromiseSettledResult<unknown>[]): number {
  const late = outcomes.filter(
    ({ status }) => status === 'rejected',
  ) as readonly PromiseRejectedResult[];
  for (const { reason } of late) {
    assert(reason instanceof Problem, String(reason));
    assert.equal(reason.code, 'conflict');
  }
  return outcomes.length - late.length;
}

for (const engine of sharedEngines) {
  describe(`two instances on ${engine.name}`, () => {
    let worlds: TwoWorlds;
    let one: World;
    let office: Office;
    before(async () => {
      worlds = await openTwoWorlds(engine);
      ({ one } = worlds);
      worlds.configure({ policy: officePolicy() });
      office = await openOffice(one);
    });
    after(() => worlds.close());

    let people = 0;
    const somebody = async (groups: readonly string[] = []): Promise<UserId> => {
      people += 1;
      return newPerson(one, `person-${String(people)}`, groups);
    };
    const requestOf = async (id: ResetRequestId) => sure(await one.ctx.stores.resets.find(id));
    const epochOf = async (id: UserId) =>
      sure(await one.ctx.stores.users.findById(id)).sessionEpoch;
    const eventsAbout = async (id: UserId, type: string) =>
      (await one.ctx.stores.audit.listOfSubject(id, 100)).filter((event) => event.type === type);

    test('carry out one of twenty executions', async () => {
      const anna = await somebody();
      const { id } = await approvedRequest(one, office, anna);
      const epoch = await epochOf(anna);

      const outcomes = await worlds.together(20, (world) =>
        executeReset(world.ctx, office.executor, { id, enrollment: 'link' }),
      );

      assert.equal(winnersOf(outcomes), 1);
      assert.equal(await epochOf(anna), epoch + 1);
      assert.equal((await eventsAbout(anna, 'reset.executed')).length, 1);
      const now = one.clock.now();
      assert.equal((await one.ctx.stores.enrollmentLinks.listOfUser(anna, now)).length, 1);
    });

    test('write down one of ten requests', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const anna = await somebody();
        const outcomes = await worlds.together(10, (world, at) =>
          requestReset(world.ctx, at % 3 === 0 ? office.executor : office.admin, {
            userId: anna,
            ...goodReason,
          }),
        );
        assert.equal(winnersOf(outcomes), 1);
        assert.equal((await eventsAbout(anna, 'reset.requested')).length, 1);
      }
    });

    test('take two approvals of one person, or of one role, for one', async () => {
      const both = await newAdministrator(one, 'bo', ['MANAGERS', 'SECURITY-OWNERS']);
      const second = await newAdministrator(one, 'mia', ['MANAGERS']);
      for (let round = 0; round < rounds; round += 1) {
        const { id } = (await ask(one, office, await somebody(['TIER0']))).request;
        const twice = await worlds.together(6, (world, at) =>
          approveReset(world.ctx, both, { id, role: at < 3 ? 'manager' : 'security-owner' }),
        );
        assert.equal(winnersOf(twice), 1);
        assert.deepEqual(
          [(await requestOf(id)).state, (await requestOf(id)).approvals.length],
          ['pending', 1],
        );

        const other = (await ask(one, office, await somebody(['TIER0']))).request;
        const sameRole = await worlds.together(6, (world, at) =>
          approveReset(world.ctx, at % 2 === 0 ? office.manager : second, { id: other.id }),
        );
        assert.equal(winnersOf(sameRole), 1);
        assert.equal((await requestOf(other.id)).state, 'pending');
      }
    });

    test('approve when both who are needed do so at once', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { id } = (await ask(one, office, await somebody(['TIER0']))).request;
        const outcomes = await worlds.together(2, (world, at) =>
          approveReset(world.ctx, at === 0 ? office.manager : office.owner, { id }),
        );
        assert.equal(winnersOf(outcomes), 2);
        assert.equal((await requestOf(id)).state, 'approved');
      }
    });

    test('come to one end of approving and rejecting, and of executing, cancelling and break-glass', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { id } = (await ask(one, office, await somebody())).request;
        await worlds.together(2, (world, at) =>
          at === 0
            ? approveReset(world.ctx, office.manager, { id })
            : rejectReset(world.ctx, office.owner, { id, reason: 'no' }),
        );
        // Rejected either way: before the approval, or after it.
        assert.equal((await requestOf(id)).state, 'rejected');

        const anna = await somebody();
        const approved = await approvedRequest(one, office, anna);
        const epoch = await epochOf(anna);
        const { username } = approved;
        const outcomes = await worlds.together(3, async (world, at) => {
          const which = (at + round) % 3;
          if (which === 0) {
            await executeReset(world.ctx, office.executor, { id: approved.id, enrollment: 'link' });
          } else if (which === 1) {
            await cancelReset(world.ctx, office.admin, { id: approved.id, reason: 'found it' });
          } else {
            const answer = await resetMfa(world.ctx, { username, reason: 'urgent', ticket: 'T-1' });
            assert.ok(answer.ok);
          }
          return which;
        });
        const winners = outcomes.flatMap((outcome) =>
          outcome.status === 'fulfilled' ? [outcome.value] : [],
        );
        assert.ok(winners.includes(2), 'break-glass always comes through');
        const isExecuted = winners.includes(0);
        assert.notEqual(isExecuted && winners.includes(1), true);
        const { state } = await requestOf(approved.id);
        assert.equal(state, isExecuted ? 'executed' : 'cancelled');
        assert.equal(await epochOf(anna), epoch + (isExecuted ? 2 : 1));
        const ends = await Promise.all(
          ['reset.cancelled', 'reset.rejected', 'reset.expired'].map((type) =>
            eventsAbout(anna, type),
          ),
        );
        assert.equal(ends.flat().length, isExecuted ? 0 : 1);
      }
    });

    test('end a request once whose time is up while somebody carries it out', async () => {
      const anna = await somebody();
      const { id } = await approvedRequest(one, office, anna);
      worlds.advance(24 * 3600);
      await worlds.together(6, (world) => expireResets(world.ctx));
      assert.equal((await requestOf(id)).state, 'expired');
      assert.equal((await eventsAbout(anna, 'reset.expired')).length, 1);
      office = await openOffice(one, `later-${engine.name.toLowerCase()}`);
    });

    test('let one of twenty in by one link', async () => {
      people += 1;
      const tenant = `later-${engine.name.toLowerCase()}`;
      const username = `person-${String(people)}`;
      const anna = await newPerson(one, username, [], tenant);
      const { execution } = await resetBy(one, office, anna);
      const secret = secretOf(execution.link);
      const outcomes = await worlds.together(20, (world) =>
        redeemEnrollAgain(world.ctx, visit(), { secret, username, password: goodPassword }),
      );
      const answers = outcomes.map((outcome) => {
        assert.equal(outcome.status, 'fulfilled');
        return (outcome as PromiseFulfilledResult<{ ok: boolean }>).value;
      });
      assert.equal(answers.filter(({ ok }) => ok).length, 1);
      assert.equal((await eventsAbout(anna, 'enrollment-link.used')).length, 1);
    });
  });
}
