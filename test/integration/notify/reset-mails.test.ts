/**
 * Who hears of a reset, at which step; and that the link in a mail is known to nobody before it is
 * sent (G8, G9).
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { UserId } from '../../../src/core/ids.ts';
import { createEnrollmentLink, linkInMail } from '../../../src/flows/admin/enrollment-links.ts';
import { approveReset, cancelReset, rejectReset } from '../../../src/flows/admin/resets.ts';
import { expireResets } from '../../../src/flows/admin/resets/end-request.ts';
import { resetMfa } from '../../../src/flows/admin/users.ts';
import { redeemEnrollAgain } from '../../../src/flows/enroll/redeem-link.ts';
import { UnsealError } from '../../../src/platform/seal.ts';
import type { WaitingMail } from '../../../src/stores/types.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { mailThatWaits } from '../../support/own-changes.ts';
import {
  approvedRequest,
  ask,
  newAdministrator,
  newPerson,
  officePolicy,
  openOffice,
  resetBy,
  secretOf,
  type Office,
} from '../../support/reset-office.ts';

let world: World;
let office: Office;
let anna: UserId;
beforeEach(async () => {
  world = await openWorld({ config: { policy: officePolicy(), mail: mailThatWaits } });
  office = await openOffice(world);
  anna = await newPerson(world, 'anna', ['TIER0']);
});
afterEach(() => world.close());

/** What waits to be sent since the last look. */
async function mails(): Promise<readonly WaitingMail[]> {
  const now = world.clock.now();
  const waiting = await world.ctx.stores.outbox.take({ now, leaseUntil: now, limit: 100 });
  for (const { id } of waiting) await world.ctx.stores.outbox.remove(id);
  return waiting;
}

/** `kind to name`, by name. */
async function told(): Promise<readonly string[]> {
  const waiting = await mails();
  return waiting.map(({ kind, to }) => `${kind} to ${to.replace('@example.com', '')}`).toSorted();
}

describe('a reset is told', () => {
  test('when it is asked for: to the person, and to all who may approve', async () => {
    await newAdministrator(world, 'mia', ['MANAGERS']);
    await newAdministrator(world, 'other', ['MANAGERS', 'ADMINS']);
    await ask(world, office, anna);
    assert.deepEqual(await told(), [
      'reset-approval-wanted to max',
      'reset-approval-wanted to mia',
      'reset-approval-wanted to olga',
      'reset-approval-wanted to other',
      'reset-requested to anna',
    ]);
  });

  test('to nobody else’s tenant, not to whoever asks, and not twice to the person', async () => {
    await openOffice(world, 'acme');
    const boss = await newAdministrator(world, 'boss', ['MANAGERS']);
    const { request } = await ask(world, office, boss.session.principal.id);
    assert.deepEqual(await told(), [
      'reset-approval-wanted to max',
      'reset-approval-wanted to olga',
      'reset-requested to boss',
    ]);
    assert.equal(request.state, 'pending');
  });

  test('at each approval: to the person, whoever asked, and at the end those who may execute', async () => {
    const { id } = (await ask(world, office, anna)).request;
    await mails();
    await approveReset(world.ctx, office.manager, { id });
    assert.deepEqual(await told(), ['reset-approved to ada', 'reset-approved to anna']);
    await approveReset(world.ctx, office.owner, { id });
    const waiting = await mails();
    assert.deepEqual(waiting.map(({ to }) => to.replace('@example.com', '')).toSorted(), [
      'ada',
      'anna',
      'eve',
      'max',
    ]);
    assert.deepEqual([...new Set(waiting.map(({ details }) => details['progress']))], ['2/2']);
    const [colleague, person] = ['max', 'anna'].map(
      (name) => sure(waiting.find(({ to }) => to.startsWith(name))).details,
    );
    assert.deepEqual(
      [colleague?.['reset'], colleague?.['username'], person?.['reset']],
      [id, 'anna', undefined],
    );
  });

  test('when it ends: to everybody who had a part in it', async () => {
    const first = await approvedRequest(world, office, anna);
    await mails();
    await rejectReset(world.ctx, office.owner, { id: first.id, reason: 'not her' });
    assert.deepEqual(await told(), [
      'reset-rejected to ada',
      'reset-rejected to anna',
      'reset-rejected to max',
    ]);

    const second = (await ask(world, office, anna)).request;
    await mails();
    await cancelReset(world.ctx, office.admin, { id: second.id, reason: 'found it' });
    assert.deepEqual(await told(), ['reset-cancelled to anna']);

    await ask(world, office, anna);
    await mails();
    world.clock.advance(24 * 3600);
    await expireResets(world.ctx);
    assert.deepEqual(await told(), ['reset-expired to ada', 'reset-expired to anna']);
  });

  test('when it was carried out, with the link to the person alone', async () => {
    await resetBy(world, office, anna);
    const waiting = (await mails()).filter(({ kind }) => /executed|again/.test(kind));
    assert.deepEqual(waiting.map(({ kind, to }) => `${kind} to ${to}`).toSorted(), [
      'enroll-again to anna@example.com',
      'reset-executed to ada@example.com',
      'reset-executed to anna@example.com',
      'reset-executed to max@example.com',
      'reset-executed to olga@example.com',
    ]);
  });

  test('when the command line was faster: that the request is cancelled, and who was reset', async () => {
    await ask(world, office, anna);
    await mails();
    await resetMfa(world.ctx, { username: 'anna', reason: 'urgent', ticket: 'T-1' });
    assert.deepEqual(await told(), [
      'mfa-reset to anna',
      'reset-cancelled to ada',
      'reset-cancelled to anna',
    ]);
  });
});

describe('a link in a mail that waits', () => {
  test('is sealed, opens at the moment of sending, and is the one that was made', async () => {
    const { execution } = await resetBy(world, office, anna);
    const mail = sure((await mails()).find(({ kind }) => kind === 'enroll-again'));
    const secret = secretOf(execution.link);
    assert.ok(!JSON.stringify(mail).includes(secret), 'nobody reads it in the database');

    const { sealer, config } = world.ctx;
    const opened = linkInMail(mail, { sealer, portal: config.current().portal });
    assert.equal(opened, execution.link);
    const typed = { secret: secretOf(opened), username: 'anna', password: goodPassword };
    assert.equal((await redeemEnrollAgain(world.ctx, visit(), typed)).ok, true);
  });

  test('does not open for another person, nor in a mail of another kind', async () => {
    await resetBy(world, office, anna);
    const mail = sure((await mails()).find(({ kind }) => kind === 'enroll-again'));
    const at = { sealer: world.ctx.sealer, portal: world.ctx.config.current().portal };
    const ben = await newPerson(world, 'ben');
    assert.throws(() => linkInMail({ ...mail, userId: ben }, at), UnsealError);
    assert.throws(() => linkInMail({ ...mail, kind: 'invitation' }, at), UnsealError);
  });

  test('is gone with its mail, and none is written where there is no address', async () => {
    const user = sure(await world.ctx.stores.users.findById(anna));
    const make = (email: string | null) =>
      world.ctx.stores.transaction((stores) =>
        createEnrollmentLink(
          world.ctx,
          stores,
          'cli',
          { ...user, email },
          'invitation',
          world.clock.now(),
        ),
      );
    await make('anna@example.com');
    assert.equal((await mails()).length, 1);
    await make(null);
    assert.equal(await world.ctx.stores.outbox.count(), 0);
    const rows = await world.database.db.selectFrom('outbox').selectAll().execute();
    assert.deepEqual(rows, []);
  });
});
