/** What a tenant demands, how it stands, and who is reminded of it. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { TenantId, UserId } from '../../../../src/core/ids.ts';
import { mfaStatusOf, noteToday } from '../../../../src/flows/admin/mfa-status.ts';
import { type Reminder, remind } from '../../../../src/flows/admin/reminders.ts';
import {
  changeTenantSettings,
  outlookOfSettings,
} from '../../../../src/flows/admin/tenant-settings.ts';
import { setDisabled } from '../../../../src/flows/admin/users.ts';
import { openWorld, sure, type World } from '../../../support/flow-world.ts';
import { aProblem } from '../../../support/own-changes.ts';
import {
  newPerson,
  officePolicy,
  type Office,
  openOffice,
  refreshed,
} from '../../../support/reset-office.ts';

const mail = {
  host: 'mail.example.com',
  port: 25,
  isImplicitTls: false,
  isTlsRequired: true,
  username: null,
  password: null,
  from: 'security@example.com',
} as const;
const day = 24 * 3600;

let world: World;
let office: Office;
beforeEach(async () => {
  world = await openWorld({
    config: { policy: officePolicy(), mail, sessions: { idleSeconds: 1e8, absoluteSeconds: 1e8 } },
  });
  office = await openOffice(world);
});
afterEach(() => world.close());

const demand = (isMfaRequired: boolean, gracePeriodDays: number, admin = office.admin) =>
  changeTenantSettings(world.ctx, admin, { isMfaRequired, gracePeriodDays });
const send = (whom: Reminder['whom'], after: string | null = null, admin = office.admin) =>
  remind(world.ctx, admin, { whom, after });
const tenant = async (id = 'default') => sure(await world.ctx.stores.tenants.find(id as TenantId));
const reminders = async () => {
  const now = world.clock.now();
  const all = await world.ctx.stores.outbox.take({ now, leaseUntil: now + 1, limit: 1000 });
  return all.filter(({ kind }) => kind === 'enrollment-reminder');
};

describe('the settings of a tenant', () => {
  test('are changed by an administrator, for their own tenant, with its event', async () => {
    const acme = await openOffice(world, 'acme');
    await demand(true, 14, acme.admin);
    assert.equal((await tenant('acme')).rules.isMfaRequired, true);
    assert.equal((await tenant()).rules.isMfaRequired, false);
    const event = sure((await world.events()).findLast(({ type }) => type === 'settings.changed'));
    assert.deepEqual(
      [event.actor, event.tenant, event.severity, event.details['mfaRequired']],
      ['acme-ada', 'acme', 'notice', true],
    );
    const changes = await world.ctx.stores.accessChanges.since(world.clock.now());
    assert.ok(changes.some(({ whose }) => whose === 'acme'));
  });

  test('say so louder when they are relaxed', async () => {
    await demand(true, 0);
    await demand(false, 0);
    const event = sure((await world.events()).findLast(({ type }) => type === 'settings.changed'));
    assert.equal(event.severity, 'warning');
  });

  test('are for the role, freshly proved, and within reason', async () => {
    for (const role of ['manager', 'owner', 'executor', 'auditor'] as const) {
      await assert.rejects(demand(true, 0, office[role]), aProblem('not-permitted'));
    }
    for (const days of [-1, 366, 1.5, Number.NaN]) {
      await assert.rejects(demand(true, days), aProblem('validation-failed'));
    }
    world.clock.advance(3600);
    await assert.rejects(demand(true, 0), aProblem('step-up-required'));
    assert.equal((await tenant()).rules.isMfaRequired, false);
  });

  test('are shown with what they would come to, and nothing is changed by looking', async () => {
    await newPerson(world, 'dan');
    world.clock.advance(1);
    const outlook = await outlookOfSettings(world.ctx, office.auditor, {
      isMfaRequired: true,
      gracePeriodDays: 14,
    });
    assert.deepEqual(outlook, {
      peopleWithout: 6,
      graceEndsAt: world.clock.now() + 14 * day * 1000,
      isGraceOver: false,
    });
    assert.equal((await tenant()).rules.isMfaRequired, false);

    await demand(true, 1);
    world.clock.advance(2 * day);
    const later = await outlookOfSettings(world.ctx, office.auditor, {
      isMfaRequired: true,
      gracePeriodDays: 30,
    });
    assert.equal(later.isGraceOver, true);
  });
});

describe('how a tenant stands', () => {
  test('adds up, and is noted once a day for every tenant', async () => {
    await newPerson(world, 'dan');
    await openOffice(world, 'acme');
    world.clock.advance(1);
    await demand(true, 5);
    const status = await mfaStatusOf(world.ctx, office.auditor);
    assert.deepEqual(status.totals, {
      total: 6,
      enrolled: 0,
      'in-grace': 6,
      missing: 0,
      'not-asked': 0,
    });

    await noteToday(world.ctx);
    world.clock.advance(6 * day);
    await noteToday(world.ctx);
    await noteToday(world.ctx);
    const days = await world.ctx.stores.people.listDays('default' as TenantId, 10);
    assert.deepEqual(
      days.map(({ inGrace, missing }) => [inGrace, missing]),
      [
        [6, 0],
        [0, 6],
      ],
    );
    assert.equal((await world.ctx.stores.people.listDays('acme' as TenantId, 10)).length, 2);
    // Today stands there as it is now, not as it was noted.
    await setDisabled(world.ctx, { username: 'dan', isDisabled: true });
    const later = await mfaStatusOf(world.ctx, office.auditor);
    assert.deepEqual(
      later.days.map(({ missing }) => missing),
      [0, 5],
    );
  });
});

describe('a reminder', () => {
  let dan: UserId;
  beforeEach(async () => {
    dan = await newPerson(world, 'dan');
    world.clock.advance(1);
    await demand(true, 5);
  });

  test('is mailed once a day, with the day it is due, and audited', async () => {
    assert.deepEqual(await send([dan]), { sent: 1, skipped: 0, next: null });
    assert.deepEqual(await send([dan, dan]), { sent: 0, skipped: 1, next: null });
    const [written, ...more] = await reminders();
    assert.deepEqual(more, []);
    assert.equal(written?.to, 'dan@example.com');
    assert.equal(written?.details['due'], (await tenant()).rules.graceEndsAt);
    const event = sure((await world.events()).findLast(({ type }) => type === 'reminder.sent'));
    assert.deepEqual([event.actor, event.subject], ['ada', dan]);

    world.clock.advance(day);
    const again = await remind(world.ctx, await refreshed(world, office.admin), { whom: [dan] });
    assert.equal(again.sent, 1);
  });

  test('goes to all who owe, and to nobody who does not', async () => {
    const enrolled = await world.enrolledPerson('anna');
    world.clock.advance(60);
    office = { ...office, admin: await refreshed(world, office.admin) };
    assert.deepEqual(await send('all-missing'), { sent: 0, skipped: 0, next: null });
    const { sent } = await send('all-in-grace');
    assert.equal(sent, 6);
    assert.ok(!(await reminders()).some(({ userId }) => userId === enrolled.session.principal.id));
    assert.deepEqual(await send([enrolled.session.principal.id]), {
      sent: 0,
      skipped: 1,
      next: null,
    });
  });

  test('goes to hundreds in batches, each of which says how many wait behind it', async () => {
    for (let at = 0; at < 520; at += 1) {
      await world.ctx.stores.users.create({
        id: `usr_${String(at)}` as UserId,
        kind: 'user',
        username: `zed-${String(at).padStart(4, '0')}`,
        displayName: 'Zed',
        email: at % 10 === 0 ? null : `z${String(at)}@example.com`,
        groups: [],
        tenant: 'default' as TenantId,
        networks: [],
        passwordHash: null,
        createdAt: world.clock.now() - 1000,
      });
    }
    const first = await send('all-in-grace');
    assert.deepEqual([first.sent + first.skipped, first.next?.people], [500, 26]);
    const second = await send('all-in-grace', sure(first.next).after);
    assert.deepEqual([second.sent + second.skipped, second.next], [26, null]);
    assert.equal((await reminders()).length, first.sent + second.sent);
    assert.equal(first.sent + second.sent, 520 - 52 + 6);
  });

  test('is for the role, for people of the tenant, and only where there is mail', async () => {
    await assert.rejects(send([dan], null, office.auditor), aProblem('not-permitted'));
    const acme = await openOffice(world, 'acme');
    await assert.rejects(send([dan], null, acme.admin), aProblem('not-found'));
    world.configure({ mail: null });
    await assert.rejects(send([dan]), aProblem('conflict'));
    assert.deepEqual(await reminders(), []);
  });
});
