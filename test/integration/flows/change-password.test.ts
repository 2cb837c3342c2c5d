/** A new password by its owner. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { changePassword } from '../../../src/flows/account/change-password.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import {
  aProblem,
  mailFor,
  mailThatWaits,
  steppedUp,
  withAddress,
} from '../../support/own-changes.ts';

const nextPassword = 'otter-lantern-wintry';

let world: World;
let dan: SessionFacts;
beforeEach(async () => {
  world = await openWorld({ config: { mail: mailThatWaits } });
  await world.addUser('dan');
  dan = await world.signInBy('dan');
  await withAddress(world, dan);
});
afterEach(() => world.close());

const change = (session: SessionFacts, given: Partial<Parameters<typeof changePassword>[3]> = {}) =>
  changePassword(world.ctx, visit(), session, {
    current: goodPassword,
    next: nextPassword,
    ...given,
  });
const opens = async (username: string, password: string) =>
  (await signIn(world.ctx, visit(), { username, password })).ok;

describe('a new password', () => {
  test('takes the place of the old one at once', async () => {
    const answer = await change(dan);

    assert(answer.ok);
    assert.deepEqual(
      [await opens('dan', goodPassword), await opens('dan', nextPassword)],
      [false, true],
    );
  });

  test('ends all other sessions; this one goes on under a new id', async () => {
    const elsewhere = await world.signInBy('dan');

    const answer = await change(dan);

    assert(answer.ok);
    assert.equal(await world.recall(elsewhere.key), null);
    assert.equal(await world.recall(dan.key), null);
    const risen = sure(await world.rise(answer.session, dan));
    assert.equal(risen.lineage, dan.lineage);
    assert.equal(risen.createdAt, dan.createdAt);
  });

  test('is audited and told, without either password', async () => {
    await change(dan);

    const events = await world.events();
    assert.equal(events.at(-1)?.type, 'user.password-changed');
    assert.doesNotMatch(JSON.stringify(events), /otter-lantern|gnome-lamp/);
    assert.deepEqual(await mailFor(world, dan), ['password-changed']);
  });

  test('does not bring a sign-in to life that was in flight with the old one', async () => {
    const inFlight = await signIn(world.ctx, visit(), { username: 'dan', password: goodPassword });
    assert(inFlight.ok);

    await change(dan);

    assert.equal(await world.rise(inFlight.session, null), null);
  });

  test('is taken once of many that arrive together', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => change(dan, { next: `${nextPassword}-${index}` })),
    );

    const taken = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.ok);
    assert.equal(taken.length, 1);
  });

  test('keeps the second factor that was proved, and forgets what a browser remembered', async () => {
    const anna = await world.enrolledPerson();
    const fresh = await steppedUp(world, anna);
    const at = world.clock.now();
    const remembered = { method: 'totp', at, origin: 'remembered' } as const;

    const answer = await change({ ...fresh, proofs: [...fresh.proofs, remembered] });

    assert(answer.ok);
    assert.deepEqual(
      answer.session.proofs.map(({ method, origin }) => `${method} ${origin}`).sort(),
      ['password answer', 'totp answer'],
    );
  });
});

describe('a password is not changed', () => {
  test('without the current one', async () => {
    for (const current of ['', 'not the password']) {
      assert.deepEqual(await change(dan, { current }), {
        ok: false,
        reason: 'invalid-credentials',
      });
    }
    const event = sure((await world.events()).at(-1));
    assert.equal(event.details['during'], 'password-change');
    assert.equal(await opens('dan', goodPassword), true);
  });

  test('to one that the rules refuse, or to the same', async () => {
    const refused = [
      ['short', 'too-short'],
      ['dan-dan-dan-dan', 'too-close-to-the-name'],
      [goodPassword, 'same-as-before'],
    ] as const;
    for (const [next, reason] of refused) {
      const answer = await change(dan, { next });
      assert.equal(answer.ok ? 'changed' : answer.reason, reason);
    }
    assert.equal(await opens('dan', goodPassword), true);
  });

  test('by a session of somebody with a second factor that did not freshly prove it', async () => {
    const anna = await world.enrolledPerson();
    const thief = await world.signInBy('anna');
    await assert.rejects(change(thief), aProblem('step-up-required'));

    const fresh = await steppedUp(world, anna);
    world.clock.advance(601);
    await assert.rejects(change(fresh), aProblem('step-up-required'));
    assert.equal(await opens('anna', goodPassword), true);
  });

  test('by a session that was ended meanwhile', async () => {
    await signOutEverywhere(world.ctx, visit(), dan);

    await assert.rejects(change(dan), aProblem('not-signed-in'));
    assert.equal(await opens('dan', goodPassword), true);
  });

  test('where local users are switched off', async () => {
    const { local } = world.ctx.config.current();
    world.configure({ local: { ...local, isEnabled: false } });

    await assert.rejects(change(dan), aProblem('policy-forbids'));
  });
});
