/** Sign-ins from browsers and places that are new: asked about, told and audited, or ignored. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { DeviceId } from '../../../src/core/ids.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import type { Visit } from '../../../src/flows/flow-context.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import {
  beginPasskeySignIn,
  signInWithPasskey,
} from '../../../src/flows/sign-in/sign-in-with-passkey.ts';
import { createUser } from '../../../src/flows/admin/users.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';
import { enrollPasskey } from '../../support/passkey-verbs.ts';

const laptop: Visit = { ...visit(), deviceKey: 'a'.repeat(64) };
const library: Visit = { ...visit(), deviceKey: 'b'.repeat(64) };
const abroad: Visit = { ...laptop, ip: '198.51.100.7' };
const mail = {
  host: 'mail.example.com',
  port: 25,
  isImplicitTls: false,
  isTlsRequired: false,
  username: null,
  password: null,
  from: 'mfa@example.com',
};
const risk = { newDevice: 'challenge', newLocation: 'challenge', geoDatabase: null } as const;
const elsewhere: Visit = { ...library, ip: '198.51.100.7' };

let world: World;
let anna: EnrolledPerson;
beforeEach(async () => {
  world = await openWorld({ config: { mail } });
  anna = await world.enrolledPerson('anna');
  const email = 'dora@example.com';
  await createUser(world.ctx, { username: 'dora', email, password: goodPassword });
});
afterEach(() => world.close());

/** Signs in by password in a browser and writes the session down. */
async function signInFrom(from: Visit, username = 'anna'): Promise<SessionFacts> {
  const answer = await signIn(world.ctx, from, { username, password: goodPassword });
  assert(answer.ok);
  return sure(await world.rise(answer.session, null));
}

const isAsked = async (from: Visit): Promise<boolean> =>
  nextPage(world.ctx, await signInFrom(from)) === 'challenge';

/** Anna signs in with both factors, in a browser that she trusts then. */
async function signInFully(from: Visit): Promise<void> {
  const session = await signInFrom(from);
  const code = codeAt(anna.secret, world.clock.now());
  const guess = { method: 'totp', code, trustsDevice: true } as const;
  assert.equal((await answerChallenge(world.ctx, from, session, guess)).ok, true);
  world.clock.advance(60);
}

const told = async () => {
  const now = world.clock.now();
  const waiting = await world.ctx.stores.outbox.take({ now, leaseUntil: now + 1, limit: 100 });
  for (const { id } of waiting) await world.ctx.stores.outbox.remove(id);
  return waiting.map(({ kind, to, details }) => [kind, to, details['place'], details['ip']]);
};
const audited = async () =>
  (await world.events())
    .filter(({ type }) => type === 'session.unusual')
    .map(({ severity, details }) => [severity, details['new'], details['place']]);

describe('what is unusual about a sign-in', () => {
  test('is not that it is the first', async () => {
    await signInFrom(laptop, 'dora');
    await signInFrom(laptop, 'dora');

    assert.deepEqual(await told(), []);
    assert.deepEqual(await audited(), []);
  });

  // prettier-ignore
  const cases = [
    ['a new browser',           library,   ['new-device', '10.20.0.0/24', '10.20.0.7'],          ['device']],
    ['a new place',             abroad,    ['new-location', '198.51.100.0/24', '198.51.100.7'],  ['location']],
    ['a new browser far away',  elsewhere, ['new-device', '198.51.100.0/24', '198.51.100.7'],    ['device', 'location']],
  ] as const;
  for (const [what, from, [kind, place, ip], news] of cases) {
    test(`is ${what}: told by one mail and audited, once`, async () => {
      await signInFrom(laptop, 'dora');
      await signInFrom(from, 'dora');
      await signInFrom(from, 'dora');

      assert.deepEqual(await told(), [[kind, 'dora@example.com', place, ip]]);
      assert.deepEqual(await audited(), [['notice', news, place]]);
    });
  }

  test('is told three times in an hour and no more, and audited each time', async () => {
    await signInFrom(laptop, 'dora');
    for (const letter of ['c', 'd', 'e', 'f', '0']) {
      await signInFrom({ ...laptop, deviceKey: letter.repeat(64) }, 'dora');
    }

    assert.equal((await told()).length, 3);
    assert.equal((await audited()).length, 5);
    world.clock.advance(3600);
    await signInFrom({ ...laptop, deviceKey: '1'.repeat(64) }, 'dora');
    assert.equal((await told()).length, 1);
  });

  test('is told where it is not asked about, and not at all where it is ignored', async () => {
    await signInFrom(laptop, 'dora');
    world.configure({ risk: { ...risk, newDevice: 'ignore', newLocation: 'notify' } });
    await signInFrom(library, 'dora');
    assert.deepEqual(await told(), []);
    await signInFrom(elsewhere, 'dora');
    assert.deepEqual(
      (await told()).map(([kind]) => kind),
      ['new-location'],
    );
    world.configure({ risk: { ...risk, newDevice: 'ignore', newLocation: 'ignore' } });
    await signInFrom({ ...library, ip: '203.0.113.1' }, 'dora');
    assert.deepEqual(await told(), []);
  });

  test('is told once the challenge was met, and not to who met only the password', async () => {
    await signInFully(laptop);
    await signInFrom(abroad);
    assert.deepEqual(await audited(), []);
    // A place is not known because somebody knew a password there.
    assert.equal(await isAsked(abroad), true);

    const session = await signInFrom(abroad);
    const code = codeAt(anna.secret, world.clock.now());
    assert.equal(
      (await answerChallenge(world.ctx, abroad, session, { method: 'totp', code })).ok,
      true,
    );
    assert.deepEqual(await audited(), [['notice', ['location'], '198.51.100.0/24']]);
    assert.equal(await isAsked(abroad), false);
  });

  test('is told after a sign-in by passkey alone, too', async () => {
    const { passkey } = await enrollPasskey(world, anna.session);
    const browser = 'the value of a form cookie';
    const signInAlone = async (from: Visit) => {
      const asked = sure(await beginPasskeySignIn(world.ctx, browser));
      const given = { response: passkey.get(asked), browser };
      assert.equal((await signInWithPasskey(world.ctx, from, given)).ok, true);
    };
    await signInAlone(laptop);
    assert.deepEqual(await audited(), []);
    await signInAlone(elsewhere);
    assert.deepEqual(await audited(), [['notice', ['device', 'location'], '198.51.100.0/24']]);
  });

  test('fills no database: of a hundred browsers and more the latest are known', async () => {
    const { devices, users } = world.ctx.stores;
    const { id } = sure(await users.findByUsername('dora'));
    for (let count = 0; count < 100; count += 1) {
      const key = String(count);
      const seenAt = world.clock.now() - 1;
      await devices.see({
        id: `dev_${key}` as DeviceId,
        userId: id,
        key,
        name: '',
        firstSeenAt: seenAt,
        lastSeenAt: seenAt,
        lastIp: '10.20.0.7',
      });
    }
    await signInFrom(laptop, 'dora');

    assert.equal((await devices.listOfUser(id)).length, 100);
    assert.notEqual(await devices.find(id, sure(laptop.deviceKey)), null);
  });

  for (const newLocation of ['notify', 'ignore'] as const) {
    test(`does not keep a trusted browser from being trusted where it says ${newLocation}`, async () => {
      await signInFully(laptop);
      world.configure({ risk: { ...risk, newLocation } });
      assert.equal(await isAsked(abroad), false);
      assert.equal((await audited()).length, newLocation === 'notify' ? 1 : 0);
    });
  }
});
