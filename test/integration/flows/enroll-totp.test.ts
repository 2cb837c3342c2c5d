/** Enrolling an authenticator app. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { AuthenticatorId } from '../../../src/core/ids.ts';
import { Problem } from '../../../src/core/problem.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../src/flows/enroll/enroll-totp.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { resetMfa } from '../../../src/flows/admin/users.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { mailFor, mailThatWaits, steppedUp, withAddress } from '../../support/own-changes.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';

let world: World;
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
  session = await world.signInBy('anna');
});
afterEach(() => world.close());

const begin = (by: SessionFacts = session) => beginTotpEnrollment(world.ctx, by);
const finish = (code: string, by: SessionFacts = session) =>
  finishTotpEnrollment(world.ctx, visit(), by, { code });
const codeOf = (secret: string) => codeAt(secret, world.clock.now());
const appsOf = (by: SessionFacts) => world.ctx.stores.authenticators.listOfUser(by.principal.id);

describe('the secret to scan', () => {
  test('is the same however often this session asks', async () => {
    const { secret } = await begin();

    assert.equal((await begin()).secret, secret);
    const both = await Promise.all([begin(), begin()]);
    assert.deepEqual(new Set(both.map((pending) => pending.secret)), new Set([secret]));
  });

  test('is another in another session, after an hour and after a wrong code not', async () => {
    const { secret } = await begin();
    await finish('000000');
    assert.equal((await begin()).secret, secret);

    assert.notEqual((await begin(await world.signInBy('anna'))).secret, secret);
    world.clock.advance(3601);
    assert.notEqual((await begin()).secret, secret);
  });

  test('enrolls nothing by itself', async () => {
    await begin();

    assert.deepEqual(await appsOf(session), []);
    assert.deepEqual(sure(await world.recall(session.key)).enrolled, []);
  });

  // Security G9.
  test('is not in the database in the clear', async () => {
    const { secret } = await begin();
    const enrolled = await finish(codeOf(secret));
    assert(enrolled.ok);

    const rows = [
      ...(await world.database.db.selectFrom('challenges').selectAll().execute()),
      ...(await world.database.db.selectFrom('authenticators').selectAll().execute()),
      ...(await world.database.db.selectFrom('recovery_codes').selectAll().execute()),
      ...(await world.events()),
    ];
    assert(rows.length > 10);
    assert.equal(JSON.stringify(rows).includes(secret), false);
  });

  test('is not given where apps are switched off', async () => {
    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false } }) }) });

    await assert.rejects(begin(), (thrown) => isProblem(thrown, 'policy-forbids'));
    await assert.rejects(finish('000000'), (thrown) => isProblem(thrown, 'policy-forbids'));
  });
});

describe('the first code', () => {
  test('makes the app live and is a proof that does not count as fresh', async () => {
    const { secret } = await begin();

    const answer = await finish(codeOf(secret));

    assert(answer.ok);
    const proof = sure(answer.session.proofs.at(-1));
    assert.deepEqual([proof.method, proof.origin], ['totp', 'enrollment']);
    const [app] = await appsOf(session);
    assert.deepEqual([app?.method, app?.id], ['totp', proof.authenticatorId]);
  });

  test('makes recovery codes in the same step, to be shown', async () => {
    const { secret } = await begin();
    const answer = await finish(codeOf(secret));

    assert(answer.ok);
    assert.equal(answer.areCodesToShow, true);
    assert.deepEqual((await world.eventTypes()).slice(-2), [
      'authenticator.enrolled',
      'recovery-codes.generated',
    ]);
  });

  test('makes none where the policy switched them off', async () => {
    const mfa = anMfaPolicy({ recoveryCodes: { isEnabled: false } });
    world.configure({ policy: aPolicy({ mfa }) });
    const { secret } = await begin();

    const answer = await finish(codeOf(secret));

    assert(answer.ok);
    assert.equal(answer.areCodesToShow, false);
    assert.equal(await world.ctx.stores.recoveryCodes.hasUnconfirmed(session.principal.id), false);
  });

  test('that is wrong enrolls nothing, and a right one does afterwards', async () => {
    const { secret } = await begin();

    assert.deepEqual(await finish('not a code'), { ok: false, reason: 'wrong-code' });
    assert.deepEqual(await appsOf(session), []);
    assert.equal((await finish(codeOf(secret))).ok, true);
  });

  test('of the secret of another session is refused', async () => {
    const other = await world.signInBy('anna');
    const { secret } = await begin(other);

    assert.deepEqual(await finish(codeOf(secret)), { ok: false, reason: 'expired' });
    await begin();
    assert.deepEqual(await finish(codeOf(secret)), { ok: false, reason: 'wrong-code' });
  });

  test('without a secret, or an hour after it, finds the step expired', async () => {
    assert.deepEqual(await finish('000000'), { ok: false, reason: 'expired' });
    const { secret } = await begin();
    world.clock.advance(3601);

    assert.deepEqual(await finish(codeOf(secret)), { ok: false, reason: 'expired' });
  });

  test('enrolls once, however often it arrives', async () => {
    const { secret } = await begin();

    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => finish(codeOf(secret))),
    );

    const accepted = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.ok);
    assert.equal(accepted.length, 1);
    assert.equal((await appsOf(session)).length, 1);
  });

  test('enrolls nothing when its audit event cannot be written', async () => {
    const { secret } = await begin();
    const { stores } = world.ctx;
    const withoutAudit: typeof stores = {
      ...stores,
      transaction: (work) =>
        stores.transaction((inside) =>
          work({
            ...inside,
            audit: {
              ...inside.audit,
              append: () => Promise.reject(new StoreUnavailable('The audit log')),
            },
          }),
        ),
    };

    const ctx = { ...world.ctx, stores: withoutAudit };
    await assert.rejects(
      finishTotpEnrollment(ctx, visit(), session, { code: codeOf(secret) }),
      StoreUnavailable,
    );
    assert.deepEqual(await appsOf(session), []);
    assert.equal((await finish(codeOf(secret))).ok, true);
  });
});

describe('the name of an app', () => {
  test('is the one that was given, else what apps are called with a number', async () => {
    const anna = await world.enroll(session);
    let current = await steppedUp(world, anna);
    for (const name of [undefined, '', '  ', 'Tablet', 'Tablet', 'Authenticator app 2']) {
      const { secret } = await begin(current);
      const given = { code: codeOf(secret), ...(name !== undefined && { name }) };
      const answer = await finishTotpEnrollment(world.ctx, visit(), current, given);
      assert(answer.ok);
      current = sure(await world.rise(answer.session, current));
    }

    assert.deepEqual((await appsOf(session)).map(({ name }) => name).sort(), [
      'Authenticator app',
      'Authenticator app 2',
      'Authenticator app 2 2',
      'Authenticator app 3',
      'Authenticator app 4',
      'Tablet',
      'Tablet 2',
    ]);
  });

  test('has characters that can be seen, or nothing is enrolled', async () => {
    const { secret } = await begin();
    const given = { code: codeOf(secret), name: 'a\u202eb' };

    const answer = await finishTotpEnrollment(world.ctx, visit(), session, given);

    assert.deepEqual(answer, { ok: false, reason: 'name-not-printable' });
    assert.deepEqual(await appsOf(session), []);
  });

  test('stands in the mail that tells of it', async () => {
    world.configure({ mail: mailThatWaits });
    await withAddress(world, session);

    await world.enroll(session);

    assert.deepEqual(await mailFor(world, session), ['authenticator-added']);
  });
});

describe('somebody who has something enrolled', () => {
  // Regression: CVE-2026-3429 (Keycloak) — a session with a password alone enrolled its own app.
  test('adds nothing by password alone', async () => {
    await world.enroll(session);
    const thief = await world.signInBy('anna');

    await assert.rejects(begin(thief), (thrown) => isProblem(thrown, 'step-up-required'));
    await assert.rejects(finish('000000', thief), (thrown) =>
      isProblem(thrown, 'step-up-required'),
    );
  });

  test('goes on setting up for five minutes in the session that enrolled the first', async () => {
    const anna = await world.enroll(session);

    world.clock.advance(300);
    const second = await world.enroll(anna.session);
    await begin(second.session);
    world.clock.advance(1);
    await assert.rejects(begin(second.session), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  test('does not count as fresh by having enrolled another', async () => {
    const { session: anna } = await world.enrolledPerson('ben');
    const second = await world.enroll(anna);
    world.clock.advance(700);

    await assert.rejects(begin(second.session), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  test('has no such grace once the first authenticator is gone', async () => {
    const anna = await world.enroll(session);
    const [first] = await appsOf(session);
    await world.ctx.stores.authenticators.remove(session.principal.id, sure(first).id);

    await assert.rejects(begin(anna.session), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  test('has twenty authenticators at most', async () => {
    const { session: anna } = await world.enrolledPerson('ben');
    for (let more = 1; more < 20; more += 1) {
      const [one] = await appsOf(anna);
      const id = `ath_${String(more)}` as AuthenticatorId;
      await world.ctx.stores.authenticators.create({ ...sure(one), id });
    }

    await assert.rejects(begin(anna), (thrown) => isProblem(thrown, 'policy-forbids'));
  });

  test('adds another within the window of a step-up, and not a second later', async () => {
    const anna = await world.enroll(session);
    world.clock.advance(60);
    const fresh = await stepUp(world.ctx, visit(), anna.session, {
      password: goodPassword,
      method: 'totp',
      code: codeOf(anna.secret),
    });
    assert(fresh.ok);
    const risen = sure(await world.rise(fresh.session, anna.session));

    world.clock.advance(600);
    const { secret } = await begin(risen);
    world.clock.advance(1);
    await assert.rejects(finish(codeOf(secret), risen), (thrown) =>
      isProblem(thrown, 'step-up-required'),
    );
    world.clock.advance(-1);
    assert.equal((await finish(codeOf(secret), risen)).ok, true);
    assert.equal((await appsOf(risen)).length, 2);
  });

  test('gets no new recovery codes with another app', async () => {
    const anna = await world.enroll(session);
    world.clock.advance(60);
    const fresh = await stepUp(world.ctx, visit(), anna.session, {
      password: goodPassword,
      method: 'totp',
      code: codeOf(anna.secret),
    });
    assert(fresh.ok);
    const risen = sure(await world.rise(fresh.session, anna.session));
    const { secret } = await begin(risen);

    const answer = await finish(codeOf(secret), risen);

    assert(answer.ok);
    assert.equal(answer.areCodesToShow, false);
  });

  test('enrolled meanwhile in another browser: the second enrollment is refused', async () => {
    const mfa = anMfaPolicy({ recoveryCodes: { isEnabled: false } });
    world.configure({ policy: aPolicy({ mfa }) });
    const thief = await world.signInBy('anna');
    const stolen = await begin(thief);
    await world.enroll(session);

    await assert.rejects(finish(codeOf(stolen.secret), thief), (thrown) =>
      isProblem(thrown, 'step-up-required'),
    );
    assert.equal((await appsOf(session)).length, 1);
  });

  test('with nothing but a used-up set of recovery codes still has something', async () => {
    const anna = await world.enroll(session);
    await world.ctx.stores.authenticators.removeOfUser(session.principal.id);
    for (const code of anna.recoveryCodes) {
      const { codeFactors, stores, clock } = world.ctx;
      await codeFactors['recovery-code'].verify(stores, session.principal.id, code, clock.now());
    }
    const thief = await world.signInBy('anna');

    assert.deepEqual([thief.enrolled, thief.recoveryCodesLeft], [[], 0]);
    await assert.rejects(begin(thief), (thrown) => isProblem(thrown, 'step-up-required'));
  });
});

describe('an enrollment whose session has ended meanwhile', () => {
  test('enrolls nothing after a sign-out everywhere', async () => {
    const { secret } = await begin();
    await signOutEverywhere(world.ctx, visit(), session);

    await assert.rejects(finish(codeOf(secret)), (thrown) => isProblem(thrown, 'not-signed-in'));
    assert.deepEqual(await appsOf(session), []);
  });

  test('enrolls nothing after a reset: what a thief began is over', async () => {
    const { secret } = await begin();
    await resetMfa(world.ctx, { username: 'anna', reason: 'stolen laptop', ticket: 'T-2' });

    await assert.rejects(finish(codeOf(secret)), (thrown) => isProblem(thrown, 'not-signed-in'));
    assert.deepEqual(await appsOf(session), []);
  });
});

function isProblem(thrown: unknown, code: Problem['code']): boolean {
  return thrown instanceof Problem && thrown.code === code;
}
