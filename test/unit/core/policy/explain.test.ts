/** What an operator is told of a decision. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionFacts } from '../../../../src/core/facts.ts';
import { methodCondition } from '../../../../src/core/policy/conditions/method.ts';
import { pathCondition } from '../../../../src/core/policy/conditions/path.ts';
import type { Decision } from '../../../../src/core/policy/decision.ts';
import { explain } from '../../../../src/core/policy/explain.ts';
import { waysToPass } from '../../../../src/core/policy/ways-to-pass.ts';
import { addSeconds } from '../../../../src/core/time.ts';
import {
  anMfaPolicy,
  aNetwork,
  aPattern,
  aPolicy,
  aPrincipal,
  aProof,
  aRequest,
  aRoute,
  aRule,
  aService,
  aSession,
  facts,
  NOON,
} from '../../../support/builders.ts';

const assets = aRule({
  id: 'admin-console#1',
  effect: 'public',
  conditions: [pathCondition([aPattern('/admin/assets/**')]), methodCondition(['GET'])],
});
const writes = aRule({
  id: 'admin-console#2',
  conditions: [methodCondition(['POST'])],
  audience: { groups: ['SEC-OPS'] },
  requires: { withinSeconds: 300 },
});
const rest = aRule({ id: 'admin-console#3' });
const adminConsole = aRoute({
  host: 'console.example.com',
  path: '/admin/**',
  network: aNetwork('zone-e', ['10.20.0.0/24']),
  rules: [assets, writes, rest],
});
const routes = [
  aRoute({ name: 'metrics', host: '*.example.org', path: '/metrics' }),
  aRoute({ name: 'health', path: '/health' }),
  aRoute({ name: 'elsewhere', host: 'other.example.com' }),
  adminConsole,
  aRoute({ name: 'everything', path: '/**' }),
];
const anna = aSession({
  principal: aPrincipal({ groups: ['SEC-OPS'] }),
  enrolled: ['totp'],
  proofs: [aProof('password'), aProof('totp')],
});
const write = { method: 'POST', path: '/admin/users/7' };

describe('explain', () => {
  test('tells which routes were passed over, taken and not reached', () => {
    const { routes: traces } = explain(routes, facts({ request: write }), aPolicy());

    assert.deepEqual(traces, [
      {
        name: 'metrics',
        wants: '*.example.org/metrics',
        outcome: 'passed-over',
        why: 'the host is console.example.com, the path is /admin/users/7',
      },
      {
        name: 'health',
        wants: '/health',
        outcome: 'passed-over',
        why: 'the path is /admin/users/7',
      },
      {
        name: 'elsewhere',
        wants: 'other.example.com/**',
        outcome: 'passed-over',
        why: 'the host is console.example.com',
      },
      { name: 'admin-console', wants: 'console.example.com/admin/**', outcome: 'taken', why: null },
      { name: 'everything', wants: '/**', outcome: 'not-reached', why: null },
    ]);
  });

  test('tells each condition of each rule, hit or miss', () => {
    const { rules } = explain(routes, facts({ request: write }), aPolicy());

    assert.deepEqual(rules, [
      {
        id: 'admin-console#1',
        effect: 'public',
        outcome: 'passed-over',
        conditions: [
          { kind: 'path', wants: '/admin/assets/**', sees: '/admin/users/7', holds: false },
          { kind: 'method', wants: 'GET', sees: 'POST', holds: false },
        ],
      },
      {
        id: 'admin-console#2',
        effect: 'protect',
        outcome: 'applies',
        conditions: [{ kind: 'method', wants: 'POST', sees: 'POST', holds: true }],
      },
      { id: 'admin-console#3', effect: 'protect', outcome: 'not-reached', conditions: [] },
    ]);
  });

  test('reaches no rule from outside the network', () => {
    const outside = facts({ request: { ...write, ip: '203.0.113.9' }, session: anna });
    const { rules, checks, wouldPass } = explain(routes, outside, aPolicy());

    assert.deepEqual(new Set(rules.map(({ outcome }) => outcome)), new Set(['not-reached']));
    assert.deepEqual(checks[0], {
      about: 'network',
      wants: 'an address in zone-e (10.20.0.0/24)',
      sees: '203.0.113.9',
      outcome: 'fails',
    });
    assert.deepEqual(wouldPass, ['Come from an address in zone-e (10.20.0.0/24).']);
  });

  test('tells what was asked of the person, up to what decided', () => {
    const late = facts({ request: write, session: anna, now: addSeconds(NOON, 301) });
    const { checks, wouldPass } = explain(routes, late, aPolicy());

    assert.deepEqual(
      checks.map(({ about, outcome }) => [about, outcome]),
      [
        ['network', 'holds'],
        ['session', 'holds'],
        ['account', 'holds'],
        ['audience', 'holds'],
        ['proof', 'holds'],
        ['level', 'holds'],
        ['enrollment', 'holds'],
        ['freshness', 'fails'],
      ],
    );
    assert.deepEqual(checks.at(-1), {
      about: 'freshness',
      wants: 'no older than 5m',
      sees: 'password 5m1s ago, totp 5m1s ago',
      outcome: 'fails',
    });
    assert.deepEqual(wouldPass, [
      'Confirm with password and second factor; asked are two factors, no older than 5m.',
    ]);
  });

  test('looks at nothing behind what decided', () => {
    const stranger = aSession({ proofs: [aProof('password')] });
    const { checks } = explain(routes, facts({ request: write, session: stranger }), aPolicy());

    assert.deepEqual(
      checks.filter(({ outcome }) => outcome === 'fails'),
      [
        {
          about: 'audience',
          wants: 'group SEC-OPS',
          sees: 'user anna in no group',
          outcome: 'fails',
        },
      ],
    );
    assert.equal(checks.at(-1)?.outcome, 'not-looked-at');
  });

  test('asks nobody anything where nothing leads, or the rule asks for nobody', () => {
    const nowhere = explain([], facts(), aPolicy());
    const asset = explain(routes, facts({ request: { path: '/admin/assets/x.js' } }), aPolicy());

    assert.deepEqual([nowhere.rules, nowhere.checks], [[], []]);
    assert.deepEqual(
      asset.checks.map(({ about }) => about),
      ['network'],
    );
    assert.deepEqual(asset.wouldPass, []);
  });

  test('tells that no rule applies', () => {
    const route = aRoute({ rules: [assets] });
    const { rules, decision } = explain([route], facts({ request: write }), aPolicy());

    assert.equal(decision.reason, 'no-rule-applies');
    assert.deepEqual(
      rules.map(({ outcome }) => outcome),
      ['passed-over'],
    );
  });

  test('asks for what the rule names: resistance and methods', () => {
    const picky = aRule({ requires: { isPhishingResistant: true, methods: ['webauthn'] } });
    const { checks } = explain([aRoute({ rules: [picky] })], facts({ session: anna }), aPolicy());

    assert.deepEqual(
      checks.slice(-2).map(({ about, wants, outcome }) => [about, wants, outcome]),
      [
        ['phishing-resistance', 'a passkey or key', 'fails'],
        ['method', 'webauthn', 'not-looked-at'],
      ],
    );
  });

  test('tells what is missing of the enrollment, before the level where nothing is enrolled', () => {
    const policy = aPolicy({ mfa: anMfaPolicy({ totp: { requiredForTiers: ['TIER1'] } }) });
    const bare = aSession({ principal: aPrincipal({ groups: ['SEC-OPS'] }) });
    const { checks } = explain([aRoute()], facts({ session: bare }), policy);

    assert.deepEqual(checks.slice(-2), [
      {
        about: 'enrollment',
        wants: 'totp enrolled, for TIER1',
        sees: 'totp missing',
        outcome: 'fails',
      },
      {
        about: 'level',
        wants: 'two factors',
        sees: 'level 1: password 0s ago',
        outcome: 'not-looked-at',
      },
    ]);
  });

  test('asks a service for nothing but its name and where it comes from', () => {
    const session = aSession({ principal: aService({ isDisabled: true }), proofs: [] });
    const { checks } = explain([aRoute()], facts({ session }), aPolicy());

    assert.deepEqual(
      checks.map(({ about, outcome }) => [about, outcome]),
      [
        ['network', 'holds'],
        ['session', 'holds'],
        ['account', 'fails'],
        ['audience', 'not-looked-at'],
        ['service-network', 'not-looked-at'],
      ],
    );
  });

  test('tells from where a service may come', () => {
    const principal = aService({ networks: ['office', 'zone-e'] });
    const session = aSession({ principal, proofs: [] });
    const named = aRoute({ rules: [aRule({ audience: { services: ['batch-runner'] } })] });
    const { checks, decision } = explain([named], facts({ session }), aPolicy());

    assert.equal(decision.reason, 'service-network-not-allowed');
    assert.deepEqual(checks.at(-1), {
      about: 'service-network',
      wants: 'an address in office or zone-e, to which the service is bound',
      sees: '10.20.0.7',
      outcome: 'fails',
    });
  });

  test('tells until when a second factor is due', () => {
    const session = aSession({ enrollBy: addSeconds(NOON, 3600) });
    const level1 = aRoute({ rules: [aRule({ requires: { level: 1 } })] });
    const { checks, decision } = explain([level1], facts({ session }), aPolicy());

    assert.equal(decision.kind, 'remind');
    const { wants, sees } = checks.find(({ about }) => about === 'enrollment') ?? assert.fail();
    assert.match(wants, /^a second factor by \d{4}-\d\d-\d\dT13:00:00\.000Z$/);
    assert.equal(sees, 'no second factor');
  });

  test('tells whose demand it is that makes one factor two', () => {
    const level1 = [aRule({ requires: { level: 1 } })];
    const levelOf = (
      session: SessionFacts,
      where = aRoute({ rules: level1 }),
      policy = aPolicy(),
    ) =>
      explain([where], facts({ session }), policy).checks.find(({ about }) => about === 'level')
        ?.wants;

    assert.equal(levelOf(aSession({ enrolled: ['totp'] })), 'two factors, since anna has totp');
    const console = aRoute({ rules: level1, isAdminConsole: true });
    assert.equal(
      levelOf(aSession(), console),
      'two factors, since this is an administration console',
    );
    const obliging = aPolicy({ mfa: anMfaPolicy({ totp: { requiredForTiers: ['TIER3'] } }) });
    assert.equal(
      levelOf(aSession(), aRoute({ rules: level1 }), obliging),
      'two factors, since the policy obliges TIER3',
    );
  });

  test('tells that a session is over', () => {
    const session = aSession({ expiresAt: NOON });
    const level1 = aRoute({ rules: [aRule({ requires: { level: 1 } })] });
    const { checks } = explain([level1], facts({ session }), aPolicy());

    assert.deepEqual(checks[1], {
      about: 'session',
      wants: 'a session that is not over',
      sees: 'a session that is over',
      outcome: 'fails',
    });
    assert.equal(
      checks.some(({ wants }) => wants === 'one factor'),
      true,
    );
  });
});

describe('waysToPass', () => {
  const rule = writes;
  const { requires: requirement } = writes;

  // prettier-ignore
  const cases: readonly (readonly [Decision, readonly string[]])[] = [
    [{ kind: 'allow', reason: 'assurance-met', rule }, []],
    [{ kind: 'sign-in', reason: 'not-signed-in', rule }, [
      'Sign in; the rule admits group SEC-OPS.',
      'Prove two factors, no older than 5m, or more where the policy says so.',
    ]],
    [{ kind: 'challenge', reason: 'second-factor-required', rule, requirement }, [
      'Prove a second factor; asked are two factors, no older than 5m.',
    ]],
    [{ kind: 'enroll', reason: 'nothing-enrolled', rule, missing: ['totp', 'webauthn'] }, [
      'Enroll totp or webauthn: nothing enrolled could meet what the rule asks.',
    ]],
    [{ kind: 'enroll', reason: 'policy-requires-enrollment', rule, missing: ['totp', 'recovery-code'] }, [
      'Enroll totp and recovery-code: the policy obliges this tier to it.',
    ]],
    [{ kind: 'enroll', reason: 'tenant-requires-enrollment', rule, missing: ['totp', 'webauthn'] }, [
      'Enroll totp or webauthn: the tenant, or a reset, asks for a second factor.',
    ]],
    [{ kind: 'remind', reason: 'enrollment-due-soon', rule }, [
      'Enroll a second factor, or put the reminder off for a day on the page that shows it.',
    ]],
    [{ kind: 'step-up', reason: 'proof-too-old', rule, requirement }, [
      'Confirm with password and second factor; asked are two factors, no older than 5m.',
    ]],
    [{ kind: 'deny', reason: 'service-network-not-allowed', rule }, [
      'Come from one of the networks that the service account is bound to.',
    ]],
    [{ kind: 'deny', reason: 'no-route', rule: null }, [
      'Add a route that console.example.com/admin/users/7 leads to.',
    ]],
    [{ kind: 'deny', reason: 'no-rule-applies', rule: null }, [
      'Add a rule to the route that applies to POST /admin/users/7.',
    ]],
    [{ kind: 'deny', reason: 'rule-denies', rule }, [
      'Put a rule that admits somebody before admin-console#2, which denies.',
    ]],
    [{ kind: 'deny', reason: 'account-disabled', rule }, [
      'Enable the account: sallyport user enable NAME.',
    ]],
    [{ kind: 'deny', reason: 'not-admitted', rule }, [
      'Be among those whom admin-console#2 admits: group SEC-OPS.',
    ]],
    [{ kind: 'deny', reason: 'network-not-allowed', rule: null }, [
      'Come from an address in zone-e (10.20.0.0/24).',
    ]],
  ];

  for (const [decision, sentences] of cases) {
    test(`says what helps against ${decision.reason}`, () => {
      assert.deepEqual(waysToPass(decision, adminConsole.network, aRequest(write)), sentences);
    });
  }

  test('fails on a decision that nobody foresaw', () => {
    const surprise = { kind: 'perhaps' } as unknown as Decision;
    const denial = { kind: 'deny', reason: 'because' } as unknown as Decision;

    assert.throws(() => waysToPass(surprise, null, aRequest()));
    assert.throws(() => waysToPass(denial, null, aRequest()));
  });
});
