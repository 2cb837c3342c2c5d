/** What property tests draw from: facts, proofs, routes and policies of every kind. */

import * as fc from 'fast-check';
import type { Facts, SessionFacts } from '../../src/core/facts.ts';
import { methodCondition } from '../../src/core/policy/conditions/method.ts';
import { networkCondition } from '../../src/core/policy/conditions/network.ts';
import { pathCondition } from '../../src/core/policy/conditions/path.ts';
import { timeCondition, weekdays } from '../../src/core/policy/conditions/time.ts';
import type { AccessPolicy } from '../../src/core/policy/mfa-policy.ts';
import { tiers } from '../../src/core/policy/mfa-policy.ts';
import type { Requirement } from '../../src/core/policy/requirement.ts';
import type { Condition, Rule } from '../../src/core/policy/rule.ts';
import { methodIds, type Proof } from '../../src/core/proofs.ts';
import type { Route } from '../../src/core/route.ts';
import type { EpochMs } from '../../src/core/time.ts';
import {
  anMfaPolicy,
  aNetwork,
  aPattern,
  aPolicy,
  aPrincipal,
  aRequest,
  aRoute,
  aRule,
  aSession,
  NOON,
} from './builders.ts';

/** Few names, so that paths and patterns meet often. */
const segmentName = fc.constantFrom('a', 'b', 'ab', 'x.js', 'admin', 'a@b', 'ü', 'a b', '.env');

/** Names along a path, decoded. */
export const segmentNames: fc.Arbitrary<string[]> = fc.array(segmentName, { maxLength: 5 });

/** Canonical paths. */
export const canonicalPath: fc.Arbitrary<string> = fc
  .tuple(segmentNames, fc.boolean())
  .map(([names, hasSlash]) => {
    const path = `/${names.map(encodeURIComponent).join('/')}`;
    return hasSlash && path !== '/' ? `${path}/` : path;
  });

/** Path patterns, as text. */
export const patternText: fc.Arbitrary<string> = fc
  .array(fc.oneof(segmentName, fc.constantFrom('*', '**', '*.js', 'a*', '*b*')), { maxLength: 5 })
  .map((segments) => `/${segments.join('/')}`);

/** Any text a client could send: words of addresses, escapes, separators and arbitrary characters. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('/', '.', '..', '\\', '%', ';', '?', '#', '@', ':', '//'),
      },
      {
        weight: 4,
        arbitrary: fc.constantFrom('%2f', '%2e', '%5c', '%25', '%00', '%c0%af', '%3B', '%41'),
      },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          'admin',
          'evil.example',
          'console.example.com',
          'https',
          'http',
          'a',
          '_mfa',
          'x=1',
        ),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('\t', '\r\n', ' ', '\0', '[', ']', '::1', '443', 'ü', '／'),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** Instants around noon: mostly hours, sometimes seconds, before and after. */
export const instant: fc.Arbitrary<EpochMs> = fc
  .oneof(fc.integer({ min: -90_000, max: 90_000 }), fc.integer({ min: -400, max: 400 }))
  .map((seconds) => NOON + seconds * 1000);

/** Models of security keys; policies know the first. */
const hardwareModels = [
  'ee882879-721c-4913-9775-3dfcce97072a',
  '00000000-0000-0000-0000-000000000001',
];

/** One proof of any kind, at any time around noon. */
export const proof: fc.Arbitrary<Proof> = fc
  .record({
    method: fc.constantFrom(...methodIds),
    at: instant,
    origin: fc.constantFrom('answer', 'enrollment', 'remembered'),
    isUserVerified: fc.boolean(),
    model: fc.option(fc.constantFrom(...hardwareModels)),
  })
  .map(({ model, ...rest }) => (model === null ? rest : { ...rest, attestedModel: model }));

/** Up to six proofs. */
export const proofs: fc.Arbitrary<Proof[]> = fc.array(proof, { maxLength: 6 });

/** What a rule may ask. */
export const requirement: fc.Arbitrary<Requirement> = fc
  .record({
    level: fc.constantFrom(1 as const, 2 as const),
    withinSeconds: fc.option(fc.integer({ min: 1, max: 7200 })),
    isPhishingResistant: fc.boolean(),
    methods: fc.option(
      fc.subarray(['totp', 'webauthn', 'recovery-code'] as const, { minLength: 1 }),
    ),
  })
  // The others nothing could meet; the configuration refuses them.
  .filter(
    ({ isPhishingResistant, methods }) =>
      !isPhishingResistant || methods === null || methods.includes('webauthn'),
  );

const groups = fc.subarray(['AI-PLATFORM-ADMINS', 'SEC-OPS', 'PROJECT-OWNERS', 'GUESTS']);

/** A session of any strength, of anybody, live or not. */
export const session: fc.Arbitrary<SessionFacts> = fc
  .record({
    kind: fc.constantFrom('user', 'user', 'user', 'service'),
    username: fc.constantFrom('anna', 'ben', 'batch-runner'),
    groups,
    isDisabled: fc.constantFrom(false, false, false, true),
    proofs,
    enrolled: fc.subarray([...methodIds]),
    recoveryCodesLeft: fc.constantFrom(0, 1, 10),
    networks: fc.subarray(['zone-e', 'elsewhere', 'a network that is gone']),
    attestedModels: fc.subarray(hardwareModels),
    enrollBy: fc.option(instant),
    remindedAt: fc.option(instant),
    createdAt: instant,
    expiresAt: instant,
  })
  .map(({ kind, username, groups, isDisabled, networks, ...rest }) =>
    aSession({
      ...rest,
      principal: aPrincipal({
        kind,
        username,
        groups,
        isDisabled,
        networks: kind === 'service' ? networks : [],
      }),
    }),
  );

/** A request with somebody or nobody behind it. */
export const facts: fc.Arbitrary<Facts> = fc.record({
  request: fc
    .record({
      path: canonicalPath,
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'),
      ip: fc.constantFrom('10.20.0.7', '203.0.113.9', '2001:db8:e::1', 'unknown'),
      host: fc.constantFrom('console.example.com', 'app.example.com', '10.0.0.5'),
      isNavigation: fc.boolean(),
    })
    .map(aRequest),
  session: fc.option(session, { freq: 8 }),
  now: instant,
});

const network = fc
  .subarray(['10.20.0.0/24', '2001:db8:e::/48', '0.0.0.0/0'])
  .map((blocks) => aNetwork('zone-e', blocks));

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.array(patternText, { maxLength: 2 }).map((texts) => pathCondition(texts.map(aPattern))),
  fc.subarray(['GET', 'HEAD', 'POST']).map(methodCondition),
  network.map((one) => networkCondition([one])),
  fc
    .record({
      days: fc.subarray([...weekdays]),
      fromMinute: fc.integer({ min: 0, max: 1439 }),
      toMinute: fc.integer({ min: 0, max: 1440 }),
      timeZone: fc.constantFrom('UTC', 'Africa/Johannesburg'),
    })
    .map(timeCondition),
);

/** One condition of any kind. */
export const anyCondition = condition;

const rule: fc.Arbitrary<Rule> = fc
  .record({
    conditions: fc.oneof(fc.constant([]), fc.array(condition, { maxLength: 2 })),
    effect: fc.constantFrom('protect', 'protect', 'protect', 'public', 'deny'),
    audience: fc.option(
      fc.record({
        groups,
        users: fc.subarray(['anna', 'ben']),
        services: fc.subarray(['batch-runner']),
      }),
    ),
    requires: requirement,
  })
  .map(aRule);

/** A route with up to three rules. */
export const route: fc.Arbitrary<Route> = fc
  .record({
    path: fc.oneof(
      { weight: 3, arbitrary: fc.constant('/**') },
      { weight: 1, arbitrary: patternText },
    ),
    host: fc.constantFrom(null, null, 'console.example.com', '*.example.com'),
    network: fc.option(network, { freq: 3 }),
    isAdminConsole: fc.boolean(),
    rules: fc.array(rule, { maxLength: 3 }),
  })
  .map(({ rules, ...changes }) =>
    aRoute({
      ...changes,
      rules: rules.map((one, at) => ({ ...one, id: `admin-console#${String(at + 1)}` })),
    }),
  );

const methodPolicy = fc.record({
  isEnabled: fc.constantFrom(true, true, true, false),
  requiredForTiers: fc.subarray([...tiers]),
});

/** A policy that obliges anybody to anything. */
export const policy: fc.Arbitrary<AccessPolicy> = fc
  .record({
    isEnabled: fc.constantFrom(true, true, true, false),
    totp: methodPolicy,
    webauthn: methodPolicy,
    recoveryCodes: methodPolicy,
    enforcement: fc.record({
      stepsUpForAdminConsole: fc.boolean(),
      blocksTokensUntilEnrolled: fc.constantFrom(true, true, false),
    }),
    stepUpWithinSeconds: fc.integer({ min: 1, max: 3600 }),
    hardwareKeys: fc.record({
      tiers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray([...tiers])),
      models: fc.constant(hardwareModels.slice(0, 1)),
    }),
  })
  .map(({ stepUpWithinSeconds, hardwareKeys, ...mfa }) =>
    aPolicy({
      mfa: anMfaPolicy(mfa),
      stepUpWithinSeconds,
      hardwareKeys,
      networks: new Map([
        ['zone-e', aNetwork('zone-e', ['10.20.0.0/24', '2001:db8:e::/48'])],
        ['elsewhere', aNetwork('elsewhere', ['192.0.2.0/24'])],
      ]),
    }),
  );
