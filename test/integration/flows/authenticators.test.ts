/** Renaming and removing authenticators, and what an intruder tries with it. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { AuthenticatorId } from '../../../src/core/ids.ts';
import type { AccessPolicy } from '../../../src/core/policy/mfa-policy.ts';
import {
  removeAuthenticator,
  renameAuthenticator,
} from '../../../src/flows/account/authenticators.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import {
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';
import {
  afterPasskey,
  aProblem,
  mailFor,
  mailThatWaits,
  steppedUp,
  withAddress,
  withAnotherApp,
  withPasskey,
} from '../../support/own-changes.ts';

let world: World;
let anna: EnrolledPerson;
beforeEach(async () => {
  world = await openWorld({ config: { mail: mailThatWaits } });
  anna = await world.enrolledPerson();
  await withAddress(world, anna.session);
});
afterEach(() => world.close());

const appsOf = ({ principal }: SessionFacts) =>
  world.ctx.stores.authenticators.listOfUser(principal.id);
const namesOf = async (session: SessionFacts) =>
  (await appsOf(session)).map(({ name }) => name).sort();
const idOf = async (session: SessionFacts, name = 'Authenticator app') =>
  sure((await appsOf(session)).find((app) => app.name === name)).id;
const rename = (session: SessionFacts, id: AuthenticatorId, name: string) =>
  renameAuthenticator(world.ctx, visit(), session, { id, name });
const remove = (session: SessionFacts, id: AuthenticatorId) =>
  removeAuthenticator(world.ctx, visit(), session, id);
const oblige = (differences: Parameters<typeof anMfaPolicy>[0]): AccessPolicy =>
  aPolicy({ mfa: anMfaPolicy(differences) });

describe('another name', () => {
  test('is kept as it was typed, without the blanks around it, and audited', async () => {
    const id = await idOf(anna.session);

    assert.deepEqual(await rename(anna.session, id, '  Phone – Zoë’s 📱 '), { ok: true });

    assert.deepEqual(await namesOf(anna.session), ['Phone – Zoë’s 📱']);
    const event = sure((await world.events()).at(-1));
    assert.equal(event.type, 'authenticator.renamed');
    assert.equal(event.details['before'], 'Authenticator app');
    assert.equal(event.details['name'], 'Phone – Zoë’s 📱');
  });

  test('is not one that another of the same person has: the wrong one would be removed', async () => {
    const session = await withAnotherApp(world, await steppedUp(world, anna));
    const [first] = await world.ctx.stores.authenticators.listOfUser(session.principal.id);

    assert.deepEqual(await rename(session, sure(first).id, 'Tablet'), { ok: true });

    assert.deepEqual([...(await namesOf(session))].toSorted(), ['Tablet', 'Tablet 2']);
  });

  test('has 1 to 60 characters that can be seen', async () => {
    const id = await idOf(anna.session);
    const refused = [
      '',
      '   ',
      'a\u0000b',
      'a\nb',
      'a\u202eb',
      'a\u2028b',
      '\u200b',
      'x'.repeat(61),
    ];

    for (const name of refused) {
      const answer = await rename(anna.session, id, name);
      assert.deepEqual(answer, { ok: false, reason: 'name-not-printable' }, JSON.stringify(name));
    }
    assert.deepEqual(await namesOf(anna.session), ['Authenticator app']);
    assert.deepEqual(await rename(anna.session, id, '😀'.repeat(60)), { ok: true });
  });

  test("is not given to somebody else's, nor to one that does not exist", async () => {
    const ben = await world.enrolledPerson('ben');
    const others = [await idOf(ben.session), 'ath_none' as AuthenticatorId, '' as AuthenticatorId];

    for (const id of others) {
      assert.deepEqual(await rename(anna.session, id, 'Mine'), { ok: false, reason: 'not-found' });
    }
    assert.deepEqual(await namesOf(ben.session), ['Authenticator app']);
  });

  test('is not given by a session that still owes the second factor', async () => {
    const thief = await world.signInBy('anna');

    await assert.rejects(
      rename(thief, await idOf(thief), 'Mine'),
      aProblem('second-factor-required'),
    );
  });

  test('is not given by a session that was ended meanwhile', async () => {
    const id = await idOf(anna.session);
    await signOutEverywhere(world.ctx, visit(), anna.session);

    await assert.rejects(rename(anna.session, id, 'Mine'), aProblem('not-signed-in'));
  });
});

describe('a removal', () => {
  test('takes the authenticator, all other sessions and what browsers remember', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    const elsewhere = await world.signInBy('anna');
    await trustSomeBrowser(fresh);

    const answer = await remove(fresh, await idOf(fresh));

    assert(answer.ok);
    assert.deepEqual(await namesOf(fresh), ['Tablet']);
    assert.equal(await world.recall(elsewhere.key), null);
    assert.equal(await world.recall(fresh.key), null);
    const risen = sure(await world.rise(answer.session, fresh));
    assert.deepEqual(risen.enrolled, ['totp']);
    const devices = await world.ctx.stores.devices.listOfUser(fresh.principal.id);
    assert.deepEqual(
      devices.map(({ trust }) => trust),
      [null],
    );
  });

  test('is audited, told, and noted for open streams', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    await mailFor(world, fresh);
    const id = await idOf(fresh);

    await remove(fresh, id);

    const event = sure((await world.events()).at(-1));
    assert.deepEqual([event.type, event.severity], ['authenticator.removed', 'notice']);
    assert.deepEqual(event.details, {
      method: 'totp',
      authenticator: id,
      name: 'Authenticator app',
    });
    assert.equal((await mailFor(world, fresh)).at(-1), 'authenticator-removed');
    const changes = await world.ctx.stores.accessChanges.since(world.clock.now());
    assert.ok(JSON.stringify(changes).includes(fresh.principal.id));
  });

  test('leaves the recovery codes that stand in for what is left', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));

    assert.equal((await remove(fresh, await idOf(fresh))).ok, true);
    assert.equal(await world.ctx.stores.recoveryCodes.countLeft(fresh.principal.id), 10);
  });

  test('happens once, however often it arrives', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    const id = await idOf(fresh);

    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => remove(fresh, id)));

    const removed = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.ok);
    assert.equal(removed.length, 1);
    assert.deepEqual(await namesOf(fresh), ['Tablet']);
  });

  test('does not happen when its audit event cannot be written', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    const { stores } = world.ctx;
    const withoutAudit: typeof stores = {
      ...stores,
      transaction: (work) =>
        stores.transaction((inside) =>
          work({ ...inside, audit: { ...inside.audit, append: refusesToWrite } }),
        ),
    };

    const ctx = { ...world.ctx, stores: withoutAudit };
    const id = await idOf(fresh);
    await assert.rejects(removeAuthenticator(ctx, visit(), fresh, id), StoreUnavailable);
    assert.deepEqual(await namesOf(fresh), ['Authenticator app', 'Tablet']);
    assert.notEqual(await world.recall(fresh.key), null);
  });
});

describe('an authenticator stays', () => {
  // Regression: CVE-2026-3429 (Keycloak) — a session with a password alone removed the owner's app.
  test('when the session has proved a password alone, or proved the rest too long ago', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    const id = await idOf(fresh);
    const thief = await world.signInBy('anna');

    await assert.rejects(remove(thief, id), aProblem('step-up-required'));
    world.clock.advance(601);
    await assert.rejects(remove(fresh, id), aProblem('step-up-required'));
    assert.deepEqual(await namesOf(fresh), ['Authenticator app', 'Tablet']);
  });

  test('when the only fresh proof is that of enrolling another one', async () => {
    world.clock.advance(3600);
    const session = anna.session;
    const at = world.clock.now();
    const proof = { method: 'totp', at, origin: 'enrollment' } as const;

    await assert.rejects(
      remove({ ...session, proofs: [...session.proofs, proof] }, await idOf(session)),
      aProblem('step-up-required'),
    );
  });

  test("when it is somebody else's, or does not exist", async () => {
    const ben = await world.enrolledPerson('ben');
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));

    for (const id of [await idOf(ben.session), 'ath_none' as AuthenticatorId]) {
      assert.deepEqual(await remove(fresh, id), { ok: false, reason: 'not-found' });
    }
    assert.deepEqual(await namesOf(ben.session), ['Authenticator app']);
  });

  test('when it is the whole second step of somebody who may do without', async () => {
    const fresh = await steppedUp(world, anna);

    assert.deepEqual(await remove(fresh, await idOf(fresh)), { ok: false, reason: 'last-one' });
  });

  test('when it is the whole second step of somebody whose tenant asks for one', async () => {
    const fresh = await steppedUp(world, anna);
    const until = world.clock.now() + 86_400_000;
    await world.ctx.stores.users.setMustEnrollAt(fresh.principal.id, until);

    const answer = await remove(fresh, await idOf(fresh));

    assert.deepEqual(answer, { ok: false, reason: 'policy-needs-it' });
  });

  test('when it is the last of a method that the tier must have, though others are left', async () => {
    world.configure({ policy: oblige({ totp: { requiredForTiers: ['TIER3'] } }) });
    const fresh = await steppedUp(world, anna);
    await withPasskey(world, fresh);

    const answer = await remove(fresh, await idOf(fresh));

    assert.deepEqual(answer, { ok: false, reason: 'policy-needs-it' });
    const two = await withAnotherApp(world, sure(await world.recall(fresh.key)));
    assert.equal((await remove(two, await idOf(two))).ok, true);
  });

  test('when what would be left is of a method that is switched off', async () => {
    const fresh = await steppedUp(world, anna);
    await withPasskey(world, fresh);
    world.configure({ policy: oblige({ webauthn: { isEnabled: false } }) });

    assert.deepEqual(await remove(fresh, await idOf(fresh)), { ok: false, reason: 'last-one' });
  });

  test('when groups gained meanwhile oblige the person: the held record decides', async () => {
    world.configure({ policy: oblige({ totp: { requiredForTiers: ['TIER1'] } }) });
    const fresh = await steppedUp(world, anna);
    await withPasskey(world, fresh);
    await world.ctx.stores.users.setGroups(fresh.principal.id, ['SEC-OPS']);

    const answer = await remove(fresh, await idOf(fresh));

    assert.deepEqual(answer, { ok: false, reason: 'policy-needs-it' });
  });

  test('when the session was ended meanwhile', async () => {
    const fresh = await withAnotherApp(world, await steppedUp(world, anna));
    const id = await idOf(fresh);
    await signOutEverywhere(world.ctx, visit(), fresh);

    await assert.rejects(remove(fresh, id), aProblem('not-signed-in'));
    assert.deepEqual(await namesOf(fresh), ['Authenticator app', 'Tablet']);
  });
});

describe('codes that a stranger locked', () => {
  // Security G7: nobody can be locked out of their own account by guesses.
  test('do not keep the owner from removing something after using a passkey', async () => {
    const key = await withPasskey(world, anna.session);
    for (let guess = 0; guess < 6; guess += 1) {
      const { lockout } = world.ctx.config.current();
      await world.ctx.stores.attempts.reserve(
        anna.session.principal.id,
        lockout,
        world.clock.now(),
      );
    }
    const fresh = await afterPasskey(world, anna.session, key);

    assert.equal((await remove(fresh, await idOf(fresh))).ok, true);
  });
});

async function trustSomeBrowser({ principal }: SessionFacts): Promise<void> {
  const now = world.clock.now();
  const key = 'f'.repeat(64);
  const { devices } = world.ctx.stores;
  await devices.see({
    id: 'dev_one' as Parameters<typeof devices.distrust>[1],
    userId: principal.id,
    key,
    name: 'Firefox on Linux',
    firstSeenAt: now,
    lastSeenAt: now,
    lastIp: '10.20.0.7',
  });
  await devices.trust(principal.id, key, {
    method: 'totp',
    provedAt: now,
    until: now + 86_400_000,
  });
}

async function refusesToWrite(): Promise<never> {
  return Promise.reject(new StoreUnavailable('The audit log'));
}
