/** Challenges for passkeys: made by us, for one purpose and one holder, and used once (G5). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { issueChallenge, useUpChallenge } from '../../../src/flows/sign-in/webauthn-challenge.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createSealer } from '../../../src/platform/seal.ts';
import { openWorld, type World } from '../../support/flow-world.ts';

const binding = { purpose: 'answer', holder: 'a' } as const;

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const under = (...keys: readonly Buffer[]) => ({
  ...world.ctx,
  sealer: createSealer(keys, systemRandom),
});

function isAway(): Promise<never> {
  return Promise.reject(new Error('away'));
}

describe('a challenge', () => {
  test('is good for its purpose and its holder only', async () => {
    const challenge = issueChallenge(world.ctx, binding);

    for (const other of [
      { purpose: 'enroll', holder: 'a' },
      { purpose: 'sign-in', holder: 'a' },
      { purpose: 'answer', holder: 'b' },
      { purpose: 'answer', holder: '' },
      { purpose: 'answer', holder: 'a"]' },
    ] as const) {
      assert.equal(await useUpChallenge(world.ctx, challenge, other), 'not-ours');
    }
    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-up');
    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-before');
  });

  test('holds over a change of the encryption key, while the old one is at hand', async () => {
    const old = systemRandom.bytes(32);
    const fresh = systemRandom.bytes(32);
    const challenge = issueChallenge(under(old), binding);

    assert.equal(await useUpChallenge(under(fresh), challenge, binding), 'not-ours');
    assert.equal(await useUpChallenge(under(fresh, old), challenge, binding), 'used-up');
  });

  test('fails to be used rather than being used twice, when the store is away', async () => {
    const challenge = issueChallenge(world.ctx, binding);
    const stores = {
      ...world.ctx.stores,
      usedChallenges: { ...world.ctx.stores.usedChallenges, consume: isAway },
    };

    await assert.rejects(useUpChallenge({ ...world.ctx, stores }, challenge, binding), /away/);
    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-up');
  });

  test('is still known to be used where clocks of two instances differ', async () => {
    const challenge = issueChallenge(world.ctx, binding);
    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-up');

    await world.ctx.stores.usedChallenges.removeExpired(world.clock.now() + 360_000);

    assert.equal(await useUpChallenge(world.ctx, challenge, binding), 'used-before');
  });
});
