/**
 * Carrying a reset out: what it takes away at once, what it opens, and that the password alone opens
 * nothing afterwards (G5, G8, G10).
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../../src/core/facts.ts';
import type { ResetRequestId, UserId } from '../../../../src/core/ids.ts';
import type { Administrator } from '../../../../src/flows/admin/administrator.ts';
import { approveReset, executeReset, requestReset } from '../../../../src/flows/admin/resets.ts';
import {
  linkEnrollment,
  superviseEnrollment,
} from '../../../../src/flows/admin/resets/enroll-again.ts';
import { resetMfa, setDisabled, setGroups } from '../../../../src/flows/admin/users.ts';
import { beginPasskeyEnrollment } from '../../../../src/flows/enroll/enroll-passkey.ts';
import { beginTotpEnrollment } from '../../../../src/flows/enroll/enroll-totp.ts';
import { isKeptFromEnrolling } from '../../../../src/flows/enroll/may-enroll.ts';
import {
  lookAtLink,
  redeemEnrollAgain,
  redeemInvitation,
} from '../../../../src/flows/enroll/redeem-link.ts';
import { createEnrollmentLink } from '../../../../src/flows/admin/enrollment-links.ts';
import { nextPage } from '../../../../src/flows/next-page.ts';
import { answerChallenge } from '../../../../src/flows/sign-in/challenge.ts';
import { codeAt } from '../../../support/authenticator-app.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../../support/flow-world.ts';
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
  resetBy,
  secretOf,
  type Office,
} from '../../../support/reset-office.ts';

const hour = 3600;

let world: World;
let office: Office;
beforeEach(async () => {
  world = await openWorld({
    config: { policy: officePolicy(), sessions: { idleSeconds: 1e7, absoluteSeconds: 1e7 } },
  });
});
afterEach(() => world.close());

/** Anna with an app, and the office with sessions of this instant. */
async function annaEnrolled(): Promise<EnrolledPerson> {
  const anna = await world.enrolledPerson('anna');
  office = await openOffice(world);
  return anna;
}

const execute = (id: ResetRequestId, who: Administrator = office.executor) =>
  executeReset(world.ctx, who, { id, enrollment: 'link' });
const idOf = ({ session }: EnrolledPerson): UserId => session.principal.id;
const redeem = (link: string | null, password = goodPassword, username = 'anna') =>
  redeemEnrollAgain(world.ctx, visit(), { secret: secretOf(link), username, password });

/** Nothing stands against enrolling in this session. */
async function assertEnrolls(session: SessionFacts): Promise<void> {
  const { secret } = await beginTotpEnrollment(world.ctx, session);
  assert.match(secret, /^[A-Z2-7]{32,}$/);
}

/** Signs in by the link; the session that it begins. */
async function byLink(link: string | null): Promise<SessionFacts> {
  const answer = await redeem(link);
  assert(answer.ok, JSON.stringify(answer));
  return sure(await world.rise(answer.session, null));
}

describe('a reset that is carried out', () => {
  test('leaves nothing of what the person had', async () => {
    const anna = await annaEnrolled();
    const id = idOf(anna);
    const { stores } = world.ctx;
    await stores.devices.see({
      id: 'dev_1' as never,
      userId: id,
      key: 'k',
      name: '',
      firstSeenAt: 1,
      lastSeenAt: 1,
      lastIp: '',
    });
    const until = world.clock.now() + 1e9;
    await stores.devices.trust(id, 'k', { method: 'totp', provedAt: 1, until });
    const halfSetUp = await freshSession(world, id);
    await beginTotpEnrollment(world.ctx, halfSetUp);
    const lockout = { failuresMax: 1, withinSeconds: 900, durationSeconds: 900 };
    await stores.attempts.reserve(id, lockout, world.clock.now());
    const invitation = await stores.transaction((inside) =>
      createEnrollmentLink(
        world.ctx,
        inside,
        'cli',
        sure({ ...anna.session.principal }),
        'invitation',
        world.clock.now(),
      ),
    );

    const { execution, request } = await resetBy(world, office, id);

    assert.deepEqual(execution.removed, {
      authenticators: 1,
      recoveryCodes: 10,
      trustedDevices: 1,
    });
    assert.deepEqual(await stores.authenticators.listOfUser(id), []);
    assert.equal(await stores.recoveryCodes.hasConfirmed(id), false);
    assert.equal((await stores.devices.find(id, 'k'))?.trust, null);
    assert.equal(await stores.attempts.lockedUntil(id, world.clock.now()), null);
    const pending = await stores.challenges.find(
      'totp-enrollment',
      halfSetUp.key,
      world.clock.now(),
    );
    assert.equal(pending, null);
    assert.equal(await lookAtLink(world.ctx, secretOf(invitation.url)), null);
    for (const session of [anna.session, halfSetUp])
      assert.equal(await world.recall(session.key), null);
    assert.deepEqual(await world.ctx.sessions.listOfUser(id, world.clock.now()), []);
    const changes = await stores.accessChanges.since(world.clock.now());
    assert.ok(
      changes.some(({ whose }) => whose === id),
      'open streams hear of it',
    );
    assert.deepEqual([request.state, request.endedByName], ['executed', 'eve']);
  });

  test('is in the audit trail with all that led to it, and no secret', async () => {
    const anna = await annaEnrolled();
    await setGroups(world.ctx, { username: 'anna', groups: ['TIER0'] });
    const { execution, request } = await resetBy(world, office, idOf(anna));
    const events = await world.events();
    const event = sure(events.at(-1));
    assert.deepEqual([event.type, event.severity, event.actor], ['reset.executed', 'high', 'eve']);
    assert.deepEqual(event.details, {
      username: 'anna',
      request: request.id,
      tier: 'TIER0',
      ticket: 'OPS-7',
      reason: 'phone lost',
      requestedBy: 'ada',
      approvedBy: ['manager: max', 'security-owner: olga'],
      proofing: ['id-document: HR-2231', 'call-back: number on file, 14:02'],
      enrollment: 'link',
      authenticators: 1,
      recoveryCodes: 10,
      trustedDevices: 0,
    });
    const secret = secretOf(execution.link);
    assert.ok(!JSON.stringify(events).includes(secret), 'the link is in no event');
    const link = sure(events.find(({ type }) => type === 'enrollment-link.created'));
    assert.deepEqual([link.severity, link.details['isMailed']], ['high', false]);
  });

  test('is no more once it is done: again, by another, after a rejection', async () => {
    const anna = await annaEnrolled();
    const { id } = await approvedRequest(world, office, idOf(anna));
    await execute(id);
    const { sessionEpoch } = sure(await world.ctx.stores.users.findById(idOf(anna)));
    const second = await newAdministrator(world, 'eva', ['EXECUTORS']);
    await assert.rejects(execute(id), aProblem('conflict'));
    await assert.rejects(execute(id, second), aProblem('conflict'));
    const after = sure(await world.ctx.stores.users.findById(idOf(anna)));
    assert.equal(after.sessionEpoch, sessionEpoch);
    const executed = (await world.eventTypes()).filter((type) => type === 'reset.executed');
    assert.equal(executed.length, 1);
  });

  test('is for those who may execute resets, and for nobody else', async () => {
    const anna = await annaEnrolled();
    const { id } = await approvedRequest(world, office, idOf(anna));
    for (const who of ['admin', 'manager', 'owner', 'auditor'] as const) {
      await assert.rejects(execute(id, office[who]), aProblem('not-permitted'), who);
    }
    const { request } = await execute(id);
    assert.equal(request.state, 'executed');
  });

  test('is refused before it is approved, by whoever stands below, and without a fresh proof', async () => {
    const anna = await annaEnrolled();
    await setGroups(world.ctx, { username: 'anna', groups: ['TIER1'] });
    const roleGroups = { ...officePolicy().roleGroups, 'reset-executor': ['EXECUTORS', 'HELP'] };
    world.configure({ policy: { ...officePolicy(), roleGroups } });
    const help = await newAdministrator(world, 'hal', ['HELP']);
    const { id } = (await ask(world, office, idOf(anna))).request;
    await assert.rejects(execute(id), aProblem('conflict'));
    await approveReset(world.ctx, office.manager, { id });
    await assert.rejects(execute(id), aProblem('conflict'));
    await approveReset(world.ctx, office.owner, { id });
    await assert.rejects(execute(id, help), aProblem('not-permitted'));
    world.clock.advance(601);
    await assert.rejects(execute(id), aProblem('step-up-required'));
    const executor = await refreshed(world, office.executor);
    assert.equal((await execute(id, executor)).request.state, 'executed');
  });

  describe('rests on approvals that still count', () => {
    const losses: Readonly<Record<string, () => Promise<unknown>>> = {
      'lost the role': () => setGroups(world.ctx, { username: 'max', groups: ['AUDITORS'] }),
      'was disabled': () => setDisabled(world.ctx, { username: 'max', isDisabled: true }),
      'is gone': () => world.ctx.stores.users.remove(office.manager.session.principal.id),
    };
    for (const [what, lose] of Object.entries(losses)) {
      test(`not that of somebody who ${what} since`, async () => {
        const anna = await annaEnrolled();
        const { id } = await approvedRequest(world, office, idOf(anna));
        await lose();
        await assert.rejects(execute(id), aProblem('conflict'));
        assert.equal((await world.ctx.stores.authenticators.listOfUser(idOf(anna))).length, 1);
      });
    }

    test('and on as many as the person’s tier asks for by now', async () => {
      const anna = await annaEnrolled();
      const { id } = await approvedRequest(world, office, idOf(anna));
      await setGroups(world.ctx, { username: 'anna', groups: ['TIER0'] });
      await assert.rejects(execute(id), aProblem('conflict'));
    });

    test('and on as much as the policy asks for by now', async () => {
      const anna = await annaEnrolled();
      const easy = { requiresApproval: false, requiresIdentityProofing: false };
      world.configure({ policy: officePolicy({ reset: easy }) });
      const asked = { userId: idOf(anna), ...goodReason, proofing: [] };
      const { request } = await requestReset(world.ctx, office.admin, asked);
      assert.equal(request.state, 'approved');
      world.configure({ policy: officePolicy({ reset: { requiresIdentityProofing: false } }) });
      await assert.rejects(execute(request.id), aProblem('conflict'));
      world.configure({ policy: officePolicy({ reset: { requiresApproval: false } }) });
      await assert.rejects(execute(request.id), aProblem('conflict'));
      world.configure({ policy: officePolicy({ reset: easy }) });
      assert.equal((await execute(request.id)).request.state, 'executed');
    });
  });

  test('happens at once where nobody approves and whoever asks may', async () => {
    const anna = await annaEnrolled();
    world.configure({ policy: officePolicy({ reset: { requiresApproval: false } }) });
    const asked = { userId: idOf(anna), ...goodReason };
    const { outcome, request, execution } = await requestReset(world.ctx, office.executor, asked);
    assert.deepEqual([outcome, request.state], ['executed', 'executed']);
    const { supervisedUntil } = sure(execution);
    assert.equal(supervisedUntil, world.clock.now() + 900_000);
    assert.equal(await world.recall(anna.session.key), null);
  });

  test('waits for somebody who may where whoever asks may not', async () => {
    const anna = await annaEnrolled();
    world.configure({ policy: officePolicy({ reset: { requiresApproval: false } }) });
    const asked = { userId: idOf(anna), ...goodReason };
    const { outcome, request } = await requestReset(world.ctx, office.admin, asked);
    assert.deepEqual([outcome, request.state], ['pending', 'approved']);
    assert.ok(await world.recall(anna.session.key));
    assert.equal((await execute(request.id)).request.state, 'executed');
  });
});

/** Anna was reset; somebody who knows her password signs in. */
async function thief(way: 'link' | 'supervised' = 'link') {
  const anna = await annaEnrolled();
  const { execution } = await resetBy(world, office, idOf(anna), way);
  return { anna, execution, session: await world.signInBy('anna') };
}

describe('after a reset, whoever stole the password', () => {
  const required = aProblem('enrollment-link-required');

  test('gets nowhere, and enrolls neither app nor passkey (G8)', async () => {
    const { session, anna } = await thief();
    assert.equal(nextPage(world.ctx, session), 'enroll');
    await assert.rejects(beginTotpEnrollment(world.ctx, session), required);
    await assert.rejects(beginPasskeyEnrollment(world.ctx, session), required);
    assert.equal(await isKeptFromEnrolling(world.ctx, session), true);
    const code = sure(anna.recoveryCodes[0]);
    const used = answerChallenge(world.ctx, visit(), session, { method: 'recovery-code', code });
    assert.equal((await used).ok, false);
  });

  test('does not get further by a pause, an hour back, or a second sign-in', async () => {
    await thief();
    for (const seconds of [-hour, 2 * hour, 30 * 24 * hour]) {
      world.clock.advance(seconds);
      await assert.rejects(beginTotpEnrollment(world.ctx, await world.signInBy('anna')), required);
    }
  });

  test('is let in by nobody’s presence but within a quarter of an hour', async () => {
    const { session, execution } = await thief('supervised');
    assert.equal(sure(execution.supervisedUntil), world.clock.now() + 900_000);
    assert.equal(execution.link, null);
    await assertEnrolls(session);
    world.clock.advance(900);
    await assert.rejects(beginTotpEnrollment(world.ctx, session), required);
    world.clock.advance(-1);
    await assertEnrolls(session);
    // A clock that has gone back gives no more of it.
    world.clock.advance(-hour);
    await assert.rejects(beginTotpEnrollment(world.ctx, session), required);
  });

  test('needs the link, and the link needs the password', async () => {
    const { execution } = await thief();
    const wrong = await redeem(execution.link, 'not-the-password');
    assert.deepEqual(wrong, { ok: false, reason: 'invalid-credentials' });
    const session = await byLink(execution.link);
    await assertEnrolls(session);
  });

  test('gains nothing by a session that began before the owner used the link', async () => {
    const { session, execution } = await thief();
    const owner = await byLink(execution.link);
    await assert.rejects(beginTotpEnrollment(world.ctx, session), required);
    await world.enroll(owner);
    // Now there is something to prove.
    await assert.rejects(beginTotpEnrollment(world.ctx, session), aProblem('step-up-required'));
  });
});

describe('enrolling again', () => {
  test('lifts the guard, uses up what else was open, and asks for a proof from then on', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    const { session, secret } = await world.enroll(await byLink(execution.link));
    const user = sure(await world.ctx.stores.users.findById(idOf(anna)));
    assert.deepEqual([user.enrollGuard, user.mustEnrollAt], [null, null]);
    assert.equal(await isKeptFromEnrolling(world.ctx, session), false);
    const links = await world.ctx.stores.enrollmentLinks.listOfUser(user.id, world.clock.now());
    assert.deepEqual(links, []);
    world.clock.advance(60);
    const again = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, again), 'challenge');
    const guess = { method: 'totp', code: codeAt(secret, world.clock.now()) } as const;
    assert.equal((await answerChallenge(world.ctx, visit(), again, guess)).ok, true);
  });

  test('works by another link or window later, in place of the ones before', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    world.clock.advance(25 * hour);
    assert.deepEqual(await redeem(execution.link), { ok: false, reason: 'link-not-valid' });
    const executor = await refreshed(world, office.executor);
    const first = await linkEnrollment(world.ctx, executor, idOf(anna));
    const second = await linkEnrollment(world.ctx, executor, idOf(anna));
    assert.equal((await redeem(first.url)).ok, false);
    await assertEnrolls(await byLink(second.url));

    const session = await world.signInBy('anna');
    await assert.rejects(
      beginTotpEnrollment(world.ctx, session),
      aProblem('enrollment-link-required'),
    );
    const { supervisedUntil } = await superviseEnrollment(world.ctx, executor, idOf(anna));
    assert.equal(supervisedUntil, world.clock.now() + 900_000);
    await assertEnrolls(session);
    const event = sure(
      (await world.events()).findLast(({ type }) => type === 'enrollment.supervised'),
    );
    assert.deepEqual(
      [event.severity, event.actor, event.details['until']],
      ['high', 'eve', supervisedUntil],
    );
  });

  test('is opened by whoever may carry out resets, for whoever was reset, never for oneself', async () => {
    const anna = await annaEnrolled();
    const { ctx } = world;
    for (const open of [linkEnrollment, superviseEnrollment]) {
      await assert.rejects(open(ctx, office.executor, idOf(anna)), aProblem('conflict'));
    }
    await resetBy(world, office, idOf(anna));
    const other = await openOffice(world, 'acme');
    const own = office.executor.session.principal.id;
    await ctx.stores.users.setEnrollGuard(own, { since: world.clock.now(), supervisedUntil: null });
    for (const open of [linkEnrollment, superviseEnrollment]) {
      for (const who of ['admin', 'manager', 'owner', 'auditor'] as const) {
        await assert.rejects(open(ctx, office[who], idOf(anna)), aProblem('not-permitted'), who);
      }
      await assert.rejects(open(ctx, other.executor, idOf(anna)), aProblem('not-found'));
      await assert.rejects(open(ctx, office.executor, own), aProblem('conflict'));
    }
    const { supervisedUntil } = await superviseEnrollment(ctx, office.executor, idOf(anna));
    assert.equal(supervisedUntil, world.clock.now() + 900_000);
  });

  test('is needed where the policy says so, and stays guarded where it does not', async () => {
    const anna = await annaEnrolled();
    world.configure({ policy: officePolicy({ reset: { requiresEnrollAfterwards: false } }) });
    await resetBy(world, office, idOf(anna));
    const session = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, session), 'done');
    await assert.rejects(
      beginTotpEnrollment(world.ctx, session),
      aProblem('enrollment-link-required'),
    );
  });
});

const invite = async (userId: UserId) => {
  const user = sure(await world.ctx.stores.users.findById(userId));
  const now = world.clock.now();
  return world.ctx.stores.transaction((stores) =>
    createEnrollmentLink(world.ctx, stores, office.admin, user, 'invitation', now),
  );
};

describe('a link', () => {
  test('to enroll again works once, for whose it is, within a day (G5)', async () => {
    const anna = await annaEnrolled();
    const ben = await newPerson(world, 'ben');
    const { execution } = await resetBy(world, office, idOf(anna));
    const other = await resetBy(world, office, ben);
    const secret = secretOf(execution.link);

    assert.deepEqual(Object.keys(sure(await lookAtLink(world.ctx, secret))), ['kind', 'expiresAt']);
    // Anna's link with the right password of ben, and the other way round.
    const refused = { ok: false, reason: 'invalid-credentials' };
    assert.deepEqual(await redeem(execution.link, goodPassword, 'ben'), refused);
    assert.deepEqual(await redeem(other.execution.link, goodPassword, 'anna'), refused);
    assert.deepEqual(await redeem(execution.link, goodPassword, 'nobody'), refused);
    assert.deepEqual(await redeem(execution.link, 'wrong'), refused);
    const failed = (await world.events()).filter(({ type }) => type === 'session.sign-in-failed');
    assert.deepEqual(
      failed.map(({ subject }) => subject),
      [idOf(anna), ben, idOf(anna), idOf(anna)],
    );

    assert.equal((await redeem(execution.link)).ok, true);
    assert.deepEqual(await redeem(execution.link), { ok: false, reason: 'link-not-valid' });
    assert.equal(await lookAtLink(world.ctx, secret), null);
    world.clock.advance(24 * hour);
    assert.equal(await lookAtLink(world.ctx, secretOf(other.execution.link)), null);
  });

  test('is no link for anything else, nor from before the clock went back', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    const secret = secretOf(execution.link);
    const invited = await redeemInvitation(world.ctx, visit(), {
      secret,
      password: 'another-long-one',
    });
    assert.deepEqual(invited, { ok: false, reason: 'link-not-valid' });
    for (const other of [
      '',
      'x',
      `${secret}x`,
      secret.toUpperCase(),
      "' or 1=1 --",
      '\u0000'.repeat(43),
    ]) {
      assert.equal(await lookAtLink(world.ctx, other), null, other);
    }
    world.clock.advance(-hour);
    assert.equal(await lookAtLink(world.ctx, secret), null);
  });

  test('of somebody who was disabled, or reset again, is worth nothing', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    await setDisabled(world.ctx, { username: 'anna', isDisabled: true });
    assert.deepEqual(await redeem(execution.link), { ok: false, reason: 'link-not-valid' });
    await setDisabled(world.ctx, { username: 'anna', isDisabled: false });
    await resetBy(world, await reopened(world, office), idOf(anna));
    assert.deepEqual(await redeem(execution.link), { ok: false, reason: 'link-not-valid' });
  });

  test('counts guesses like a sign-in does (G7)', async () => {
    const rates = { passwordPerAccount: { timesMax: 3, withinSeconds: 900 } };
    const strict = await openWorld({ config: { policy: officePolicy() }, rates });
    try {
      const anna = await newPerson(strict, 'anna');
      const { execution } = await resetBy(strict, await openOffice(strict), anna);
      const secret = secretOf(execution.link);
      const guess = (password: string) =>
        redeemEnrollAgain(strict.ctx, visit(), { secret, username: 'anna', password });
      for (let tries = 0; tries < 3; tries += 1) assert.equal((await guess('wrong')).ok, false);
      await assert.rejects(guess(goodPassword), aProblem('too-many-attempts'));
    } finally {
      await strict.close();
    }
  });

  test('to choose a password sets it, ends every session, and asks for the second factor (ASVS 6.4.3)', async () => {
    const anna = await annaEnrolled();
    const { url, expiresAt } = await invite(idOf(anna));
    assert.ok(url.startsWith('https://console.example.com/_mfa/link/'));
    assert.equal(expiresAt, world.clock.now() + 3 * 24 * hour * 1000);
    const secret = secretOf(url);
    const choose = (password: string) => redeemInvitation(world.ctx, visit(), { secret, password });

    assert.equal(sure(await lookAtLink(world.ctx, secret)).kind, 'invitation');
    const weak = await choose('password1234');
    assert.ok(!weak.ok && 'sentence' in weak);
    const answer = await choose('turnip-cathedral-49');
    assert.ok(answer.ok);
    const session = sure(await world.rise(answer.session, null));
    assert.equal(nextPage(world.ctx, session), 'challenge');
    assert.equal(await world.recall(anna.session.key), null);
    assert.deepEqual(await choose('turnip-cathedral-50'), { ok: false, reason: 'link-not-valid' });
    assert.equal((await world.signInBy('anna', 'turnip-cathedral-49')).principal.id, idOf(anna));
    assert.ok((await world.eventTypes()).includes('user.password-changed'));
  });

  test('to choose a password alone does not pass the guard of a reset (G8)', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    const { url } = await invite(idOf(anna));
    const password = 'turnip-cathedral-49';
    const chosen = await redeemInvitation(world.ctx, visit(), { secret: secretOf(url), password });
    assert.ok(chosen.ok);
    const session = sure(await world.rise(chosen.session, null));
    await assert.rejects(
      beginTotpEnrollment(world.ctx, session),
      aProblem('enrollment-link-required'),
    );
    const again = await redeem(execution.link, password);
    assert.ok(again.ok);
    await assertEnrolls(sure(await world.rise(again.session, null)));
  });

  test('is kept as a hash, and in the audit trail as having been used', async () => {
    const anna = await annaEnrolled();
    const { execution } = await resetBy(world, office, idOf(anna));
    const secret = secretOf(execution.link);
    const rows = await world.database.db.selectFrom('enrollment_links').selectAll().execute();
    assert.equal(rows.length, 1);
    assert.ok(!JSON.stringify(rows).includes(secret));
    await byLink(execution.link);
    const used = sure((await world.events()).find(({ type }) => type === 'enrollment-link.used'));
    assert.deepEqual(
      [used.actor, used.details],
      ['anna', { kind: 'enroll-again', createdBy: 'eve' }],
    );
  });
});

const breakGlass = () =>
  resetMfa(world.ctx, { username: 'anna', reason: 'nobody left', ticket: 'T-1' });

describe('break-glass', () => {
  test('ends the request that it was faster than, and that cannot be carried out any more', async () => {
    const anna = await annaEnrolled();
    const { id } = await approvedRequest(world, office, idOf(anna));
    assert.equal((await breakGlass()).ok, true);
    const ended = sure(await world.ctx.stores.resets.find(id));
    assert.deepEqual([ended.state, ended.endedByName], ['cancelled', 'cli']);
    assert.match(sure(ended.endReason), /break-glass/);
    await assert.rejects(execute(id), aProblem('conflict'));
    const types = (await world.eventTypes()).slice(-2);
    assert.deepEqual(types, ['reset.cancelled', 'reset.executed']);
  });

  test('lets the person enroll by password, also one whom a guard kept from it', async () => {
    const anna = await annaEnrolled();
    await resetBy(world, office, idOf(anna));
    await breakGlass();
    const session = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, session), 'enroll');
    await assertEnrolls(session);
  });
});
