/** What codes look like for somebody's own apps: pages that count digits must not send half a code. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { idFrom } from '../../../src/core/ids.ts';
import { codeShapeOf } from '../../../src/flows/sign-in/code-shape.ts';
import type { TotpCredential } from '../../../src/methods/method.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { openWorld, sure, type World } from '../../support/flow-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
});
afterEach(() => world.close());

const idOfAnna = async () => sure(await world.ctx.stores.users.findByUsername('anna')).id;

async function addApp(of: Partial<TotpCredential>, sealedCredential?: string): Promise<void> {
  const { stores, totpEnrollment } = world.ctx;
  const user = await idOfAnna();
  const id = idFrom('authenticator', systemRandom.bytes(12));
  await stores.authenticators.create({
    id,
    userId: user,
    method: 'totp',
    name: 'phone',
    sealedCredential:
      sealedCredential ?? totpEnrollment.seal(user, id, { ...totpEnrollment.begin(), ...of }),
    lastStep: -1,
    passkey: null,
    createdAt: world.clock.now(),
    lastUsedAt: null,
  });
}

describe('the shape of codes', () => {
  test('is what is configured for whoever has no app', async () => {
    assert.deepEqual(await codeShapeOf(world.ctx, await idOfAnna()), {
      digits: 6,
      periodSeconds: 30,
    });
  });

  test('is that of the app, whatever is configured', async () => {
    await addApp({ digits: 8, periodSeconds: 60 });
    assert.deepEqual(await codeShapeOf(world.ctx, await idOfAnna()), {
      digits: 8,
      periodSeconds: 60,
    });
  });

  test('is open where the apps differ', async () => {
    await addApp({ digits: 8 });
    await addApp({ digits: 6 });
    assert.deepEqual(await codeShapeOf(world.ctx, await idOfAnna()), {
      digits: null,
      periodSeconds: 30,
    });
  });

  test('leaves out an app that does not open', async () => {
    await addApp({ digits: 8 });
    await addApp({}, `s1.0123456789ab.${'A'.repeat(60)}`);
    assert.equal((await codeShapeOf(world.ctx, await idOfAnna())).digits, 8);
  });
});
