/** What an operator does to accounts. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { lockedUntil, answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import {
  createUser,
  resetMfa,
  setDisabled,
  setGroups,
  setPassword,
  type CreateUserInput,
} from '../../../src/flows/admin/users.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const create = (input: Partial<CreateUserInput> = {}) =>
  createUser(world.ctx, { username: 'anna', password: goodPassword, ...input });
const lastEvent = async () => (await world.events()).at(-1);

const reset = (changes: { readonly reason?: string; readonly ticket?: string } = {}) =>
  resetMfa(world.ctx, { username: 'anna', reason: 'lost phone', ticket: 'INC-7', ...changes });

async function canSignIn(username: string, password = goodPassword): Promise<boolean> {
  return (await signIn(world.ctx, visit(), { username, password })).ok;
}

describe('a new account', () => {
  test('can sign in, and is audited with its groups', async () => {
    const answer = await create({
      groups: ['SEC-OPS', 'AUDIT', 'AUDIT'],
      email: 'anna@example.com',
    });

    assert(answer.ok);
    assert.deepEqual(answer.user.groups, ['AUDIT', 'SEC-OPS']);
    assert.equal(await canSignIn('anna'), true);
    const created = sure((await world.events()).find(({ type }) => type === 'user.created'));
    assert.deepEqual(
      [created.actor, created.subject, created.details],
      ['cli', answer.user.id, { username: 'anna', kind: 'user', groups: ['AUDIT', 'SEC-OPS'] }],
    );
  });

  test('of a name that exists in any capitals is refused, and nothing is written', async () => {
    await create();

    const answer = await create({ username: 'ANNA' });

    assert.deepEqual([answer.ok, answer.ok ? '' : answer.reason], [false, 'name-taken']);
    assert.deepEqual(await world.eventTypes(), ['user.created']);
  });

  // prettier-ignore
  const refused: readonly (readonly [Partial<CreateUserInput>, string])[] = [
    [{ username: '' },                                     'invalid-username'],
    [{ username: 'a'.repeat(65) },                         'invalid-username'],
    [{ username: 'anna example' },                         'invalid-username'],
    [{ username: 'anna,SEC-OPS' },                         'invalid-username'],
    [{ username: 'anna\r\nRemote-Groups: SEC-OPS' },       'invalid-username'],
    [{ username: 'änna' },                                 'invalid-username'],
    [{ username: 'аnna' /* Cyrillic а */ },                'invalid-username'],
    [{ username: '-anna' },                                'invalid-username'],
    [{ username: 'cli' },                                  'invalid-username'],
    [{ username: 'System' },                               'invalid-username'],
    [{ groups: ['SEC-OPS,AI-PLATFORM-ADMINS'] },           'invalid-group'],
    [{ groups: [''] },                                     'invalid-group'],
    [{ groups: ['SEC OPS'] },                              'invalid-group'],
    [{ groups: ['x\u001fy'] },                             'invalid-group'],
    [{ displayName: '' },                                  'invalid-display-name'],
    [{ displayName: '   ' },                               'invalid-display-name'],
    [{ displayName: 'Anna\nExample' },                     'invalid-display-name'],
    [{ displayName: 'Anna \u202eelpmaxE' },                'invalid-display-name'],
    [{ displayName: 'a'.repeat(101) },                     'invalid-display-name'],
    [{ email: 'anna' },                                    'invalid-email'],
    [{ email: 'attacker@evil.com@company.com' },           'invalid-email'],
    [{ email: 'anna@exa mple.com' },                       'invalid-email'],
    [{ email: 'anna@example.com\r\nX: y' },                'invalid-email'],
    [{ tenant: 'Default' },                                'invalid-tenant'],
    [{ tenant: '../other' },                               'invalid-tenant'],
    [{ password: null },                                   'password-missing'],
    [{ password: '' },                                     'too-short'],
    [{ password: 'gnome-lamp1' },                          'too-short'],
    [{ password: 'password12345' },                        'too-common'],
    [{ password: 'anna@Example2026' },                     'too-close-to-the-name'],
    [{ kind: 'service' },                                  'no-password-for-services'],
    [{ kind: 'service', password: null },                  'networks-missing'],
    [{ kind: 'service', password: null, networks: ['x'] }, 'unknown-network'],
    [{ networks: ['anywhere'] },                           'no-networks-for-people'],
    [{ tenant: 'acme' },                                   'no-such-tenant'],
  ];
  for (const [input, reason] of refused) {
    test(`with ${JSON.stringify(input).slice(0, 60)} is refused as ${reason}`, async () => {
      const answer = await create(input);

      assert(!answer.ok);
      assert.equal(answer.reason, reason);
      assert.match(answer.sentence, /\.$/);
      assert.deepEqual(await world.eventTypes(), []);
    });
  }

  // prettier-ignore
  const taken: readonly Partial<CreateUserInput>[] = [
    { username: 'a' },
    { username: 'a'.repeat(64) },
    { username: 'anna.example+admin@example.com' },
    { username: '7' },
    { displayName: 'Ánna Śtefánia 田中' },
    { displayName: 'أنا' },
    { groups: ['AI-PLATFORM-ADMINS', 'sec_ops@example.com'] },
    { kind: 'service', password: null, networks: ['anywhere'] },
    { tenant: 'default' },
  ];
  for (const input of taken) {
    test(`with ${JSON.stringify(input).slice(0, 60)} is made`, async () => {
      assert.equal((await create(input)).ok, true);
    });
  }
});

describe('changing an account', () => {
  beforeEach(async () => {
    await world.addUser('anna', ['AUDIT']);
  });

  test('that does not exist says so', async () => {
    const changes = [
      setPassword(world.ctx, { username: 'nobody', password: goodPassword }),
      setGroups(world.ctx, { username: 'nobody', groups: [] }),
      setDisabled(world.ctx, { username: 'nobody', isDisabled: true }),
      resetMfa(world.ctx, { username: 'nobody', reason: 'r', ticket: 't' }),
    ];
    for (const answer of await Promise.all(changes)) {
      assert.equal(answer.ok ? '' : answer.reason, 'no-such-user');
    }
  });

  test('its password lets in with the new one alone and ends every session', async () => {
    const session = await world.signInBy('anna');

    const password = 'nine quiet harbours';
    const answer = await setPassword(world.ctx, { username: 'anna', password });

    assert.equal(answer.ok, true);
    assert.deepEqual([await canSignIn('anna'), await canSignIn('anna', password)], [false, true]);
    assert.equal(await world.recall(session.key), null);
  });

  test('its password leaves the second factor in place', async () => {
    const { session } = await world.enrolledPerson('ben');
    await setPassword(world.ctx, { username: 'ben', password: 'nine quiet harbours' });

    const again = await world.signInBy('ben', 'nine quiet harbours');

    assert.equal(again.principal.id, session.principal.id);
    assert.equal(nextPage(world.ctx, again), 'challenge');
  });

  test('its password to a bad one is refused and leaves the old', async () => {
    const answer = await setPassword(world.ctx, { username: 'anna', password: 'password1234' });

    assert.equal(answer.ok, false);
    assert.equal(await canSignIn('anna'), true);
  });

  test('its groups holds on the next request of a live session', async () => {
    const session = await world.signInBy('anna');

    await setGroups(world.ctx, { username: 'anna', groups: ['SEC-OPS'] });

    assert.deepEqual(sure(await world.recall(session.key)).principal.groups, ['SEC-OPS']);
    const event = await lastEvent();
    assert.deepEqual(
      [event?.type, event?.details['before'], event?.details['after']],
      ['user.groups-changed', ['AUDIT'], ['SEC-OPS']],
    );
    assert.equal((await world.ctx.stores.accessChanges.since(0)).length, 1);
  });

  test('to disabled ends its sessions; enabling does not bring them back', async () => {
    const session = await world.signInBy('anna');

    await setDisabled(world.ctx, { username: 'anna', isDisabled: true });
    assert.equal(await world.recall(session.key), null);
    assert.equal(await canSignIn('anna'), false);

    await setDisabled(world.ctx, { username: 'anna', isDisabled: false });
    assert.equal(await world.recall(session.key), null);
    assert.equal(await canSignIn('anna'), true);
    assert.equal((await world.eventTypes()).includes('user.enabled'), true);
  });
});

describe('resetting the second factor', () => {
  test('removes apps, codes, the lock and every session, and is an event of high severity', async () => {
    const { session, recoveryCodes } = await world.enrolledPerson('anna');
    const guess = { method: 'totp', code: '000000' } as const;
    for (let count = 0; count < 5; count += 1) {
      await answerChallenge(world.ctx, visit(), session, guess);
    }

    assert.equal((await reset()).ok, true);

    assert.equal(await world.recall(session.key), null);
    const again = await world.signInBy('anna');
    assert.deepEqual([again.enrolled, again.recoveryCodesLeft], [[], 0]);
    assert.equal(await lockedUntil(world.ctx, again), null);
    const event = (await world.events()).find(({ type }) => type === 'reset.executed');
    assert.deepEqual(
      [event?.actor, event?.severity, event?.subject, event?.details],
      [
        'cli',
        'high',
        session.principal.id,
        {
          username: 'anna',
          reason: 'lost phone',
          ticket: 'INC-7',
          authenticators: 1,
          breakGlass: true,
          skipped: ['approval', 'identity-proofing'],
          recoveryCodes: 10,
          trustedDevices: 0,
        },
      ],
    );
    const { codeFactors, stores, clock } = world.ctx;
    const code = sure(recoveryCodes[0]);
    const used = await codeFactors['recovery-code'].verify(
      stores,
      again.principal.id,
      code,
      clock.now(),
    );
    assert.equal(used.ok, false);
  });

  test('lets the person enroll anew, by password', async () => {
    await world.enrolledPerson('anna');
    await reset();

    const anna = await world.enroll(await world.signInBy('anna'));

    assert.deepEqual(anna.session.enrolled, ['totp']);
    assert.equal(anna.recoveryCodes.length, 10);
  });

  test('sends whom the policy obliges to enrollment again', async () => {
    const mfa = anMfaPolicy({ totp: { requiredForTiers: ['TIER3'] } });
    world.configure({ policy: aPolicy({ mfa }) });
    await world.enrolledPerson('anna');
    await reset();

    assert.equal(nextPage(world.ctx, await world.signInBy('anna')), 'enroll');
  });

  for (const words of [{ reason: ' ' }, { ticket: '' }]) {
    test(`needs reason and ticket: ${JSON.stringify(words)} is refused`, async () => {
      const { session } = await world.enrolledPerson('anna');

      const answer = await reset(words);

      assert.equal(answer.ok ? '' : answer.reason, 'reason-missing');
      assert.notEqual(await world.recall(session.key), null);
    });
  }
});
