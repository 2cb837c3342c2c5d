/**
 * What people are told of, and how often; and that no mail holds what must stay secret (G8, G9,
 * ASVS 5.0 §6.3.5 and §6.3.7, NIST SP 800-63B-4 §4.2.3).
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import type { MailKind } from '../../../src/core/mail-kinds.ts';
import { answerChallenge, type ChallengeAnswer } from '../../../src/flows/sign-in/challenge.ts';
import { stepUp } from '../../../src/flows/sign-in/step-up.ts';
import { createUser, resetMfa, setGroups, setPassword } from '../../../src/flows/admin/users.ts';
import type { WaitingMail } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { mailThatWaits } from '../../support/own-changes.ts';

const anHour = 3600;

let world: World;
beforeEach(async () => {
  world = await openWorld({ config: { mail: mailThatWaits, policy: policyWithAdmins() } });
});
afterEach(() => world.close());

function policyWithAdmins(changes: { readonly logsRecoveryCodeUsed?: boolean } = {}) {
  const mfa = anMfaPolicy();
  return aPolicy({
    mfa: {
      ...mfa,
      reset: { ...mfa.reset, allowedRoles: ['ADMINS'] },
      audit: { ...mfa.audit, ...changes },
    },
  });
}

async function addPerson(username: string, groups: readonly string[] = []): Promise<void> {
  const email = `${username}@corp.example`;
  const answer = await createUser(world.ctx, { username, groups, email, password: goodPassword });
  assert.ok(answer.ok, JSON.stringify(answer));
}

interface Enrolled {
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** Somebody whose app and codes are set up; the mail about that is gone. */
async function enrolled(username = 'anna', groups: readonly string[] = []): Promise<Enrolled> {
  await addPerson(username, groups);
  const { secret, recoveryCodes } = await world.enroll(await world.signInBy(username));
  world.clock.advance(60);
  await emptyOutbox();
  return { secret, recoveryCodes };
}

async function outbox(): Promise<readonly WaitingMail[]> {
  const now = world.clock.now();
  return world.ctx.stores.outbox.take({ now, leaseUntil: now, limit: 1000 });
}

async function emptyOutbox(): Promise<void> {
  for (const { id } of await outbox()) await world.ctx.stores.outbox.remove(id);
}

/** `kind to`, sorted. */
async function told(): Promise<readonly string[]> {
  return (await outbox()).map(({ kind, to }) => `${kind} ${to}`).toSorted();
}

async function guess(session: SessionFacts, code: string): Promise<ChallengeAnswer> {
  return answerChallenge(world.ctx, visit(), session, { method: 'totp', code });
}

/** A code that is wrong now and at any time near. */
function wrongCode(secret: string): string {
  const near = [-2, -1, 0, 1, 2].map((step) => codeAt(secret, world.clock.now() + step * 30_000));
  return sure(
    ['000000', '111111', '222222', '333333', '444444', '555555'].find(
      (code) => !near.includes(code),
    ),
  );
}

function isFailure(line: string): boolean {
  return line.startsWith('second-factor-failed');
}

describe('a wrong code after a right password', () => {
  test('is told, with browser and address', async () => {
    const { secret } = await enrolled();
    await guess(await world.signInBy('anna'), wrongCode(secret));

    const [mail, ...more] = await outbox();
    assert.deepEqual(
      [mail?.kind, mail?.to, more],
      ['second-factor-failed', 'anna@corp.example', []],
    );
    assert.equal(mail?.details['username'], 'anna');
    assert.equal(mail?.details['ip'], visit().ip);
  });

  test('is told in a step-up as well', async () => {
    const { secret } = await enrolled();
    const session = await world.signInBy('anna');
    const answer = await guess(session, codeAt(secret, world.clock.now()));
    assert.ok(answer.ok);
    const risen = sure(await world.rise(answer.session, session));
    const given = { method: 'totp', password: goodPassword, code: wrongCode(secret) } as const;
    await stepUp(world.ctx, visit(), risen, given);

    assert.ok((await told()).includes('second-factor-failed anna@corp.example'));
  });

  test('is told once in an hour, however often it happens and in however many sessions', async () => {
    const { secret } = await enrolled();
    world.clock.advance(anHour - ((world.clock.now() / 1000) % anHour));
    for (let sessions = 0; sessions < 4; sessions += 1) {
      const session = await world.signInBy('anna');
      await guess(session, wrongCode(secret));
      const right = await guess(session, codeAt(secret, world.clock.now()));
      assert.ok(right.ok);
      world.clock.advance(60);
    }
    assert.equal((await told()).filter(isFailure).length, 1);

    world.clock.advance(anHour);
    await guess(await world.signInBy('anna'), wrongCode(secret));
    assert.equal((await told()).filter(isFailure).length, 2);
  });

  test('is told once where several arrive together', async () => {
    const { secret } = await enrolled();
    const session = await world.signInBy('anna');
    const code = wrongCode(secret);
    await Promise.all([1, 2, 3].map(async () => guess(session, code)));
    assert.deepEqual(await told(), ['second-factor-failed anna@corp.example']);
  });

  test('is not told where it was right and only came twice', async () => {
    const { secret } = await enrolled();
    const session = await world.signInBy('anna');
    const code = codeAt(secret, world.clock.now());
    assert.ok((await guess(session, code)).ok);
    await emptyOutbox();
    assert.deepEqual(await guess(session, code), {
      ok: false,
      reason: 'code-already-used',
      failuresLeft: 4,
    });
    assert.deepEqual(await told(), []);
  });

  test('that locks is told as a lock with its end, once in an hour too', async () => {
    const { secret } = await enrolled();
    world.clock.advance(anHour - ((world.clock.now() / 1000) % anHour));
    let lockedUntil = 0;
    for (let locks = 0; locks < 3; locks += 1) {
      const session = await world.signInBy('anna');
      for (let guesses = 0; guesses < 5; guesses += 1) {
        const answer = await guess(session, wrongCode(secret));
        if (locks === 0 && !answer.ok && answer.reason === 'locked')
          lockedUntil = answer.lockedUntil;
      }
      world.clock.advance(900);
    }
    assert.deepEqual(await told(), [
      'second-factor-failed anna@corp.example',
      'second-factor-locked anna@corp.example',
    ]);
    const lock = (await outbox()).find(({ kind }) => kind === 'second-factor-locked');
    assert.equal(lock?.details['until'], lockedUntil);
  });
});

async function use(code: string, username = 'anna'): Promise<void> {
  const session = await world.signInBy(username);
  const given = { method: 'recovery-code', code } as const;
  assert.ok((await answerChallenge(world.ctx, visit(), session, given)).ok);
}

describe('a used recovery code', () => {
  test('is told to the person and to those who may reset others, with the codes left', async () => {
    await addPerson('carol', ['ADMINS']);
    await addPerson('dave', ['ADMINS', 'STAFF']);
    await addPerson('eve', ['STAFF']);
    const { recoveryCodes } = await enrolled();
    await use(sure(recoveryCodes[0]));

    assert.deepEqual(await told(), [
      'recovery-code-used anna@corp.example',
      'recovery-code-used-by-other carol@corp.example',
      'recovery-code-used-by-other dave@corp.example',
    ]);
    for (const { details } of await outbox()) {
      assert.equal(details['username'], 'anna');
      assert.equal(details['codesLeft'], 9);
    }
  });

  test('is told to an administrator about themself once', async () => {
    const { recoveryCodes } = await enrolled('anna', ['ADMINS']);
    await use(sure(recoveryCodes[0]));
    assert.deepEqual(await told(), ['recovery-code-used anna@corp.example']);
  });

  test('is told to twenty administrators at most', async () => {
    for (let at = 10; at < 35; at += 1) await addPerson(`admin-${at}`, ['ADMINS']);
    const { recoveryCodes } = await enrolled('zoe', ['ADMINS']);
    await use(sure(recoveryCodes[0]), 'zoe');
    const kinds = (await outbox()).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'recovery-code-used-by-other').length, 20);
    assert.equal(kinds.filter((kind) => kind === 'recovery-code-used').length, 1);
  });

  test('is a warning in the audit log that says whom it concerns', async () => {
    const { recoveryCodes } = await enrolled();
    await use(sure(recoveryCodes[0]));
    const event = (await world.events()).findLast(({ type }) => type === 'recovery-code.used');
    assert.equal(event?.severity, 'warning');
    assert.deepEqual(event?.details, { codesLeft: 9, tier: 'TIER3', visibleTo: ['ADMINS'] });
  });

  test('is told also where the policy leaves it out of the audit log', async () => {
    const { recoveryCodes } = await enrolled();
    world.configure({ policy: policyWithAdmins({ logsRecoveryCodeUsed: false }) });
    await use(sure(recoveryCodes[0]));
    assert.deepEqual(await told(), ['recovery-code-used anna@corp.example']);
    assert.ok(!(await world.eventTypes()).includes('recovery-code.used'));
  });
});

describe('what an operator does', () => {
  test('is told: a new password, and a reset', async () => {
    await enrolled();
    await setPassword(world.ctx, { username: 'anna', password: 'harbor-otter-linen-7' });
    await resetMfa(world.ctx, { username: 'anna', reason: 'phone lost', ticket: 'OPS-1' });
    const mails = await outbox();
    assert.deepEqual(
      mails.map(({ kind }) => kind),
      ['password-changed', 'mfa-reset'],
    );
    // Neither browser nor address: nobody's browser did it. The reason is for the audit log.
    for (const { details } of mails) assert.deepEqual(details, { username: 'anna' });
  });

  test('is not told where it changes nothing about signing in', async () => {
    await enrolled();
    await setGroups(world.ctx, { username: 'anna', groups: ['STAFF'] });
    assert.deepEqual(await told(), []);
  });
});

describe('nobody is told anything', () => {
  test('where mail is not configured', async () => {
    const { secret } = await enrolled();
    world.configure({ mail: null });
    await guess(await world.signInBy('anna'), wrongCode(secret));
    await resetMfa(world.ctx, { username: 'anna', reason: 'phone lost', ticket: 'OPS-1' });
    assert.deepEqual(await told(), []);
  });

  test('who has no address', async () => {
    await world.addUser('ben');
    await setPassword(world.ctx, { username: 'ben', password: 'harbor-otter-linen-7' });
    assert.deepEqual(await told(), []);
  });

  test('of what did not happen', async () => {
    await enrolled();
    await resetMfa(world.ctx, { username: 'anna', reason: '', ticket: '' });
    await setPassword(world.ctx, { username: 'anna', password: 'short' });
    assert.deepEqual(await told(), []);
  });
});

test('the outbox holds no secret, code, password or hash (G9)', async () => {
  const { secret, recoveryCodes } = await enrolled('anna', ['ADMINS']);
  await addPerson('carol', ['ADMINS']);
  const wrong = wrongCode(secret);
  const session = await world.signInBy('anna');
  for (let guesses = 0; guesses < 4; guesses += 1) await guess(session, wrong);
  const code = codeAt(secret, world.clock.now());
  assert.ok((await guess(session, code)).ok);
  const again = await world.signInBy('anna');
  const given = { method: 'recovery-code', code: sure(recoveryCodes[3]) } as const;
  assert.ok((await answerChallenge(world.ctx, visit(), again, given)).ok);
  const newPassword = 'harbor-otter-linen-7';
  await setPassword(world.ctx, { username: 'anna', password: newPassword });
  await resetMfa(world.ctx, { username: 'anna', reason: 'phone lost', ticket: 'OPS-1' });

  const mails = await outbox();
  const kinds: readonly MailKind[] = [
    'second-factor-failed',
    'recovery-code-used',
    'recovery-code-used-by-other',
    'password-changed',
    'mfa-reset',
  ];
  assert.deepEqual(
    kinds.filter((kind) => !mails.some((mail) => mail.kind === kind)),
    [],
  );
  const user = sure(await world.ctx.stores.users.findByUsername('anna'));
  const hash = sure(await world.ctx.stores.users.passwordHashOf(user.id));
  const secrets = [secret, wrong, code, goodPassword, newPassword, hash, ...recoveryCodes];
  const text = JSON.stringify(mails.map(({ kind, to, details }) => ({ kind, to, details })));
  for (const value of secrets) {
    assert.ok(!text.includes(value), value);
    assert.ok(!text.includes(value.replaceAll('-', '')), value);
  }
  assert.ok(!text.includes(session.key) && !text.includes(session.lineage));
});
