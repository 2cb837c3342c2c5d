/** Ending sessions. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { SessionKey } from '../../../src/core/ids.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import {
  endOtherSessions,
  endSession,
  signOut,
  signOutEverywhere,
} from '../../../src/flows/sessions.ts';
import { StoreUnavailable, type Sessions } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { aProblem, steppedUp } from '../../support/own-changes.ts';

let world: World;
let here: SessionFacts;
let there: SessionFacts;
let bens: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
  await world.addUser('ben');
  here = await world.signInBy('anna');
  there = await world.signInBy('anna');
  bens = await world.signInBy('ben');
});
afterEach(() => world.close());

/** Which of the three sessions are alive. */
async function alive(): Promise<readonly string[]> {
  const all = { here, there, bens };
  const names: string[] = [];
  for (const [name, session] of Object.entries(all)) {
    if ((await world.recall(session.key)) !== null) names.push(name);
  }
  return names;
}

describe('ending sessions', () => {
  test('signing out ends this one', async () => {
    await signOut(world.ctx, visit(), here);

    assert.deepEqual(await alive(), ['there', 'bens']);
    assert.equal((await world.eventTypes()).at(-1), 'session.signed-out');
  });

  test('signing out everywhere ends all of this person', async () => {
    await signOutEverywhere(world.ctx, visit(), here);

    assert.deepEqual(await alive(), ['bens']);
  });

  test('ending the others leaves this one', async () => {
    const next = await endOtherSessions(world.ctx, visit(), here);
    here = sure(await world.rise(next, here));

    assert.deepEqual(await alive(), ['here', 'bens']);
    assert.equal(next.sessionEpoch, 1);
    assert.deepEqual((await world.events()).at(-1)?.details, { scope: 'others', sessions: 1 });
  });

  test('ending one ends that one', async () => {
    await endSession(world.ctx, visit(), here, there.key);

    assert.deepEqual(await alive(), ['here', 'bens']);
  });

  test('ending this one is signing out', async () => {
    await endSession(world.ctx, visit(), here, here.key);

    assert.deepEqual(await alive(), ['there', 'bens']);
  });

  test("ending somebody else's, or one that does not exist, does nothing", async () => {
    const before = (await world.events()).length;

    await endSession(world.ctx, visit(), here, bens.key);
    await endSession(world.ctx, visit(), here, 'f'.repeat(64) as SessionKey);
    await endSession(world.ctx, visit(), here, "' OR 1=1 --" as SessionKey);

    assert.deepEqual(await alive(), ['here', 'there', 'bens']);
    assert.equal((await world.events()).length, before);
  });

  test('is noted for open streams in the same transaction', async () => {
    await signOut(world.ctx, visit(), here);
    await signOutEverywhere(world.ctx, visit(), bens);

    const changes = await world.ctx.stores.accessChanges.since(0);
    assert.deepEqual(
      changes.map(({ whose }) => whose),
      [here.principal.id, bens.principal.id],
    );
  });
});

describe('somebody with a second factor', () => {
  // ASVS 5.0 §7.5.2.
  test('ends another session by a fresh proof only', async () => {
    const anna = await world.enrolledPerson('chloe');
    const elsewhere = await world.signInBy('chloe');
    world.clock.advance(601);

    await assert.rejects(
      endSession(world.ctx, visit(), anna.session, elsewhere.key),
      aProblem('step-up-required'),
    );
    assert.notEqual(await world.recall(elsewhere.key), null);
    const fresh = await steppedUp(world, anna);
    await endSession(world.ctx, visit(), fresh, elsewhere.key);
    assert.equal(await world.recall(elsewhere.key), null);
  });

  test('ends all others, or all, in one step: nobody frightened has to look for a phone', async () => {
    const { session } = await world.enrolledPerson('chloe');
    const elsewhere = await world.signInBy('chloe');
    world.clock.advance(601);

    const next = await endOtherSessions(world.ctx, visit(), session);
    assert.equal(await world.recall(elsewhere.key), null);
    const kept = sure(await world.rise(next, session));
    await signOutEverywhere(world.ctx, visit(), kept);
    assert.equal(await world.recall(kept.key), null);
  });
});

describe('an ended session', () => {
  test('ends no others any more', async () => {
    await endSession(world.ctx, visit(), here, there.key);

    const ends: readonly ((...of: Parameters<typeof signOut>) => Promise<unknown>)[] = [
      endOtherSessions,
      signOutEverywhere,
    ];
    for (const end of ends) {
      await assert.rejects(end(world.ctx, visit(), there), aProblem('not-signed-in'));
    }
    await assert.rejects(
      endSession(world.ctx, visit(), there, here.key),
      aProblem('not-signed-in'),
    );
    assert.deepEqual(await alive(), ['here', 'bens']);
  });

  test('is dead though its store was away when it ended', async () => {
    const sessions: Sessions = {
      ...world.ctx.sessions,
      remove: () => Promise.reject(new StoreUnavailable('The session store')),
      removeOfUser: () => Promise.reject(new StoreUnavailable('The session store')),
    };
    const ctx = { ...world.ctx, sessions };

    await signOut(ctx, visit(), here);
    await signOutEverywhere(ctx, visit(), bens);

    assert.deepEqual(await alive(), ['there']);
  });

  test('does not come back by what it was about to become', async () => {
    const anna = await world.enrolledPerson('chloe');
    const thief = await world.signInBy('chloe');
    const guess = { method: 'totp', code: codeAt(anna.secret, world.clock.now()) } as const;
    const risen = await answerChallenge(world.ctx, visit(), thief, guess);
    assert(risen.ok);

    const next = await endOtherSessions(world.ctx, visit(), anna.session);

    assert.equal(await world.rise(risen.session, thief), null);
    assert.notEqual(await world.rise(next, anna.session), null);
  });

  test('takes its descendants along: the whole sign-in is over', async () => {
    const { session: chloe } = await world.enrolledPerson('chloe');
    assert.notEqual(chloe.key, chloe.lineage);

    await signOut(world.ctx, visit(), { ...chloe, key: chloe.lineage });

    assert.equal(await world.recall(chloe.key), null);
  });

  test('stays dead until it would have expired anyway', async () => {
    await signOut(world.ctx, visit(), here);
    world.clock.advance(12 * 3600 - 1);
    await world.ctx.stores.revokedSessions.removeExpired(world.clock.now());

    const record = sure(
      await world.ctx.stores.users.findPrincipal(here.principal.id, here.lineage),
    );
    assert.equal(record.isSessionRevoked, true);
  });
});
