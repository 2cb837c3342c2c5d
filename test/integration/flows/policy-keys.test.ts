/**
 * Each key of the policy file: turn it over, and see the difference.
 *
 * The file is the operator's own; each test changes one key of it as text would, and looks at what
 * people and administrators meet. A last test counts: no key is without a test of its name.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { admissibleProofs, decide } from '../../../src/core/policy/decide.ts';
import type { Decision } from '../../../src/core/policy/decision.ts';
import type { Requirement } from '../../../src/core/policy/requirement.ts';
import { Problem } from '../../../src/core/problem.ts';
import type { Proof } from '../../../src/core/proofs.ts';
import { addSeconds } from '../../../src/core/time.ts';
import { beginPasskeyChallenge } from '../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { beginPasskeyEnrollment } from '../../../src/flows/enroll/enroll-passkey.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../src/flows/enroll/enroll-totp.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import {
  confirmRecoveryCodes,
  takeRecoveryCodes,
} from '../../../src/flows/enroll/recovery-codes.ts';
import { regenerateRecoveryCodes } from '../../../src/flows/account/regenerate-codes.ts';
import { beginPasskeySignIn } from '../../../src/flows/sign-in/sign-in-with-passkey.ts';
import { createTenant, setTenant } from '../../../src/flows/admin/tenants.ts';
import { createUser, resetMfa } from '../../../src/flows/admin/users.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, aRequest, aRoute, aRule } from '../../support/builders.ts';
import {
  goodPassword,
  openWorld,
  sure,
  visit,
  type EnrolledPerson,
  type World,
} from '../../support/flow-world.ts';
import { mailThatWaits } from '../../support/own-changes.ts';
import { enrollPasskey } from '../../support/passkey-verbs.ts';
import { policyKeys, policyWith, type KeyChanges } from '../../support/policy-file.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  under({});
});
afterEach(() => world.close());

/** Puts the operator's file in force, with some keys turned over. */
function under(changes: KeyChanges): void {
  world.configure({ policy: aPolicy({ mfa: policyWith(changes) }) });
}

const tested = new Set<string>();
/** A test of one key of the file. */
function key(name: string, sees: string, body: () => Promise<void>): void {
  tested.add(name);
  test(`${name}: ${sees}`, body);
}

const tier0 = ['AI-PLATFORM-ADMINS'];
const tier1 = ['SEC-OPS'];

async function somebody(groups: readonly string[] = [], username = 'anna'): Promise<SessionFacts> {
  const person = { username, groups, password: goodPassword, email: `${username}@example.com` };
  const answer = await createUser(world.ctx, person);
  assert(answer.ok, JSON.stringify(answer));
  return world.signInBy(username);
}

/** Somebody with an app and stored codes, in the session in which they set them up. */
async function withApp(groups: readonly string[] = []): Promise<EnrolledPerson> {
  return world.enroll(await somebody(groups));
}

interface Asked {
  readonly requires?: Partial<Requirement>;
  readonly isAdminConsole?: boolean;
  readonly seconds?: number;
}

/** What becomes of a request in this session, as it is now. */
async function decided(
  session: SessionFacts,
  { requires = { level: 1 }, isAdminConsole = false, seconds = 0 }: Asked = {},
): Promise<Decision> {
  const route = aRoute({ isAdminConsole, rules: [aRule({ requires })] });
  const facts = {
    request: aRequest({ isNavigation: false }),
    session: sure(await world.recall(session.key)),
    now: addSeconds(world.clock.now(), seconds),
  };
  return decide(route, facts, world.ctx.config.current().policy);
}

const outcome = async (session: SessionFacts, asked: Asked = {}) =>
  (await decided(session, asked)).reason;

/** What is still to be enrolled, or null when nothing stands in the way. */
async function missing(session: SessionFacts): Promise<readonly string[] | null> {
  const decision = await decided(session);
  return decision.kind === 'enroll' ? decision.missing : null;
}

const counted = (session: SessionFacts): readonly Proof['method'][] =>
  admissibleProofs(session, world.ctx.config.current().policy).map(({ method }) => method);

const isForbidden = (error: unknown): boolean =>
  error instanceof Problem && error.code === 'policy-forbids';

const reset = () => resetMfa(world.ctx, { username: 'anna', reason: 'lost phone', ticket: 'T-1' });
const lastEvent = async () => sure((await world.events()).at(-1));

const use = async (session: SessionFacts, code: string) =>
  answerChallenge(world.ctx, visit(), session, { method: 'recovery-code', code });

/** Everything that can happen to somebody's second factor, as types of events. */
async function lifeOfAnna(): Promise<readonly string[]> {
  const { recoveryCodes, session } = await world.enrolledPerson('anna');
  await enrollPasskey(world, session);
  const again = await world.signInBy('anna');
  assert.equal((await use(again, sure(recoveryCodes[0]))).ok, true);
  assert.equal((await reset()).ok, true);
  return world.eventTypes();
}

describe('mfa', () => {
  key('mfa.enabled', 'off obliges nobody, and still asks who has something', async () => {
    const anna = await somebody(tier0);
    assert.deepEqual(await missing(anna), ['totp', 'webauthn', 'recovery-code']);
    await createTenant(world.ctx, { name: 'acme' });
    const settings = { isMfaRequired: true, gracePeriodDays: 0 };
    await setTenant(world.ctx, { name: 'acme', settings });
    const tenant = 'acme';
    await createUser(world.ctx, { username: 'ben', tenant, password: goodPassword });
    const ben = await world.signInBy('ben');
    assert.equal(await outcome(ben), 'tenant-requires-enrollment');

    under({ 'mfa.enabled': false });

    assert.equal(await outcome(anna), 'assurance-met');
    assert.equal(await outcome(ben), 'assurance-met');
    assert.equal(await outcome(anna, { requires: { level: 2 } }), 'nothing-enrolled');
    await world.enroll(ben);
    assert.equal(await outcome(await world.signInBy('ben')), 'second-factor-required');
  });

  key('mfa.methods.totp.enabled', 'off: not enrolled, not asked, not counted', async () => {
    const { session } = await withApp();
    const again = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, again), 'challenge');
    assert.deepEqual(counted(session), ['password', 'totp']);

    under({ 'mfa.methods.totp.enabled': false });

    assert.equal(nextPage(world.ctx, again), 'done');
    assert.deepEqual(counted(session), ['password']);
    assert.equal(await outcome(session, { requires: { level: 2 } }), 'nothing-enrolled');
    await assert.rejects(beginTotpEnrollment(world.ctx, session), isForbidden);
    const guess = { method: 'totp', code: '000000' } as const;
    await assert.rejects(answerChallenge(world.ctx, visit(), again, guess), isForbidden);
    assert.deepEqual(await missing(await somebody(tier0, 'ada')), ['webauthn', 'recovery-code']);
  });

  key('mfa.methods.totp.required_for_tiers', 'those tiers owe an app, and no others', async () => {
    const tim = await somebody(tier1, 'tim');
    const dan = await somebody([], 'dan');
    assert.deepEqual([await missing(tim), await missing(dan)], [['totp', 'recovery-code'], null]);

    under({ 'mfa.methods.totp.required_for_tiers': ['TIER3'] });

    assert.deepEqual([await missing(tim), await missing(dan)], [['recovery-code'], ['totp']]);
  });

  key('mfa.methods.webauthn.enabled', 'off: not enrolled, not asked, not counted', async () => {
    const { session } = await enrollPasskey(world, await somebody());
    const again = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, again), 'challenge');
    assert.deepEqual(counted(session), ['password', 'webauthn']);
    const preferred = { userVerification: 'preferred' } as const;
    assert.notEqual(await beginPasskeyChallenge(world.ctx, again, preferred), null);
    assert.notEqual(await beginPasskeySignIn(world.ctx, 'browser'), null);

    under({ 'mfa.methods.webauthn.enabled': false });

    assert.equal(nextPage(world.ctx, again), 'done');
    assert.deepEqual(counted(session), ['password']);
    assert.equal(await outcome(session, { requires: { level: 2 } }), 'nothing-enrolled');
    await assert.rejects(beginPasskeyEnrollment(world.ctx, session), isForbidden);
    assert.equal(await beginPasskeyChallenge(world.ctx, again, preferred), null);
    assert.equal(await beginPasskeySignIn(world.ctx, 'browser'), null);
    assert.deepEqual(await missing(await somebody(tier0, 'ada')), ['totp', 'recovery-code']);
  });

  key('mfa.methods.webauthn.required_for_tiers', 'those tiers owe a passkey', async () => {
    const { session: anna } = await withApp(tier0);
    assert.deepEqual(await missing(anna), ['webauthn']);
    const dan = await somebody([], 'dan');
    assert.equal(await missing(dan), null);

    under({ 'mfa.methods.webauthn.required_for_tiers': ['TIER3'] });

    assert.equal(await missing(anna), null);
    assert.deepEqual(await missing(dan), ['webauthn']);
  });
});

describe('mfa.recovery_codes', () => {
  key('mfa.recovery_codes.enabled', 'off: not made, not asked, not counted', async () => {
    const { recoveryCodes } = await withApp();
    const again = await world.signInBy('anna');
    const answer = await use(again, sure(recoveryCodes[0]));
    assert(answer.ok);
    const proved = sure(await world.rise(answer.session, again));
    assert.deepEqual(counted(proved), ['password', 'recovery-code']);
    const once = await world.signInBy('anna');

    under({ 'mfa.recovery_codes.enabled': false });

    assert.deepEqual(counted(proved), ['password']);
    await assert.rejects(use(once, sure(recoveryCodes[1])), isForbidden);
    await assert.rejects(
      regenerateRecoveryCodes(world.ctx, visit(), proved, {
        password: goodPassword,
        code: sure(recoveryCodes[2]),
      }),
      isForbidden,
    );
    const ben = await world.enroll(await somebody(tier1, 'ben'));
    assert.deepEqual(ben.recoveryCodes, []);
    assert.equal(await missing(ben.session), null);
  });

  key('mfa.recovery_codes.min_codes', 'is how many codes a set has', async () => {
    assert.equal((await withApp()).recoveryCodes.length, 10);

    under({ 'mfa.recovery_codes.min_codes': 3 });

    const { recoveryCodes } = await world.enroll(await somebody([], 'ben'));
    assert.equal(recoveryCodes.length, 3);
  });

  key('mfa.recovery_codes.required_for_tiers', 'those tiers owe stored codes', async () => {
    const session = await somebody(tier1);
    const { secret } = await beginTotpEnrollment(world.ctx, session);
    const code = codeAt(secret, world.clock.now());
    const answer = await finishTotpEnrollment(world.ctx, visit(), session, { code });
    assert(answer.ok);
    const enrolled = sure(await world.rise(answer.session, session));
    // Made, and not yet said to be stored.
    assert.deepEqual(await missing(enrolled), ['recovery-code']);

    under({ 'mfa.recovery_codes.required_for_tiers': ['TIER0'] });

    assert.equal(await missing(enrolled), null);
  });

  key(
    'mfa.recovery_codes.regenerate_invalidates_old',
    'off: older codes go on working',
    async () => {
      const worksAfterwards = async (): Promise<boolean> => {
        const { session, secret, recoveryCodes } = await world.enrolledPerson('anna');
        const proof = { password: goodPassword, code: codeAt(secret, world.clock.now()) };
        const answer = await regenerateRecoveryCodes(world.ctx, visit(), session, proof);
        assert(answer.ok, JSON.stringify(answer));
        assert.equal((await takeRecoveryCodes(world.ctx, session))?.length, 10);
        assert.equal(await confirmRecoveryCodes(world.ctx, visit(), session), true);
        return (await use(await world.signInBy('anna'), sure(recoveryCodes[0]))).ok;
      };
      assert.equal(await worksAfterwards(), false);
      await world.close();
      world = await openWorld();

      under({ 'mfa.recovery_codes.regenerate_invalidates_old': false });

      assert.equal(await worksAfterwards(), true);
    },
  );
});

describe('enforcement', () => {
  key(
    'enforcement.block_token_issuance_until_enrolled',
    'off: who has not enrolled passes where a password is enough',
    async () => {
      const anna = await somebody(tier0);
      assert.equal(await outcome(anna), 'policy-requires-enrollment');
      assert.equal(nextPage(world.ctx, anna), 'enroll');

      under({ 'enforcement.block_token_issuance_until_enrolled': false });

      assert.equal(await outcome(anna), 'assurance-met');
      assert.equal(nextPage(world.ctx, anna), 'done');
      assert.equal(await outcome(anna, { requires: { level: 2 } }), 'nothing-enrolled');
    },
  );

  key(
    'enforcement.step_up_for_admin_console',
    'off: an administration console asks for no fresh proof',
    async () => {
      const { session } = await world.enrolledPerson('anna');
      const console = { isAdminConsole: true, requires: { level: 2 }, seconds: 1200 } as const;
      assert.equal(await outcome(session, console), 'proof-too-old');

      under({ 'enforcement.step_up_for_admin_console': false });

      assert.equal(await outcome(session, console), 'assurance-met');
    },
  );
});

describe('reset_policy', () => {
  key('reset_policy.enabled', 'off: nothing is reset', async () => {
    const { session } = await world.enrolledPerson('anna');
    under({ 'reset_policy.enabled': false });

    const answer = await reset();

    assert.equal(answer.ok ? '' : answer.reason, 'policy-forbids');
    assert.deepEqual(sure(await world.recall(session.key)).enrolled, ['totp']);
    under({});
    assert.equal((await reset()).ok, true);
  });

  key('reset_policy.allowed_roles', 'they are told of a recovery code that was used', async () => {
    const told = async (roles: readonly string[]): Promise<readonly string[]> => {
      under({ 'reset_policy.allowed_roles': roles });
      world.configure({ mail: mailThatWaits });
      await somebody(tier0, 'ada');
      await somebody(tier1, 'tim');
      const { recoveryCodes } = await withApp();
      assert.equal((await use(await world.signInBy('anna'), sure(recoveryCodes[0]))).ok, true);
      const used = (await world.events()).find(({ type }) => type === 'recovery-code.used');
      assert.deepEqual(used?.details['visibleTo'], roles);
      const now = world.clock.now();
      const waiting = await world.ctx.stores.outbox.take({ now, leaseUntil: now + 1, limit: 50 });
      const kind = 'recovery-code-used-by-other';
      return waiting.filter((mail) => mail.kind === kind).map((mail) => mail.to);
    };
    assert.deepEqual(await told(tier0), ['ada@example.com']);
    await world.close();
    world = await openWorld();

    assert.deepEqual(await told(tier1), ['tim@example.com']);
  });

  const skips = [
    ['reset_policy.requires_approval', ['approval', 'identity-proofing'], ['identity-proofing']],
    ['reset_policy.requires_identity_proofing', ['approval', 'identity-proofing'], ['approval']],
  ] as const;
  for (const [name, on, off] of skips) {
    key(name, 'a reset in an emergency says that it went without', async () => {
      await somebody();
      const answer = await reset();
      assert.deepEqual(answer.ok && answer.skipped, on);
      assert.deepEqual((await lastEvent()).details['skipped'], on);

      under({ [name]: false });

      const lesser = await reset();
      assert.deepEqual(lesser.ok && lesser.skipped, off);
      const { details } = await lastEvent();
      assert.deepEqual([details['breakGlass'], details['skipped']], [true, off]);
    });
  }

  key('reset_policy.post_reset_require_enroll', 'off: a password is enough again', async () => {
    await world.enrolledPerson('anna');
    await reset();
    assert.equal(await outcome(await world.signInBy('anna')), 'tenant-requires-enrollment');
    await world.enroll(await world.signInBy('anna'));

    under({ 'reset_policy.post_reset_require_enroll': false });
    await reset();

    assert.equal(await outcome(await world.signInBy('anna')), 'assurance-met');
  });

  key('reset_policy.severity', 'is that of the event', async () => {
    await somebody();
    await reset();
    assert.equal((await lastEvent()).severity, 'high');

    under({ 'reset_policy.severity': 'notice' });
    await reset();

    assert.equal((await lastEvent()).severity, 'notice');
  });
});

describe('audit', () => {
  const switches = [
    ['audit.log_mfa_enroll', ['authenticator.enrolled']],
    [
      'audit.log_recovery_codes_generated',
      ['recovery-codes.generated', 'recovery-codes.confirmed'],
    ],
    ['audit.log_recovery_code_used', ['recovery-code.used']],
    ['audit.log_mfa_reset', ['reset.executed']],
  ] as const;
  for (const [name, events] of switches) {
    key(name, `off leaves out ${events.join(' and ')}, and nothing else`, async () => {
      const all = await lifeOfAnna();
      for (const event of events) assert(all.includes(event), event);
      await world.close();
      world = await openWorld();
      under({ [name]: false });

      const left: readonly string[] = events;
      assert.deepEqual(
        await lifeOfAnna(),
        all.filter((type) => !left.includes(type)),
      );
    });
  }
});

describe('what the file asks of those who administer (TIER0)', () => {
  test('opens nothing until an app, a passkey and codes are all there, in any order', async () => {
    const anna = await somebody(tier0);
    assert.equal(await outcome(anna), 'policy-requires-enrollment');
    const { session: withPasskey } = await enrollPasskey(world, anna);
    assert.deepEqual(await missing(withPasskey), ['totp', 'recovery-code']);
    const all = await world.enroll(withPasskey);
    assert.equal(all.recoveryCodes.length, 10);

    assert.equal(await outcome(all.session), 'assurance-met');
  });
});

test('every key of the file has a test of its own', () => {
  assert.deepEqual([...tested].sort(), [...policyKeys()].sort());
});
