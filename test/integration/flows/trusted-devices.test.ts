/** What a trusted browser remembers: for whom, how long, for what, and what ends it (G6, G8, F33). */

import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { assuranceOf, assuranceShortfall, levelOf } from '../../../src/core/assurance.ts';
import type { SessionFacts } from '../../../src/core/facts.ts';
import type { DeviceId } from '../../../src/core/ids.ts';
import { defaultRequirement } from '../../../src/core/policy/requirement.ts';
import { Problem } from '../../../src/core/problem.ts';
import { answerChallengeWithPasskey } from '../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { distrustDevice, listDevices } from '../../../src/flows/sign-in/devices.ts';
import type { NewSession, Visit } from '../../../src/flows/flow-context.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { resetMfa, setDisabled, setGroups, setPassword } from '../../../src/flows/admin/users.ts';
import type { Stores } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';
import { askForPasskey, enrollPasskey } from '../../support/passkey-verbs.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const day = 24 * 3600;
const laptop: Visit = { ...visit(), deviceKey: 'a'.repeat(64) };
const library: Visit = { ...visit(), deviceKey: 'b'.repeat(64) };
const abroad: Visit = { ...laptop, ip: '198.51.100.7' };

let world: World;
let anna: EnrolledPerson;
beforeEach(async () => {
  world = await openWorld();
  anna = await world.enrolledPerson('anna');
});
afterEach(() => world.close());

const anywhere = (world: World, from: Visit, username = 'anna', password = goodPassword) =>
  signIn(world.ctx, from, { username, password });

/** Signs in by password in a browser and writes the session down. */
async function signInFrom(from: Visit, username = 'anna'): Promise<SessionFacts> {
  const answer = await anywhere(world, from, username);
  assert(answer.ok);
  return sure(await world.rise(answer.session, null));
}

/** Answers the challenge in a browser and asks for it to be trusted. */
async function trust(from: Visit, person = anna, username = 'anna'): Promise<SessionFacts> {
  const session = await signInFrom(from, username);
  assert.equal(nextPage(world.ctx, session), 'challenge');
  const code = codeAt(person.secret, world.clock.now());
  const guess = { method: 'totp', code, trustsDevice: true } as const;
  const answer = await answerChallenge(world.ctx, from, session, guess);
  assert(answer.ok);
  const risen = sure(await world.rise(answer.session, session));
  world.clock.advance(60);
  return risen;
}

/** Adds a passkey to what Anna has, and answers with it; asks for trust. */
async function trustByPasskey(): Promise<void> {
  const { passkey } = await enrollPasskey(world, anna.session);
  world.clock.advance(1);
  const session = await signInFrom(laptop);
  const response = passkey.get(await askForPasskey(world, session));
  const wanted = { trustsDevice: true };
  const answer = await answerChallengeWithPasskey(world.ctx, laptop, session, response, wanted);
  assert.equal(answer.ok, true);
}

const isAsked = async (from: Visit, username = 'anna'): Promise<boolean> =>
  nextPage(world.ctx, await signInFrom(from, username)) === 'challenge';

const deviceOf = async (from: Visit): Promise<DeviceId> => {
  const device = await world.ctx.stores.devices.find(
    anna.session.principal.id,
    sure(from.deviceKey),
  );
  return sure(device).id;
};

/** Answers the challenge and asks for trust. */
const answerWith = async (
  given: { readonly method: 'totp' | 'recovery-code'; readonly code: string },
  from: Visit = laptop,
  stores: Partial<Stores> = {},
) => {
  const session = await signInFrom(from);
  const ctx = { ...world.ctx, stores: { ...world.ctx.stores, ...stores } };
  return answerChallenge(ctx, from, session, { ...given, trustsDevice: true });
};

/** Says whether anything was or is trusted. */
const isTrusted = async () =>
  (await listDevices(world.ctx, laptop, anna.session)).length > 0 ||
  (await world.eventTypes()).includes('device.trusted');

describe('a sign-in by password in a trusted browser', () => {
  test('is complete, by a proof of the date at which the code was typed', async () => {
    const provedAt = world.clock.now();
    await trust(laptop);
    world.clock.advance(3 * day);

    const session = await signInFrom(laptop);

    assert.equal(nextPage(world.ctx, session), 'done');
    const [, remembered] = session.proofs;
    assert.deepEqual(remembered, {
      method: 'totp',
      at: provedAt,
      origin: 'remembered',
      deviceId: await deviceOf(laptop),
    });
    const last = sure((await world.events()).at(-1));
    assert.equal(last.type, 'session.signed-in');
    assert.deepEqual(last.details, {
      methods: ['password'],
      remembered: 'totp',
      device: await deviceOf(laptop),
    });
  });

  test('is two factors and nothing more: upstreams hear of the password alone', async () => {
    await trust(laptop);

    const { proofs } = await signInFrom(laptop);

    const now = world.clock.now();
    assert.equal(levelOf(proofs, now), 2);
    const { acr, amr, authenticatedAt } = assuranceOf(proofs, now);
    assert.deepEqual([acr, amr, authenticatedAt], ['aal1', ['pwd'], now]);
  });

  // prettier-ignore
  const stronger = [
    ['a fresh proof',                         { withinSeconds: 3600 }],
    ['a fresh proof, however long the window', { withinSeconds: 365 * day }],
    ['one that cannot be phished',            { isPhishingResistant: true }],
    ['a method that it names',                { methods: ['totp'] as const }],
  ] as const;
  for (const [what, asked] of stronger) {
    test(`never meets a rule that asks for ${what}`, async () => {
      await trust(laptop);
      const { proofs } = await signInFrom(laptop);

      const requirement = { ...defaultRequirement, level: 2, ...asked } as const;
      assert.notEqual(assuranceShortfall(requirement, proofs, world.clock.now()), null);
    });
  }

  test('is over with a step-up: what was answered then counts by itself', async () => {
    await trust(laptop);
    const session = await signInFrom(laptop);
    const code = codeAt(anna.secret, world.clock.now());
    const given = { method: 'totp', code, password: goodPassword } as const;
    const answer = await stepUp(world.ctx, laptop, session, given);
    assert(answer.ok);
    const risen = sure(await world.rise(answer.session, session));

    await distrustDevice(world.ctx, laptop, anna.session, await deviceOf(laptop));

    assert.equal(assuranceOf(risen.proofs, world.clock.now()).acr, 'aal2');
    assert.notEqual(await world.recall(risen.key), null);
  });
});

describe('a passkey that was shown in a browser', () => {
  test('is remembered as one, and as two factors by itself no more', async () => {
    await trustByPasskey();

    const { proofs } = await signInFrom(laptop);

    assert.deepEqual(
      proofs.map(({ method, origin }) => [method, origin]),
      [
        ['password', 'answer'],
        ['webauthn', 'remembered'],
      ],
    );
    const now = world.clock.now();
    assert.equal(assuranceOf(proofs, now).acr, 'aal1');
    assert.equal(levelOf(proofs.slice(1), now), 0);
  });

  test('is asked for again where only known security keys count', async () => {
    await trustByPasskey();
    const hardwareKeys = { tiers: ['TIER3'], models: [] } as const;
    world.configure({ policy: aPolicy({ hardwareKeys }) });

    assert.equal(await isAsked(laptop), true);
  });
});

describe('what a browser remembers is not honoured', () => {
  // prettier-ignore
  const endings: readonly (readonly [string, () => Promise<unknown> | void, Visit?])[] = [
    ['in another browser',                    () => {}, library],
    ['where no browser is known',             () => {}, visit()],
    ['after 30 days',                         () => world.clock.advance(30 * day)],
    ['longer than is configured now',         () => {
      world.configure({ trustedDevices: { isEnabled: true, forSeconds: 50, tiers: ['TIER3'] } });
    }],
    ['from a place that is new',              () => {}, abroad],
    ['once the clock has gone back',          () => world.clock.advance(-3600)],
    ['for a tier that may not any more',      () =>
      setGroups(world.ctx, { username: 'anna', groups: ['AI-PLATFORM-ADMINS'] })],
    ['when trusting is switched off',         () => world.configure({ policy: aPolicy({ rememberedFor: [] }) })],
    ['after a new password',                  () =>
      setPassword(world.ctx, { username: 'anna', password: goodPassword })],
    ['after the account was disabled',        async () => {
      await setDisabled(world.ctx, { username: 'anna', isDisabled: true });
      await setDisabled(world.ctx, { username: 'anna', isDisabled: false });
    }],
    ['after it was distrusted',               async () =>
      distrustDevice(world.ctx, laptop, anna.session, await deviceOf(laptop))],
  ];
  for (const [when, change, from = laptop] of endings) {
    test(when, async () => {
      await trust(laptop);
      await change();
      assert.equal(await isAsked(from), true);
    });
  }

  test('for another person who has the cookie', async () => {
    const ben = await world.enrolledPerson('ben');
    await trust(laptop);
    assert.equal(await isAsked(laptop, 'ben'), true);
    assert.equal(await isAsked(laptop), false);

    await trust(laptop, ben, 'ben');
    assert.equal(await isAsked(laptop, 'ben'), false);
  });

  test('for a method that is switched off, or asked for as a known security key', async () => {
    await trust(laptop);
    const withoutTotp = anMfaPolicy({ totp: { isEnabled: false, requiredForTiers: [] } });
    world.configure({ policy: aPolicy({ mfa: withoutTotp }) });

    const { proofs } = await signInFrom(laptop);

    assert.deepEqual(
      proofs.map(({ origin }) => origin),
      ['answer'],
    );
  });

  test('for an app that was enrolled later, after a reset', async () => {
    await trust(laptop);
    // As a backup of the database would bring it back: the trust is there, the app is another.
    const { users, devices } = world.ctx.stores;
    const { id } = sure(await users.findByUsername('anna'));
    const { trust: old } = sure(await devices.find(id, sure(laptop.deviceKey)));
    await resetMfa(world.ctx, { username: 'anna', reason: 'lost', ticket: 'T-1' });
    assert.equal(sure(await devices.find(id, sure(laptop.deviceKey))).trust, null);
    await world.enroll(await world.signInBy('anna'));
    await devices.trust(id, sure(laptop.deviceKey), sure(old));

    assert.equal(await isAsked(laptop), true);
  });

  test('longer because a clock went back and came forward again', async () => {
    await trust(laptop);
    world.clock.advance(29 * day);
    assert.equal(await isAsked(laptop), false);
    world.clock.advance(-20 * day);
    assert.equal(await isAsked(laptop), true);
    // Being asked there has not made the earlier instant the last one.
    assert.equal(await isAsked(laptop), true);
  });

  test('in a session that began before the person came to a tier that may not', async () => {
    await trust(laptop);
    const session = await signInFrom(laptop);
    await setGroups(world.ctx, { username: 'anna', groups: ['AI-PLATFORM-ADMINS'] });

    const now = sure(await world.recall(session.key));
    assert.equal(nextPage(world.ctx, now), 'challenge');
  });
});

describe('a browser is not trusted', () => {
  test('with a wrong code', async () => {
    const right = codeAt(anna.secret, world.clock.now());
    const code = right === '000000' ? '000001' : '000000';
    assert.equal((await answerWith({ method: 'totp', code })).ok, false);
    assert.equal(await isTrusted(), false);
  });

  test('with a code that was used before', async () => {
    const code = codeAt(anna.secret, world.clock.now());
    const session = await signInFrom(library);
    assert.equal(
      (await answerChallenge(world.ctx, library, session, { method: 'totp', code })).ok,
      true,
    );
    assert.equal((await answerWith({ method: 'totp', code })).ok, false);
    assert.equal(await isTrusted(), false);
  });

  test('with a recovery code', async () => {
    const code = sure(anna.recoveryCodes[0]);
    assert.equal((await answerWith({ method: 'recovery-code', code })).ok, true);
    assert.equal(await isTrusted(), false);
  });

  test('that we do not know', async () => {
    const code = codeAt(anna.secret, world.clock.now());
    assert.equal((await answerWith({ method: 'totp', code }, visit())).ok, true);
    assert.equal(await isTrusted(), false);
  });

  for (const groups of [['AI-PLATFORM-ADMINS'], ['SEC-OPS'], ['SEC-OPS', 'PROJECT-OWNERS']]) {
    test(`by somebody of ${groups.join(' and ')}, whatever they post`, async () => {
      await setGroups(world.ctx, { username: 'anna', groups });
      const code = codeAt(anna.secret, world.clock.now());
      assert.equal((await answerWith({ method: 'totp', code })).ok, true);

      assert.equal(await isTrusted(), false);
      // Nor once they come back to a tier that may.
      await setGroups(world.ctx, { username: 'anna', groups: [] });
      assert.equal(await isAsked(laptop), true);
    });
  }

  test('by an answer whose transaction came to nothing', async () => {
    const code = codeAt(anna.secret, world.clock.now());
    const transaction: Stores['transaction'] = (work) =>
      world.ctx.stores.transaction(async (stores) => {
        await work(stores);
        throw new Error('power cut');
      });
    await assert.rejects(answerWith({ method: 'totp', code }, laptop, { transaction }));
    assert.equal(await isTrusted(), false);
    assert.equal(await isAsked(laptop), true);
  });
});

describe('ending the trust in a browser', () => {
  test('ends the sessions that rest on it, and no other', async () => {
    const byCode = await trust(laptop);
    const byTrust = await signInFrom(laptop);

    const id = await deviceOf(laptop);
    assert.equal(await distrustDevice(world.ctx, library, anna.session, id), true);

    assert.equal(await world.recall(byTrust.key), null);
    assert.notEqual(await world.recall(byCode.key), null);
    assert.notEqual(await world.recall(anna.session.key), null);
    assert.deepEqual(await listDevices(world.ctx, laptop, anna.session), []);
    const event = (await world.events()).find(({ type }) => type === 'device.distrusted');
    assert.deepEqual(event?.details, { device: id, sessions: 1 });
  });

  test('is audited once, and does nothing twice', async () => {
    await trust(laptop);
    const id = await deviceOf(laptop);
    const answers = await Promise.all([
      distrustDevice(world.ctx, laptop, anna.session, id),
      distrustDevice(world.ctx, laptop, anna.session, id),
    ]);
    assert.deepEqual(answers.toSorted(), [false, true]);
    const events = (await world.eventTypes()).filter((type) => type === 'device.distrusted');
    assert.equal(events.length, 1);
  });

  test("does not reach another person's browser", async () => {
    const ben = await world.enrolledPerson('ben');
    await trust(laptop);
    assert.equal(
      await distrustDevice(world.ctx, laptop, ben.session, await deviceOf(laptop)),
      false,
    );
    assert.equal(await isAsked(laptop), false);
  });

  test('takes a session that was ended meanwhile for none', async () => {
    await trust(laptop);
    await setPassword(world.ctx, { username: 'anna', password: goodPassword });
    await assert.rejects(
      async () => distrustDevice(world.ctx, laptop, anna.session, await deviceOf(laptop)),
      (thrown) => thrown instanceof Problem && thrown.code === 'not-signed-in',
    );
  });

  test('reaches a sign-in that is under way', async () => {
    await trust(laptop);
    const answer = await anywhere(world, laptop);
    assert(answer.ok);
    assert.equal(answer.session.proofs.length, 2);
    await distrustDevice(world.ctx, laptop, anna.session, await deviceOf(laptop));

    assert.equal(await world.rise(answer.session, null), null);
  });

  test('reaches one that is written down at the very moment', async () => {
    await trust(laptop);
    const answer = await anywhere(world, laptop);
    assert(answer.ok);
    const waiting: NewSession[] = [answer.session];
    const written: SessionFacts[] = [];
    // The session comes into being between the first look at the sessions and the end of the trust.
    const transaction: Stores['transaction'] = async (work) => {
      for (const session of waiting.splice(0)) {
        written.push(sure(await world.rise(session, null)));
      }
      return world.ctx.stores.transaction(work);
    };
    const ctx = { ...world.ctx, stores: { ...world.ctx.stores, transaction } };
    await distrustDevice(ctx, laptop, anna.session, await deviceOf(laptop));

    assert.equal(await world.recall(sure(written[0]).key), null);
  });
});

describe('the list of trusted browsers', () => {
  test('has what is honoured, since when, until when, and which one asks', async () => {
    const trustedAt = world.clock.now();
    await trust(laptop);
    await signInFrom(library);

    assert.deepEqual(await listDevices(world.ctx, laptop, anna.session), [
      {
        id: await deviceOf(laptop),
        name: '',
        trustedAt,
        until: trustedAt + 30 * day * 1000,
        lastSeenAt: trustedAt,
        lastIp: '10.20.0.7',
        isThisOne: true,
      },
    ]);
    const [elsewhere] = await listDevices(world.ctx, library, anna.session);
    assert.equal(elsewhere?.isThisOne, false);
    world.clock.advance(30 * day);
    assert.deepEqual(await listDevices(world.ctx, laptop, anna.session), []);
  });
});

describe('two instances on one database', () => {
  test('honour the same trust, and the same end of it', async () => {
    const folder = temporaryFolder();
    const database = { kind: 'sqlite', file: path.join(folder.path, 'shared.db') } as const;
    const [one, two] = [await openWorld({ database }), await openWorld({ database })];
    try {
      const { secret } = await one.enrolledPerson('carl');
      two.clock.set(one.clock.now());
      const first = await anywhere(one, laptop, 'carl');
      assert(first.ok);
      const session = sure(await one.rise(first.session, null));
      const code = codeAt(secret, one.clock.now());
      const guess = { method: 'totp', code, trustsDevice: true } as const;
      assert.equal((await answerChallenge(one.ctx, laptop, session, guess)).ok, true);

      const remembered = await anywhere(two, laptop, 'carl');
      assert(remembered.ok);
      assert.equal(remembered.session.proofs.length, 2);
      await resetMfa(one.ctx, { username: 'carl', reason: 'lost', ticket: 'T-1' });
      assert.equal(await two.rise(remembered.session, null), null);
      const afterwards = await anywhere(two, laptop, 'carl');
      assert(afterwards.ok);
      assert.equal(afterwards.session.proofs.length, 1);
    } finally {
      await one.close();
      await two.close();
      folder.remove();
    }
  });
});
