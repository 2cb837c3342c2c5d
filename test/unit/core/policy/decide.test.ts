/** The decision, case by case: what is asked first, what it answers, and why. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clockSkewSeconds } from '../../../../src/core/assurance.ts';
import { pathCondition } from '../../../../src/core/policy/conditions/path.ts';
import { timeCondition } from '../../../../src/core/policy/conditions/time.ts';
import {
  decide,
  effectiveRequirement,
  enrollmentMissing,
  usableSecondFactors,
} from '../../../../src/core/policy/decide.ts';
import type { AccessPolicy } from '../../../../src/core/policy/mfa-policy.ts';
import type { Requirement } from '../../../../src/core/policy/requirement.ts';
import { addSeconds } from '../../../../src/core/time.ts';
import {
  anMfaPolicy,
  aNetwork,
  aPattern,
  aPolicy,
  aPrincipal,
  aProof,
  aRequirement,
  aRoute,
  aRule,
  aService,
  aSession,
  facts,
  kindAndReason,
  NOON,
} from '../../../support/builders.ts';

const password = aProof('password');
const totp = aProof('totp');
const recoveryCode = aProof('recovery-code');
const passkey = aProof('webauthn', { isUserVerified: true });
const enrolledTotp = aProof('totp', { origin: 'enrollment' });

/** TIER0 and TIER1 must have TOTP and recovery codes. */
const obliging = aPolicy({
  mfa: anMfaPolicy({
    totp: { requiredForTiers: ['TIER0', 'TIER1'] },
    recoveryCodes: { requiredForTiers: ['TIER0', 'TIER1'] },
  }),
});
const secOps = aPrincipal({ groups: ['SEC-OPS'] });

describe('decide, before anybody is asked who they are', () => {
  const zoneE = aNetwork('zone-e', ['10.20.0.0/24']);
  const strong = aSession({ enrolled: ['totp'], proofs: [password, totp] });

  test('refuses what no route leads to', () => {
    const decision = decide(null, facts({ session: strong }), aPolicy());

    assert.deepEqual(decision, { kind: 'deny', reason: 'no-route', rule: null });
  });

  test('refuses an outsider before it looks at any rule (G3)', () => {
    const route = aRoute({ network: zoneE, rules: [aRule({ effect: 'public' })] });
    const outside = { ip: '203.0.113.9' };

    assert.deepEqual(decide(route, facts({ request: outside, session: strong }), aPolicy()), {
      kind: 'deny',
      reason: 'network-not-allowed',
      rule: null,
    });
    assert.equal(decide(route, facts(), aPolicy()).kind, 'allow');
  });

  test('refuses everybody where the network is empty, and whoever has no address', () => {
    const nowhere = aRoute({ network: aNetwork('nobody', []) });
    const somewhere = aRoute({ network: zoneE });
    const odd = { request: { ip: 'unknown' }, session: strong };

    assert.equal(
      decide(nowhere, facts({ session: strong }), aPolicy()).reason,
      'network-not-allowed',
    );
    assert.equal(decide(somewhere, facts(odd), aPolicy()).reason, 'network-not-allowed');
  });

  test('refuses when no rule applies (G2)', () => {
    const elsewhere = aRule({ conditions: [pathCondition([aPattern('/elsewhere')])] });

    for (const rules of [[], [elsewhere]]) {
      assert.deepEqual(decide(aRoute({ rules }), facts({ session: strong }), aPolicy()), {
        kind: 'deny',
        reason: 'no-rule-applies',
        rule: null,
      });
    }
  });

  test('takes the first rule whose conditions all hold', () => {
    const inHours = timeCondition({ days: ['mon'], fromMinute: 0, toMinute: 60, timeZone: 'UTC' });
    const assets = pathCondition([aPattern('/assets/**')]);
    const rules = [
      aRule({ id: 'r#1', effect: 'deny', conditions: [assets, inHours] }),
      aRule({ id: 'r#2', effect: 'public', conditions: [assets] }),
      aRule({ id: 'r#3', effect: 'deny' }),
    ];
    const ruleAt = (path: string) =>
      decide(aRoute({ rules }), facts({ request: { path } }), aPolicy()).rule?.id;

    assert.equal(ruleAt('/assets/app.js'), 'r#2');
    assert.equal(ruleAt('/admin'), 'r#3');
  });

  test('refuses whoever it is where the rule denies', () => {
    const rule = aRule({ effect: 'deny' });
    const route = aRoute({ rules: [rule] });

    for (const session of [null, strong]) {
      const decision = decide(route, facts({ session }), aPolicy());
      assert.deepEqual(decision, { kind: 'deny', reason: 'rule-denies', rule });
    }
  });

  test('lets everybody pass where the rule is public, whatever the policy asks', () => {
    const rule = aRule({ effect: 'public' });
    const route = aRoute({ rules: [rule], isAdminConsole: true });
    const disabled = aSession({ principal: aPrincipal({ groups: ['SEC-OPS'], isDisabled: true }) });

    for (const session of [null, strong, disabled]) {
      const decision = decide(route, facts({ session }), obliging);
      assert.deepEqual(decision, { kind: 'allow', reason: 'rule-is-public', rule });
    }
  });
});

describe('decide, on the session', () => {
  test('asks a stranger to sign in', () => {
    assert.deepEqual(kindAndReason(decide(aRoute(), facts(), aPolicy())), [
      'sign-in',
      'not-signed-in',
    ]);
  });

  test('asks to sign in again from the very instant at which the session ends', () => {
    const session = aSession({ enrolled: ['totp'], proofs: [password, totp], expiresAt: NOON });
    const reasonAt = (now: number) => decide(aRoute(), facts({ session, now }), aPolicy()).reason;

    assert.equal(reasonAt(NOON - 1), 'assurance-met');
    assert.equal(reasonAt(NOON), 'session-expired');
    assert.equal(reasonAt(NOON + 1), 'session-expired');
  });

  test('does not take a session back to life when the clock goes back', () => {
    const session = aSession({ enrolled: ['totp'], proofs: [password, totp] });
    const reasonAt = (now: number) => decide(aRoute(), facts({ session, now }), aPolicy()).reason;

    assert.equal(reasonAt(addSeconds(NOON, -clockSkewSeconds)), 'assurance-met');
    assert.equal(reasonAt(addSeconds(NOON, -clockSkewSeconds - 1)), 'session-expired');
  });

  test('asks to sign in again when no proof counts', () => {
    const level1 = aRoute({ rules: [aRule({ requires: { level: 1 } })] });
    const disabled = aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false } }) });

    for (const [proofs, policy] of [
      [[], aPolicy()],
      [[totp], disabled],
      [[aProof('password', { at: addSeconds(NOON, 61) })], aPolicy()],
    ] as const) {
      const decision = decide(level1, facts({ session: aSession({ proofs }) }), policy);
      assert.deepEqual(kindAndReason(decision), ['sign-in', 'session-expired']);
    }
  });

  test('refuses a disabled account before it looks at the audience', () => {
    const session = aSession({ principal: aPrincipal({ isDisabled: true }) });
    const route = aRoute({ rules: [aRule({ audience: { users: ['ben'] } })] });

    assert.deepEqual(kindAndReason(decide(route, facts({ session }), aPolicy())), [
      'deny',
      'account-disabled',
    ]);
  });

  test('refuses whom the rule does not admit before it asks for more proof', () => {
    const route = aRoute({ rules: [aRule({ audience: { groups: ['AUDIT'] } })] });

    assert.deepEqual(
      kindAndReason(decide(route, facts({ session: aSession({ principal: secOps }) }), obliging)),
      ['deny', 'not-admitted'],
    );
  });
});

describe('decide, on services', () => {
  const session = aSession({ principal: aService(), proofs: [] });

  test('lets a service pass where the rule names it, without a second factor', () => {
    const rule = aRule({
      audience: { services: ['batch-runner'] },
      requires: { level: 2, withinSeconds: 1, isPhishingResistant: true },
    });
    const route = aRoute({ rules: [rule], isAdminConsole: true });

    assert.deepEqual(kindAndReason(decide(route, facts({ session }), obliging)), [
      'allow',
      'assurance-met',
    ]);
  });

  test('refuses a service that is disabled, or not named', () => {
    const route = aRoute({ rules: [aRule({ audience: { services: ['batch-runner'] } })] });
    const disabled = aSession({ principal: aService({ isDisabled: true }), proofs: [] });

    assert.equal(decide(aRoute(), facts({ session }), aPolicy()).reason, 'not-admitted');
    assert.equal(decide(route, facts({ session: disabled }), aPolicy()).reason, 'account-disabled');
  });

  test('asks no service to enroll', () => {
    const privileged = aSession({ principal: aService({ groups: ['SEC-OPS'] }), proofs: [] });

    assert.deepEqual(enrollmentMissing(privileged, obliging), []);
  });
});

describe('decide, on proofs', () => {
  const one = { level: 1 } as const;
  const two = { level: 2 } as const;
  const resistant = { isPhishingResistant: true };
  const onlyTotp = { methods: ['totp'] } as const;
  const onlyKeys = { methods: ['webauthn'] } as const;
  const recent = { withinSeconds: 300 };
  const recentOne = { level: 1, withinSeconds: 300 } as const;

  // prettier-ignore
  const cases = [
    // enrolled            proofs                           wants       →  decision     reason
    [[],                   [password],                      one,          'allow',     'assurance-met'],
    [[],                   [password],                      two,          'enroll',    'nothing-enrolled'],
    [[],                   [password],                      resistant,    'enroll',    'nothing-enrolled'],
    [[],                   [password],                      recentOne,    'allow',     'assurance-met'],
    [['totp'],             [password],                      one,          'challenge', 'second-factor-required'],
    [['totp'],             [password],                      two,          'challenge', 'second-factor-required'],
    [['totp'],             [password],                      resistant,    'challenge', 'second-factor-required'],
    [['totp'],             [password],                      onlyKeys,     'challenge', 'second-factor-required'],
    [['totp'],             [password, totp],                one,          'allow',     'assurance-met'],
    [['totp'],             [password, totp],                two,          'allow',     'assurance-met'],
    [['totp'],             [password, recoveryCode],        two,          'allow',     'assurance-met'],
    [['totp'],             [password, totp],                recent,       'allow',     'assurance-met'],
    [['totp'],             [password, enrolledTotp],        two,          'allow',     'assurance-met'],
    [['totp'],             [password, enrolledTotp],        recent,       'step-up',   'proof-too-old'],
    [['totp'],             [password, totp],                resistant,    'enroll',    'nothing-enrolled'],
    [['totp'],             [password, totp],                onlyKeys,     'enroll',    'nothing-enrolled'],
    [['totp'],             [password, recoveryCode],        onlyTotp,     'step-up',   'method-not-accepted'],
    [['totp', 'webauthn'], [password, totp],                resistant,    'step-up',   'not-phishing-resistant'],
    [['totp', 'webauthn'], [password, totp],                onlyKeys,     'step-up',   'method-not-accepted'],
    [['webauthn'],         [password],                      two,          'challenge', 'second-factor-required'],
    [['webauthn'],         [passkey],                       resistant,    'allow',     'assurance-met'],
    [['webauthn'],         [passkey],                       onlyTotp,     'enroll',    'nothing-enrolled'],
    [[],                   [passkey],                       resistant,    'allow',     'assurance-met'],
  ] as const;

  for (const [enrolled, proofs, requires, kind, reason] of cases) {
    const has = enrolled.join(' and ') || 'nothing';
    const proved = proofs
      .map(({ method, origin }) => (origin === 'answer' ? method : `${method} (enrolling)`))
      .join(' and ');
    test(`answers ${kind} (${reason}) to who has ${has}, proved ${proved}, for ${JSON.stringify(requires)}`, () => {
      const route = aRoute({ rules: [aRule({ requires })] });
      const session = aSession({ enrolled, proofs });

      assert.deepEqual(kindAndReason(decide(route, facts({ session }), aPolicy())), [kind, reason]);
    });
  }

  test('does not count recovery codes as something enrolled', () => {
    const session = aSession({ enrolled: ['recovery-code'], recoveryCodesLeft: 10 });
    const decision = decide(aRoute(), facts({ session }), aPolicy());

    assert.deepEqual(usableSecondFactors(session, aPolicy()), []);
    assert.deepEqual(kindAndReason(decision), ['enroll', 'nothing-enrolled']);
  });

  test('lets recovery codes answer a step-up beside a second factor, where they are accepted', () => {
    const onlyCodes = { methods: ['recovery-code'] } as const;
    const route = aRoute({ rules: [aRule({ requires: onlyCodes })] });
    const reasons = [1, 0].map((recoveryCodesLeft) => {
      const session = aSession({ enrolled: ['totp'], recoveryCodesLeft, proofs: [password, totp] });
      return decide(route, facts({ session }), aPolicy()).reason;
    });

    assert.deepEqual(reasons, ['method-not-accepted', 'nothing-enrolled']);
    assert.deepEqual(worthEnrolling(onlyCodes, aPolicy()), ['recovery-code']);
  });

  test('hands on what is asked, so that the page can ask for it', () => {
    const rule = aRule({ requires: { withinSeconds: 300 } });
    const session = aSession({ enrolled: ['totp'] });
    const decision = decide(aRoute({ rules: [rule] }), facts({ session }), aPolicy());

    assert.deepEqual(decision, {
      kind: 'challenge',
      reason: 'second-factor-required',
      rule,
      requirement: aRequirement({ withinSeconds: 300 }),
    });
  });

  test('names what would be worth enrolling', () => {
    const off = { isEnabled: false };
    const noPasskeys = aPolicy({ mfa: anMfaPolicy({ webauthn: off }) });
    const nothing = aPolicy({ mfa: anMfaPolicy({ webauthn: off, totp: off }) });

    assert.deepEqual(worthEnrolling({}, aPolicy()), ['totp', 'webauthn']);
    assert.deepEqual(worthEnrolling({}, noPasskeys), ['totp']);
    assert.deepEqual(worthEnrolling(resistant, aPolicy()), ['webauthn']);
    assert.deepEqual(worthEnrolling(resistant, noPasskeys), ['webauthn']);
    assert.deepEqual(worthEnrolling({}, nothing), ['totp', 'webauthn']);
  });

  test('asks again one second after the window, and not at its end', () => {
    const route = aRoute({ rules: [aRule({ requires: { withinSeconds: 900 } })] });
    const session = aSession({ enrolled: ['totp'], proofs: [password, totp] });
    const at = (seconds: number) =>
      kindAndReason(decide(route, facts({ session, now: addSeconds(NOON, seconds) }), aPolicy()));

    assert.deepEqual(at(900), ['allow', 'assurance-met']);
    assert.deepEqual(at(901), ['step-up', 'proof-too-old']);
  });

  test('has somebody enroll who would have to step up and has nothing to do it with', () => {
    const route = aRoute({ rules: [aRule({ requires: recentOne })] });
    const late = facts({ session: aSession(), now: addSeconds(NOON, 301) });

    assert.deepEqual(kindAndReason(decide(route, late, aPolicy())), ['enroll', 'nothing-enrolled']);
  });
});

/** What somebody who has nothing but a password is told to enroll. */
function worthEnrolling(requires: Partial<Requirement>, policy: AccessPolicy) {
  const route = aRoute({ rules: [aRule({ requires })] });
  const decision = decide(route, facts({ session: aSession() }), policy);
  return decision.kind === 'enroll' ? decision.missing : null;
}

describe('decide, on a method that the policy switches off', () => {
  const policy = aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false } }) });

  test('neither asks for it nor counts it', () => {
    const session = aSession({ enrolled: ['totp'], proofs: [password, totp] });
    const decision = decide(aRoute(), facts({ session }), policy);

    assert.deepEqual(kindAndReason(decision), ['enroll', 'nothing-enrolled']);
    assert.equal(decision.kind === 'enroll' && decision.missing.includes('webauthn'), true);
  });

  test('does not count recovery codes that were switched off', () => {
    const without = aPolicy({ mfa: anMfaPolicy({ recoveryCodes: { isEnabled: false } }) });
    const session = aSession({ enrolled: ['totp'], proofs: [password, recoveryCode] });

    assert.equal(decide(aRoute(), facts({ session }), without).kind, 'challenge');
  });
});

describe('decide, on those whom the policy obliges (G8)', () => {
  const easy = aRoute({ rules: [aRule({ requires: { level: 1 } })] });

  // prettier-ignore
  const cases = [
    // enrolled   codes  proofs                     →  decision     reason                        missing
    [[],          0,     [password],                  'enroll',    'policy-requires-enrollment', ['totp', 'recovery-code']],
    [['totp'],    0,     [password],                  'challenge', 'second-factor-required',     null],
    [['totp'],    0,     [password, totp],            'enroll',    'policy-requires-enrollment', ['recovery-code']],
    [['totp'],    0,     [password, enrolledTotp],    'enroll',    'policy-requires-enrollment', ['recovery-code']],
    [['totp'],    10,    [password],                  'challenge', 'second-factor-required',     null],
    [['totp'],    10,    [password, totp],            'allow',     'assurance-met',              null],
    [['totp'],    1,     [password, recoveryCode],    'allow',     'assurance-met',              null],
    [[],          10,    [password],                  'enroll',    'policy-requires-enrollment', ['totp']],
    [['webauthn'], 10,   [passkey],                   'enroll',    'policy-requires-enrollment', ['totp']],
  ] as const;

  for (const [enrolled, recoveryCodesLeft, proofs, kind, reason, missing] of cases) {
    const has = `${enrolled.join(' and ') || 'nothing'} and ${String(recoveryCodesLeft)} codes`;
    test(`answers ${kind} to who has ${has} and proved ${proofs.map(({ method }) => method).join(' and ')}`, () => {
      const session = aSession({ principal: secOps, enrolled, recoveryCodesLeft, proofs });
      const decision = decide(easy, facts({ session }), obliging);

      assert.deepEqual(kindAndReason(decision), [kind, reason]);
      assert.deepEqual(decision.kind === 'enroll' ? decision.missing : null, missing);
    });
  }

  test('asks two factors of them even where the rule asks for one', () => {
    const session = aSession({ principal: secOps });

    assert.equal(
      effectiveRequirement(aRule({ requires: { level: 1 } }), easy, session, obliging).level,
      2,
    );
  });

  test('asks nothing more of those whom it does not oblige', () => {
    assert.equal(decide(easy, facts({ session: aSession() }), obliging).kind, 'allow');
  });

  test('asks nothing while the policy is switched off', () => {
    const off = aPolicy({ mfa: { ...obliging.mfa, isEnabled: false } });
    const session = aSession({ principal: secOps });

    assert.equal(decide(easy, facts({ session }), off).kind, 'allow');
  });
});

describe('decide, on administration consoles', () => {
  const console = aRoute({ isAdminConsole: true });
  const session = aSession({ enrolled: ['totp'], proofs: [password, totp] });
  const late = (seconds: number) => facts({ session, now: addSeconds(NOON, seconds) });

  test('asks for a step-up after the window of the policy', () => {
    assert.equal(decide(console, late(600), aPolicy()).kind, 'allow');
    assert.deepEqual(kindAndReason(decide(console, late(601), aPolicy())), [
      'step-up',
      'proof-too-old',
    ]);
  });

  test("keeps the rule's own window where that is shorter", () => {
    const shorter = aRule({ requires: { withinSeconds: 60 } });
    const longer = aRule({ requires: { withinSeconds: 3600 } });
    const window = (rule: typeof shorter) =>
      effectiveRequirement(rule, console, session, aPolicy()).withinSeconds;

    assert.equal(window(shorter), 60);
    assert.equal(window(longer), 600);
  });

  test('asks two factors even where the rule asks for one', () => {
    const rule = aRule({ requires: { level: 1 } });
    const route = aRoute({ isAdminConsole: true, rules: [rule] });

    assert.deepEqual(kindAndReason(decide(route, facts({ session: aSession() }), aPolicy())), [
      'enroll',
      'nothing-enrolled',
    ]);
  });

  test('asks nothing of the kind where the policy does not say so', () => {
    const policy = aPolicy({
      mfa: anMfaPolicy({ enforcement: { stepsUpForAdminConsole: false } }),
    });

    assert.equal(decide(console, late(601), policy).kind, 'allow');
    assert.deepEqual(effectiveRequirement(aRule(), console, session, policy), aRequirement());
  });
});
