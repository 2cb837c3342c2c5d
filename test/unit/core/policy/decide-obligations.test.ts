/** The decision on what tenants, resets and key models ask, and on where services may come from. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { clockSkewSeconds } from '../../../../src/core/assurance.ts';
import type { RequestFacts, SessionFacts } from '../../../../src/core/facts.ts';
import {
  admissibleProofs,
  decide,
  enrollmentMissing,
  graceEndOf,
  usableSecondFactors,
} from '../../../../src/core/policy/decide.ts';
import type { AccessPolicy } from '../../../../src/core/policy/mfa-policy.ts';
import { addSeconds, type EpochMs } from '../../../../src/core/time.ts';
import {
  anMfaPolicy,
  aNetwork,
  aPolicy,
  aPrincipal,
  aProof,
  aRoute,
  aRule,
  aService,
  aSession,
  facts,
  kindAndReason,
  NOON,
} from '../../../support/builders.ts';

const hours = (count: number) => ({ now: addSeconds(NOON, count * 3600) });
const day = (days: number): EpochMs => addSeconds(NOON, days * 24 * 3600);
const easy = aRoute({ rules: [aRule({ requires: { level: 1 } })] });
const strict = aRoute({ rules: [aRule({ requires: { level: 2 } })] });
const password = aProof('password');
const totp = aProof('totp');

/** Somebody whose tenant has asked for a second factor within five days. */
const inGrace = aSession({ enrollBy: day(5), expiresAt: day(30) });

function judged(
  session: SessionFacts,
  {
    route = easy,
    request = {},
    now = NOON,
    policy = aPolicy(),
  }: {
    readonly route?: typeof easy;
    readonly request?: Partial<RequestFacts>;
    readonly now?: EpochMs;
    readonly policy?: AccessPolicy;
  } = {},
): readonly [string, string] {
  return kindAndReason(decide(route, facts({ session, request, now }), policy));
}

const call = { isNavigation: false };

describe('decide, on somebody in grace', () => {
  test('shows a reminder on the way to a page, and lets every call pass', () => {
    assert.deepEqual(judged(inGrace), ['remind', 'enrollment-due-soon']);
    assert.deepEqual(judged(inGrace, { request: { method: 'HEAD' } }), [
      'remind',
      'enrollment-due-soon',
    ]);
    assert.deepEqual(judged(inGrace, { request: call }), ['allow', 'assurance-met']);
    // A form that was posted is not interrupted.
    assert.deepEqual(judged(inGrace, { request: { method: 'POST' } }), ['allow', 'assurance-met']);
  });

  test('shows it once a day', () => {
    const reminded = { ...inGrace, remindedAt: NOON };

    assert.equal(judged(reminded)[0], 'allow');
    assert.equal(judged(reminded, hours(23.9))[0], 'allow');
    assert.equal(judged(reminded, hours(24))[0], 'remind');
  });

  test('does not let a clock that went back silence it', () => {
    const ahead = { ...inGrace, remindedAt: addSeconds(NOON, clockSkewSeconds + 1) };
    const skewed = { ...inGrace, remindedAt: addSeconds(NOON, clockSkewSeconds) };

    assert.equal(judged(ahead)[0], 'remind');
    assert.equal(judged(skewed)[0], 'allow');
  });

  test('lets pass until the very instant of the deadline, and nothing from then on', () => {
    const lastMoment = day(5) - 1;

    assert.equal(judged(inGrace, { now: lastMoment, request: call })[0], 'allow');
    for (const request of [{}, call]) {
      assert.deepEqual(judged(inGrace, { now: day(5), request }), [
        'enroll',
        'tenant-requires-enrollment',
      ]);
    }
  });

  test('says that any second factor would do', () => {
    const decision = decide(easy, facts({ session: inGrace, now: day(5) }), aPolicy());
    assert.deepEqual(decision.kind === 'enroll' && decision.missing, ['totp', 'webauthn']);

    const only = aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false } }) });
    const narrower = decide(easy, facts({ session: inGrace, now: day(5) }), only);
    assert.deepEqual(narrower.kind === 'enroll' && narrower.missing, ['webauthn']);
  });

  test('waives nothing that a rule or an administration console asks', () => {
    const console = aRoute({ isAdminConsole: true, rules: easy.rules });

    assert.deepEqual(judged(inGrace, { route: strict }), ['enroll', 'nothing-enrolled']);
    assert.deepEqual(judged(inGrace, { route: console }), ['enroll', 'nothing-enrolled']);
  });

  test('gives none to a tier that owes methods: not even before the deadline', () => {
    const policy = aPolicy({ mfa: anMfaPolicy({ totp: { requiredForTiers: ['TIER0'] } }) });
    const admin = { ...inGrace, principal: aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] }) };

    assert.deepEqual(judged(admin, { policy }), ['enroll', 'policy-requires-enrollment']);
  });

  test('makes no exception for those who administer', () => {
    const admin = { ...inGrace, principal: aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] }) };

    assert.equal(judged(admin)[0], 'remind');
    assert.equal(judged(admin, { now: day(5) })[0], 'enroll');
  });

  test('leaves in peace who has a second factor, and asks for it', () => {
    const enrolled = { ...inGrace, enrolled: ['totp'] as const };

    assert.equal(graceEndOf(enrolled, aPolicy()), null);
    assert.equal(judged(enrolled)[0], 'challenge');
    assert.equal(judged({ ...enrolled, proofs: [password, totp] }, { now: day(9) })[0], 'allow');
  });

  test('does not take recovery codes for a second factor', () => {
    const codes = { ...inGrace, recoveryCodesLeft: 10 };

    assert.equal(judged(codes, { now: day(5) })[0], 'enroll');
  });

  test('obliges nobody while the policy is switched off, nor services ever', () => {
    const off = aPolicy({ mfa: anMfaPolicy({ isEnabled: false }) });
    const service = { ...inGrace, principal: aService() };

    assert.deepEqual(judged(inGrace, { policy: off, now: day(9) }), ['allow', 'assurance-met']);
    assert.equal(graceEndOf(service, aPolicy()), null);
  });
});

describe('decide, where the policy lets people in who have not enrolled yet', () => {
  const lenient = aPolicy({
    mfa: anMfaPolicy({
      totp: { requiredForTiers: ['TIER3'] },
      enforcement: { blocksTokensUntilEnrolled: false },
    }),
  });

  test('lets them pass where one factor is asked, and not where two are', () => {
    const newcomer = aSession();

    assert.deepEqual(judged(newcomer, { policy: lenient }), ['allow', 'assurance-met']);
    assert.deepEqual(judged(newcomer, { policy: lenient, route: strict }), [
      'enroll',
      'nothing-enrolled',
    ]);
  });

  test('keeps the deadline of their tenant', () => {
    assert.deepEqual(judged(inGrace, { policy: lenient, now: day(5) }), [
      'enroll',
      'tenant-requires-enrollment',
    ]);
  });
});

describe('decide, on services and where they come from (G2)', () => {
  const route = aRoute({ rules: [aRule({ audience: { services: ['batch-runner'] } })] });
  const policy = aPolicy({
    networks: new Map([
      ['zone-e', aNetwork('zone-e', ['10.20.0.0/24'])],
      ['backup', aNetwork('backup', ['192.0.2.0/24'])],
      ['empty', aNetwork('empty', [])],
    ]),
  });
  const from = (networks: readonly string[], ip: string) =>
    judged(aSession({ principal: aService({ networks }), proofs: [] }), {
      route,
      policy,
      request: { ip },
    });

  test('lets a service pass from each of its networks, and from nowhere else', () => {
    const both = ['zone-e', 'backup'];

    assert.deepEqual(from(both, '10.20.0.7'), ['allow', 'assurance-met']);
    assert.deepEqual(from(both, '192.0.2.1'), ['allow', 'assurance-met']);
    for (const ip of ['203.0.113.9', 'unknown']) {
      assert.deepEqual(from(both, ip), ['deny', 'service-network-not-allowed']);
    }
    assert.equal(from(['backup'], '10.20.0.7')[0], 'deny');
  });

  test('lets one pass from nowhere that has no network, an empty one, or one that is gone', () => {
    for (const networks of [[], ['empty'], ['gone']]) {
      assert.deepEqual(from(networks, '10.20.0.7'), ['deny', 'service-network-not-allowed']);
    }
  });
});

describe('decide, on those who must use a security key of a known model', () => {
  const known = 'ee882879-721c-4913-9775-3dfcce97072a';
  const policy = aPolicy({ hardwareKeys: { tiers: ['TIER0'], models: [known] } });
  const principal = aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] });
  const synced = aProof('webauthn', { isUserVerified: true });
  const hardware = { ...synced, attestedModel: known };

  test('counts no other passkey, neither as enrolled nor as proved', () => {
    const session = aSession({
      principal,
      enrolled: ['webauthn'],
      attestedModels: ['00000000-0000-0000-0000-000000000000'],
      proofs: [password, synced],
    });

    assert.deepEqual(usableSecondFactors(session, policy), []);
    assert.deepEqual(admissibleProofs(session, policy), [password]);
    const obliging = {
      ...policy,
      mfa: anMfaPolicy({ webauthn: { requiredForTiers: ['TIER0'] } }),
    };
    assert.deepEqual(enrollmentMissing(session, obliging), ['webauthn']);
  });

  test('counts such a key', () => {
    const session = aSession({
      principal,
      enrolled: ['webauthn'],
      attestedModels: [known],
      proofs: [password, synced, hardware],
    });

    assert.deepEqual(usableSecondFactors(session, policy), ['webauthn']);
    assert.deepEqual(admissibleProofs(session, policy), [password, hardware]);
  });

  test('asks nothing of the kind of other tiers', () => {
    const session = aSession({ enrolled: ['webauthn'], proofs: [synced] });

    assert.deepEqual(usableSecondFactors(session, policy), ['webauthn']);
    assert.deepEqual(admissibleProofs(session, policy), [synced]);
  });
});
