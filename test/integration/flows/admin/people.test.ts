/** What administrators do to people: who may, to whom, and what comes of it (G8, G10, G12). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { UserId } from '../../../../src/core/ids.ts';
import { type FieldFault, Problem, type ProblemCode } from '../../../../src/core/problem.ts';
import { everybody, findPerson, searchPeople } from '../../../../src/flows/admin/find-people.ts';
import {
  changePerson,
  createPerson,
  inviteAgain,
  type NewPerson,
  type PersonChange,
  unlockCodes,
} from '../../../../src/flows/admin/people.ts';
import { redeemInvitation } from '../../../../src/flows/enroll/redeem-link.ts';
import { signIn } from '../../../../src/flows/sign-in/sign-in.ts';
import { aNetwork } from '../../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../../support/flow-world.ts';
import {
  freshSession,
  newAdministrator,
  newPerson,
  officePolicy,
  type Office,
  openOffice,
  refreshed,
} from '../../../support/reset-office.ts';

const mail = {
  host: 'mail.example.com',
  port: 25,
  isImplicitTls: false,
  isTlsRequired: true,
  username: null,
  password: null,
  from: 'security@example.com',
} as const;

let world: World;
let office: Office;
beforeEach(async () => {
  const networks = new Map([['batch', aNetwork('batch', ['10.20.3.0/24'])]]);
  world = await openWorld({ config: { policy: { ...officePolicy(), networks }, mail } });
  office = await openOffice(world);
});
afterEach(() => world.close());

const create = (changes: Partial<NewPerson> = {}, admin = office.admin) =>
  createPerson(world.ctx, admin, {
    kind: 'user',
    username: 'nomsa',
    displayName: 'Nomsa Khumalo',
    email: 'nomsa@example.com',
    groups: [],
    networks: [],
    ...changes,
  });
const change = (userId: UserId, changes: Omit<PersonChange, 'userId'>, admin = office.admin) =>
  changePerson(world.ctx, admin, { userId, ...changes });

async function problemOf(work: Promise<unknown>): Promise<Problem | null> {
  try {
    await work;
    return null;
  } catch (error) {
    assert(error instanceof Problem, String(error));
    return error;
  }
}
const codeOf = async (work: Promise<unknown>): Promise<ProblemCode | null> =>
  (await problemOf(work))?.code ?? null;
async function faultsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const faults = sure(await problemOf(work)).members['errors'] as readonly FieldFault[];
  return faults.map(({ pointer }) => pointer);
}

const eventsOf = async (type: string) =>
  (await world.events()).filter((event) => event.type === type);
const mails = async () => {
  const now = world.clock.now();
  return world.ctx.stores.outbox.take({ now, leaseUntil: now + 1, limit: 100 });
};
const found = async (id: UserId) => sure(await world.ctx.stores.users.findById(id));

describe('somebody new', () => {
  test('has no password, and a link by which they choose one (ASVS 6.4.6)', async () => {
    const { user, invitation } = await create({ groups: ['TIER1'] });

    assert.equal(await world.ctx.stores.users.passwordHashOf(user.id), null);
    const secret = sure(sure(invitation).url.split('/').at(-1));
    const redeemed = await redeemInvitation(world.ctx, visit(), { secret, password: goodPassword });
    assert.equal(redeemed.ok, true);
    const answer = await signIn(world.ctx, visit(), { username: 'nomsa', password: goodPassword });
    assert.equal(answer.ok, true);
  });

  test('is audited under the name of who made them, and told by mail', async () => {
    const { user } = await create({ groups: ['TIER1'] });

    const [created] = (await eventsOf('user.created')).slice(-1);
    assert.deepEqual(
      [created?.actor, created?.subject, created?.details],
      ['ada', user.id, { username: 'nomsa', kind: 'user', groups: ['TIER1'] }],
    );
    assert.deepEqual(
      (await mails()).map(({ kind, to }) => [kind, to]),
      [['invitation', 'nomsa@example.com']],
    );
  });

  test('belongs to the tenant of who made them', async () => {
    const other = await openOffice(world, 'acme');
    const { user } = await create({}, other.admin);
    assert.equal(user.tenant, 'acme');
  });

  test('that is a service account is bound to networks and has no link', async () => {
    const service = { kind: 'service', username: 'batch', email: null } as const;
    assert.deepEqual(await faultsOf(create({ ...service })), ['/networks']);
    assert.deepEqual(await faultsOf(create({ ...service, networks: ['nowhere'] })), ['/networks']);
    const { user, invitation } = await create({ ...service, networks: ['batch'] });
    assert.deepEqual([user.kind, user.networks, invitation], ['service', ['batch'], null]);
  });

  test('is given no link where passwords are kept elsewhere', async () => {
    world.configure({ local: { isEnabled: false, minPasswordLength: 12 } });
    assert.equal((await create()).invitation, null);
  });

  // prettier-ignore
  const faults: readonly (readonly [Partial<NewPerson>, string])[] = [
    [{ username: 'Nomsa Khumalo' },        '/username'],
    [{ username: 'cli' },                  '/username'],
    [{ username: '' },                     '/username'],
    [{ displayName: ' ' },                 '/display_name'],
    [{ displayName: 'Nomsa\u202eKhumalo'}, '/display_name'],
    [{ email: 'a@b@c' },                   '/email'],
    [{ groups: ['A,B'] },                  '/groups'],
    [{ networks: ['batch'] },              '/networks'],
  ];
  for (const [input, pointer] of faults) {
    test(`with ${JSON.stringify(input)} is refused at ${pointer}`, async () => {
      assert.deepEqual(await faultsOf(create(input)), [pointer]);
      assert.deepEqual(await eventsOf('enrollment-link.created'), []);
    });
  }

  test('of a name that exists, in any letter case and any tenant, is refused', async () => {
    await newPerson(world, 'nomsa');
    assert.deepEqual(await faultsOf(create({ username: 'NOMSA' })), ['/username']);
    const other = await openOffice(world, 'acme');
    assert.deepEqual(await faultsOf(create({}, other.admin)), ['/username']);
  });
});

describe('who is not an administrator', () => {
  test('makes, changes, invites and unlocks nobody, whatever else their role', async () => {
    const dan = await newPerson(world, 'dan');
    for (const role of ['manager', 'owner', 'executor', 'auditor'] as const) {
      const admin = office[role];
      assert.equal(await codeOf(create({}, admin)), 'not-permitted', role);
      assert.equal(await codeOf(change(dan, { groups: ['TIER1'] }, admin)), 'not-permitted', role);
      assert.equal(await codeOf(change(dan, { isDisabled: true }, admin)), 'not-permitted', role);
      assert.equal(await codeOf(inviteAgain(world.ctx, admin, dan)), 'not-permitted', role);
      assert.equal(await codeOf(unlockCodes(world.ctx, admin, dan)), 'not-permitted', role);
    }
    assert.deepEqual((await found(dan)).groups, []);
  });

  test('is asked to confirm when the proof is an hour old', async () => {
    const dan = await newPerson(world, 'dan');
    world.clock.advance(3600);
    assert.equal(await codeOf(create()), 'step-up-required');
    assert.equal(await codeOf(change(dan, { isDisabled: true })), 'step-up-required');
    const again = await refreshed(world, office.admin);
    assert.equal(await codeOf(change(dan, { isDisabled: true }, again)), null);
  });

  test('does nothing once their role is taken or their session ended, though it was there', async () => {
    const dan = await newPerson(world, 'dan');
    const other = await newAdministrator(world, 'amy', ['ADMINS']);
    await change(other.session.principal.id, { groups: [] });
    assert.equal(await codeOf(change(dan, { isDisabled: true }, other)), 'not-permitted');
    await change(other.session.principal.id, { isDisabled: true });
    assert.equal(await codeOf(change(dan, { isDisabled: true }, other)), 'not-signed-in');
  });
});

describe('an administrator', () => {
  test('does nothing to themselves', async () => {
    const { id } = office.admin.session.principal;
    assert.equal(await codeOf(change(id, { groups: ['ADMINS', 'MANAGERS'] })), 'conflict');
    assert.equal(await codeOf(change(id, { email: 'me@example.com' })), 'conflict');
    assert.equal(await codeOf(change(id, { isDisabled: true })), 'conflict');
    assert.equal(await codeOf(inviteAgain(world.ctx, office.admin, id)), 'conflict');
    assert.equal(await codeOf(unlockCodes(world.ctx, office.admin, id)), 'conflict');
  });

  test('of a lower tier does nothing to somebody above them', async () => {
    const policy = {
      ...officePolicy(),
      tiers: new Map([
        ['ROOT', 'TIER0'],
        ['ADMINS', 'TIER1'],
      ] as const),
    };
    world.configure({ policy });
    const root = await newPerson(world, 'root', ['ROOT']);
    assert.equal(await codeOf(change(root, { isDisabled: true })), 'not-permitted');
    assert.equal(await codeOf(change(root, { groups: [] })), 'not-permitted');
    assert.equal(await codeOf(inviteAgain(world.ctx, office.admin, root)), 'not-permitted');
    assert.equal(await codeOf(unlockCodes(world.ctx, office.admin, root)), 'not-permitted');
  });

  test('of a lower tier hands out no group of a higher one, to the new or the old', async () => {
    const policy = {
      ...officePolicy(),
      tiers: new Map([
        ['ROOT', 'TIER0'],
        ['ADMINS', 'TIER1'],
      ] as const),
    };
    world.configure({ policy });
    const dan = await newPerson(world, 'dan');
    assert.equal(await codeOf(create({ groups: ['ROOT'] })), 'not-permitted');
    assert.equal(await codeOf(change(dan, { groups: ['STAFF', 'ROOT'] })), 'not-permitted');
    assert.deepEqual((await found(dan)).groups, []);
    assert.equal(await world.ctx.stores.users.findByUsername('nomsa'), null);
    assert.equal(await codeOf(change(dan, { groups: ['STAFF', 'ADMINS'] })), null);
  });

  test('finds, changes and links nobody of another tenant, as if there were none', async () => {
    const other = await openOffice(world, 'acme');
    const dan = await newPerson(world, 'dan');
    const nobody = 'usr_nobody' as UserId;
    for (const id of [dan, nobody]) {
      assert.equal(await codeOf(change(id, { isDisabled: true }, other.admin)), 'not-found');
      assert.equal(await codeOf(inviteAgain(world.ctx, other.admin, id)), 'not-found');
      assert.equal(await codeOf(unlockCodes(world.ctx, other.admin, id)), 'not-found');
      assert.equal(await codeOf(findPerson(world.ctx, other.admin, id)), 'not-found');
    }
    const page = { after: null, limit: 100 };
    const seen = await searchPeople(world.ctx, other.admin, everybody, page);
    assert.deepEqual(
      seen.map(({ user }) => user.tenant),
      seen.map(() => 'acme'),
    );
    const beyond = await searchPeople(world.ctx, other.admin, everybody, { after: 'da', limit: 9 });
    assert.ok(!beyond.some(({ user }) => user.username === 'dan'));
  });
});

describe('a changed account', () => {
  test('has its name, address and groups, each audited with what was before', async () => {
    const dan = await newPerson(world, 'dan', ['STAFF']);
    const user = await change(dan, {
      displayName: 'Dan Dube',
      email: 'dd@example.com',
      groups: ['TIER1', 'STAFF', 'STAFF'],
    });

    assert.deepEqual(
      [user.displayName, user.email, user.groups],
      ['Dan Dube', 'dd@example.com', ['STAFF', 'TIER1']],
    );
    const [changed] = await eventsOf('user.changed');
    assert.deepEqual(changed?.details, {
      username: 'dan',
      changed: ['displayName', 'email'],
      emailBefore: 'dan@example.com',
    });
    const [regrouped] = await eventsOf('user.groups-changed');
    assert.deepEqual(
      [regrouped?.actor, regrouped?.details['before'], regrouped?.details['after']],
      ['ada', ['STAFF'], ['STAFF', 'TIER1']],
    );
  });

  test('is told at its old address and its new one, and links to the old one are dead', async () => {
    const { user, invitation } = await create();
    await change(user.id, { email: 'thief@example.com' });

    const told = (await mails()).filter(({ kind }) => kind === 'email-changed');
    assert.deepEqual(told.map(({ to }) => to).toSorted(), [
      'nomsa@example.com',
      'thief@example.com',
    ]);
    const secret = sure(sure(invitation).url.split('/').at(-1));
    const redeemed = await redeemInvitation(world.ctx, visit(), { secret, password: goodPassword });
    assert.equal(redeemed.ok, false);
  });

  test('that is as it was before writes nothing down', async () => {
    const dan = await newPerson(world, 'dan', ['STAFF']);
    const before = (await world.events()).length;
    await change(dan, {
      displayName: 'dan',
      email: 'dan@example.com',
      groups: ['STAFF'],
      isDisabled: false,
    });
    assert.equal((await world.events()).length, before);
  });

  test('is changed as a whole or not at all', async () => {
    const dan = await newPerson(world, 'dan');
    const policy = {
      ...officePolicy(),
      tiers: new Map([
        ['ROOT', 'TIER0'],
        ['ADMINS', 'TIER1'],
      ] as const),
    };
    world.configure({ policy });
    const before = (await world.events()).length;
    const both = { displayName: 'Dan Dube', groups: ['ROOT'], isDisabled: true };
    assert.equal(await codeOf(change(dan, both)), 'not-permitted');
    const { displayName, isDisabled } = await found(dan);
    assert.deepEqual([displayName, isDisabled], ['dan', false]);
    assert.equal((await world.events()).length, before);
  });

  test('names every field that is wrong', async () => {
    const dan = await newPerson(world, 'dan');
    const wrong = { displayName: '', email: 'x', groups: ['a b'], networks: ['batch'] };
    assert.deepEqual(await faultsOf(change(dan, wrong)), [
      '/display_name',
      '/email',
      '/groups',
      '/networks',
    ]);
  });

  test('that is disabled has no session, no link and is told; enabled again it signs in anew', async () => {
    const dan = await newPerson(world, 'dan');
    const session = await freshSession(world, dan);
    await inviteAgain(world.ctx, office.admin, dan);
    const noted = world.clock.now();

    await change(dan, { isDisabled: true });

    assert.equal(await world.recall(session.key), null);
    assert.deepEqual(await world.ctx.stores.enrollmentLinks.listOfUser(dan, noted), []);
    const changes = await world.ctx.stores.accessChanges.since(noted);
    assert.ok(changes.some(({ whose }) => whose === dan));
    assert.ok((await mails()).some(({ kind }) => kind === 'account-disabled'));

    await change(dan, { isDisabled: false });
    assert.equal(await world.recall(session.key), null);
    const answer = await signIn(world.ctx, visit(), { username: 'dan', password: goodPassword });
    assert.equal(answer.ok, true);
  });

  test('that is a service is bound to other networks, all of which exist', async () => {
    const { user } = await create({
      kind: 'service',
      username: 'batch',
      email: null,
      networks: ['batch'],
    });
    assert.deepEqual(await faultsOf(change(user.id, { networks: [] })), ['/networks']);
    assert.deepEqual(await faultsOf(change(user.id, { networks: ['moon'] })), ['/networks']);
    assert.equal(await codeOf(change(user.id, { networks: ['batch'] })), null);
  });
});

describe('another link', () => {
  test('takes the place of the one before, and leaves the password until it is used', async () => {
    const { user, invitation } = await create();
    const second = await inviteAgain(world.ctx, office.admin, user.id);

    const first = sure(sure(invitation).url.split('/').at(-1));
    const refused = await redeemInvitation(world.ctx, visit(), {
      secret: first,
      password: goodPassword,
    });
    assert.equal(refused.ok, false);
    const secret = sure(second.url.split('/').at(-1));
    const taken = await redeemInvitation(world.ctx, visit(), { secret, password: goodPassword });
    assert.equal(taken.ok, true);
  });

  test('is for people who can use it', async () => {
    const { user: service } = await create({
      kind: 'service',
      username: 'batch',
      email: null,
      networks: ['batch'],
    });
    assert.equal(await codeOf(inviteAgain(world.ctx, office.admin, service.id)), 'conflict');
    const dan = await newPerson(world, 'dan');
    await change(dan, { isDisabled: true });
    assert.equal(await codeOf(inviteAgain(world.ctx, office.admin, dan)), 'conflict');
    world.configure({ local: { isEnabled: false, minPasswordLength: 12 } });
    const eli = await newPerson(world, 'eli');
    assert.equal(await codeOf(inviteAgain(world.ctx, office.admin, eli)), 'conflict');
  });
});

describe('a pause of codes', () => {
  test('is lifted once, audited and told', async () => {
    const dan = await newPerson(world, 'dan');
    const { lockout } = world.ctx.config.current();
    for (let guess = 0; guess < lockout.failuresMax; guess += 1) {
      await world.ctx.stores.attempts.reserve(dan, lockout, world.clock.now());
    }
    assert.notEqual(await world.ctx.stores.attempts.lockedUntil(dan, world.clock.now()), null);

    assert.deepEqual(await unlockCodes(world.ctx, office.admin, dan), { wasLocked: true });

    assert.equal(await world.ctx.stores.attempts.lockedUntil(dan, world.clock.now()), null);
    const [unlocked] = await eventsOf('second-factor.unlocked');
    assert.deepEqual([unlocked?.actor, unlocked?.subject], ['ada', dan]);
    assert.deepEqual(
      (await mails()).map(({ kind }) => kind),
      ['codes-unlocked'],
    );
    assert.deepEqual(await unlockCodes(world.ctx, office.admin, dan), { wasLocked: false });
    assert.equal((await eventsOf('second-factor.unlocked')).length, 1);
  });
});

describe('a story', () => {
  test('has everything about somebody and no secret (G9)', async () => {
    const anna = await world.enrolledPerson('anna');
    const { id } = anna.session.principal;
    await inviteAgain(world.ctx, await refreshed(world, office.admin), id);
    const story = await findPerson(world.ctx, office.auditor, id);

    assert.deepEqual(story.enrolled, ['totp']);
    assert.equal(story.authenticators.length, 1);
    assert.equal(story.recoveryCodesLeft, 10);
    assert.equal(story.sessions.length, 2);
    assert.equal(story.links.length, 1);
    assert.ok(story.events.length > 3);
    assert.equal(story.status, 'enrolled');
    const written = JSON.stringify({ ...story, events: [] });
    assert.ok(!written.includes(anna.secret));
    assert.doesNotMatch(written, /sealed|credential|"hash":|argon2/i);
    assert.ok(story.devices.every((device) => !('key' in device)));
  });
});
