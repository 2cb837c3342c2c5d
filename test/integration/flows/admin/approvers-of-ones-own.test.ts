/**
 * Two people approve: attempts of one administrator to be both, or to need fewer (G8).
 *
 * Regression: a group that was taken away right before a reset halved the approvals; links that an
 * administrator had made stayed good after their person had become an approver.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Problem } from '../../../../src/core/problem.ts';
import { setGroups } from '../../../../src/flows/admin/users.ts';
import { changePerson, createPerson, inviteAgain } from '../../../../src/flows/admin/people.ts';
import { executeReset } from '../../../../src/flows/admin/resets.ts';
import { resetOutlook } from '../../../../src/flows/admin/resets/list-resets.ts';
import { redeemInvitation } from '../../../../src/flows/enroll/redeem-link.ts';
import { aRoute, aRule } from '../../../support/builders.ts';
import { openWorld, sure, visit, type World } from '../../../support/flow-world.ts';
import {
  approvedRequest,
  ask,
  newPerson,
  type Office,
  officePolicy,
  openOffice,
  reopened,
  secretOf,
} from '../../../support/reset-office.ts';

let world: World;
let office: Office;
beforeEach(async () => {
  world = await openWorld({ config: { policy: officePolicy() } });
  office = await openOffice(world);
});
afterEach(() => world.close());

const day = 24 * 3600;
const nobody = {
  kind: 'user',
  username: 'nina',
  displayName: 'Nina',
  email: null,
  groups: [],
  networks: [],
} as const;

const problem = (code: string) => (error: unknown) =>
  error instanceof Problem && error.code === code;

describe('somebody who was taken out of a tier', () => {
  test('is reset as one of it for a week', async () => {
    const userId = await newPerson(world, 'victor', ['TIER0']);
    await changePerson(world.ctx, office.admin, { userId, groups: [] });
    const outlook = await resetOutlook(world.ctx, office.admin, userId);
    assert.deepEqual([outlook.tier, outlook.approvalsNeeded], ['TIER0', 2]);
    const { request } = await ask(world, office, userId);
    assert.deepEqual([request.tier, request.approvalsNeeded], ['TIER0', 2]);
  });

  test('and as what they are once the week is over', async () => {
    const userId = await newPerson(world, 'victor', ['TIER0']);
    await changePerson(world.ctx, office.admin, { userId, groups: [] });
    world.clock.advance(7 * day + 60);
    const { request } = await ask(world, await reopened(world, office), userId);
    assert.deepEqual([request.tier, request.approvalsNeeded], ['TIER3', 1]);
  });

  test('is not reset by a request of before that needed less', async () => {
    const userId = await newPerson(world, 'victor');
    const { id } = await approvedRequest(world, office, userId);
    await changePerson(world.ctx, office.admin, { userId, groups: ['TIER0'] });
    await changePerson(world.ctx, office.admin, { userId, groups: [] });
    await assert.rejects(
      executeReset(world.ctx, office.executor, { id, enrollment: 'link' }),
      problem('conflict'),
    );
  });
});

describe('a link that an administrator made', () => {
  test('is dead once its person gained a group', async () => {
    const { invitation } = await createPerson(world.ctx, office.admin, nobody);
    const made = await setGroups(world.ctx, { username: 'nina', groups: ['MANAGERS'] });
    assert.ok(made.ok);
    const secret = secretOf(sure(invitation).url);
    const answer = await redeemInvitation(world.ctx, visit(), {
      secret,
      password: 'otter-lamp-94-sky',
    });
    assert.deepEqual(answer, { ok: false, reason: 'link-not-valid' });
  });

  test('is not made for an approver, nor for one who was taken out of the group for it', async () => {
    const { id: userId } = office.manager.session.principal;
    await assert.rejects(inviteAgain(world.ctx, office.admin, userId), problem('conflict'));
    await assert.rejects(
      changePerson(world.ctx, office.admin, { userId, groups: [] }),
      problem('not-permitted'),
    );
  });

  test('is not redeemed for somebody who approves by now, whatever became of the groups', async () => {
    const { user, invitation } = await createPerson(world.ctx, office.admin, nobody);
    // A configuration that names other groups than before takes no link away.
    const policy = officePolicy();
    await world.ctx.stores.users.setGroups(user.id, ['MANAGERS']);
    world.configure({ policy });
    const secret = secretOf(sure(invitation).url);
    const answer = await redeemInvitation(world.ctx, visit(), {
      secret,
      password: 'otter-lamp-94-sky',
    });
    assert.deepEqual(answer, { ok: false, reason: 'link-not-valid' });
  });
});

describe('a name that a rule admits', () => {
  test('is not given out in another tenant than the one that runs the installation', async () => {
    const { admin } = await openOffice(world, 'acme');
    const audience = { users: ['carol'], services: ['batch-runner'] };
    world.configure({ routes: [aRoute({ rules: [aRule({ audience })] })] });
    for (const username of ['carol', 'Carol', 'batch-runner']) {
      await assert.rejects(
        createPerson(world.ctx, admin, { ...nobody, username }),
        problem('validation-failed'),
      );
    }
    assert.equal((await createPerson(world.ctx, admin, nobody)).user.username, 'nina');
    const own = await createPerson(world.ctx, office.admin, { ...nobody, username: 'carol' });
    assert.equal(own.user.username, 'carol');
  });
});
