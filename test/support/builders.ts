/**
 * Builders of facts, routes and policies for tests: a test mentions only what matters to it.
 *
 * Without further words: a person named anna without groups, signed in by password at noon, asks
 * for `/` of a route that wants two factors, while the policy obliges nobody to anything.
 */

import { parseCidr, type Cidr, type Network } from '../../src/core/cidr.ts';
import type { Facts, Principal, RequestFacts, SessionFacts } from '../../src/core/facts.ts';
import { parseHostPattern } from '../../src/core/host.ts';
import { defaultTenant, type RequestId, type SessionKey, type UserId } from '../../src/core/ids.ts';
import { parsePathPattern, type PathPattern } from '../../src/core/path-pattern.ts';
import type { Audience } from '../../src/core/policy/audience.ts';
import type { Decision } from '../../src/core/policy/decision.ts';
import type { AccessPolicy, MfaPolicy, Tier } from '../../src/core/policy/mfa-policy.ts';
import { defaultRequirement, type Requirement } from '../../src/core/policy/requirement.ts';
import type { Rule } from '../../src/core/policy/rule.ts';
import type { MethodId, Proof } from '../../src/core/proofs.ts';
import type { HostPattern, Route } from '../../src/core/route.ts';
import { addSeconds, type EpochMs } from '../../src/core/time.ts';
import { NOON } from './fixed-clock.ts';

export { NOON };

/** A request by a browser from 10.20.0.7 for `GET https://console.example.com/`. */
export function aRequest(changes: Partial<RequestFacts> = {}): RequestFacts {
  return {
    id: 'req_test' as RequestId,
    door: 'http',
    method: 'GET',
    scheme: 'https',
    host: 'console.example.com',
    authority: 'console.example.com',
    path: '/',
    query: '',
    ip: '10.20.0.7',
    userAgent: 'Mozilla/5.0',
    isNavigation: true,
    ...changes,
  };
}

/** A person named anna, in no group. */
export function aPrincipal(changes: Partial<Principal> = {}): Principal {
  return {
    kind: 'user',
    id: 'usr_anna' as UserId,
    username: 'anna',
    displayName: 'Anna Example',
    email: 'anna@example.com',
    groups: [],
    tenant: defaultTenant,
    networks: [],
    isDisabled: false,
    ...changes,
  };
}

/** A service account named batch-runner. */
export function aService(changes: Partial<Principal> = {}): Principal {
  return aPrincipal({
    kind: 'service',
    id: 'usr_batch' as UserId,
    username: 'batch-runner',
    displayName: 'Batch runner',
    email: null,
    networks: ['anywhere'],
    ...changes,
  });
}

/** A proof, given as an answer at noon. */
export function aProof(method: MethodId, changes: Partial<Omit<Proof, 'method'>> = {}): Proof {
  return { method, at: NOON, origin: 'answer', ...changes };
}

/** A session of anna's that began at noon with her password and lasts 12 hours. */
export function aSession(changes: Partial<SessionFacts> = {}): SessionFacts {
  return {
    key: 'a'.repeat(64) as SessionKey,
    lineage: 'a'.repeat(64) as SessionKey,
    principal: aPrincipal(),
    sessionEpoch: 0,
    proofs: [aProof('password')],
    enrolled: [],
    attestedModels: [],
    recoveryCodesLeft: 0,
    enrollBy: null,
    remindedAt: null,
    createdAt: NOON,
    expiresAt: addSeconds(NOON, 12 * 3600),
    ...changes,
  };
}

/** Facts of a request at noon by nobody. */
export function facts(
  changes: {
    readonly request?: Partial<RequestFacts>;
    readonly session?: SessionFacts | null;
    readonly now?: EpochMs;
  } = {},
): Facts {
  return {
    request: aRequest(changes.request),
    session: changes.session ?? null,
    now: changes.now ?? NOON,
  };
}

/** What a rule asks; two factors at any age unless said otherwise. */
export function aRequirement(changes: Partial<Requirement> = {}): Requirement {
  return { ...defaultRequirement, ...changes };
}

/** A rule that applies to every request and asks for two factors. */
export function aRule(
  changes: Partial<Omit<Rule, 'requires' | 'audience'>> & {
    readonly requires?: Partial<Requirement>;
    readonly audience?: Partial<Audience> | null;
  } = {},
): Rule {
  const { requires, audience, ...rest } = changes;
  return {
    id: 'admin-console#1',
    conditions: [],
    effect: 'protect',
    audience: audience ? { groups: [], users: [], services: [], ...audience } : null,
    requires: aRequirement(requires),
    ...rest,
  };
}

/** A route for every path of every host, with one rule: `aRule()`. */
export function aRoute(
  changes: Partial<Omit<Route, 'path' | 'host'>> & {
    readonly path?: string;
    readonly host?: string | null;
  } = {},
): Route {
  const { path = '/**', host = null, ...rest } = changes;
  return {
    name: 'admin-console',
    host: host === null ? null : aHost(host),
    path: aPattern(path),
    upstream: { origin: 'http://127.0.0.1:8000' },
    network: null,
    isAdminConsole: false,
    accept: ['session'],
    timeouts: { connectSeconds: 5, headersSeconds: 60, idleSeconds: 300 },
    bodyBytesMax: null,
    rules: [aRule()],
    ...rest,
  };
}

/** A compiled path pattern. */
export function aPattern(text: string): PathPattern {
  return sure(parsePathPattern(text), text);
}

/** A compiled host pattern. */
export function aHost(text: string): HostPattern {
  return sure(parseHostPattern(text), text);
}

/** A compiled block of addresses. */
export function aCidr(text: string): Cidr {
  return sure(parseCidr(text), text);
}

/** A named network of blocks. */
export function aNetwork(name: string, cidrs: readonly string[]): Network {
  return { name, cidrs: cidrs.map(aCidr) };
}

/** A policy file in which every method is enabled and nobody is obliged to anything. */
export function anMfaPolicy(
  changes: {
    readonly isEnabled?: boolean;
    readonly totp?: Partial<MfaPolicy['methods']['totp']>;
    readonly webauthn?: Partial<MfaPolicy['methods']['webauthn']>;
    readonly recoveryCodes?: Partial<MfaPolicy['recoveryCodes']>;
    readonly enforcement?: Partial<MfaPolicy['enforcement']>;
    readonly reset?: Partial<MfaPolicy['reset']>;
    readonly audit?: Partial<MfaPolicy['audit']>;
  } = {},
): MfaPolicy {
  const method = { isEnabled: true, requiredForTiers: [] };
  return {
    isEnabled: changes.isEnabled ?? true,
    methods: {
      totp: { ...method, ...changes.totp },
      webauthn: { ...method, ...changes.webauthn },
    },
    recoveryCodes: {
      ...method,
      codesMin: 10,
      doesRegenerateInvalidateOld: true,
      ...changes.recoveryCodes,
    },
    enforcement: {
      blocksTokensUntilEnrolled: true,
      stepsUpForAdminConsole: true,
      ...changes.enforcement,
    },
    reset: {
      isEnabled: true,
      allowedRoles: ['AI-PLATFORM-ADMINS'],
      requiresApproval: true,
      requiresIdentityProofing: true,
      requiresEnrollAfterwards: true,
      severity: 'high',
      ...changes.reset,
    },
    audit: {
      logsEnroll: true,
      logsReset: true,
      logsRecoveryCodesGenerated: true,
      logsRecoveryCodeUsed: true,
      ...changes.audit,
    },
  };
}

/** The groups of the contract's example, mapped to their tiers. */
const tierMap: ReadonlyMap<string, Tier> = new Map([
  ['AI-PLATFORM-ADMINS', 'TIER0'],
  ['SEC-OPS', 'TIER1'],
  ['PROJECT-OWNERS', 'TIER2'],
]);

/** An access policy around `anMfaPolicy()`, with a step-up window of ten minutes. */
export function aPolicy(changes: Partial<AccessPolicy> = {}): AccessPolicy {
  return {
    mfa: anMfaPolicy(),
    tiers: tierMap,
    stepUpWithinSeconds: 600,
    hardwareKeys: { tiers: [], models: [] },
    rememberedFor: ['TIER2', 'TIER3'],
    roleGroups: {
      admin: ['AI-PLATFORM-ADMINS'],
      manager: ['AI-PLATFORM-ADMINS'],
      'security-owner': ['AI-PLATFORM-ADMINS'],
      'reset-executor': ['AI-PLATFORM-ADMINS'],
      auditor: [],
    },
    networks: new Map([['anywhere', aNetwork('anywhere', ['0.0.0.0/0', '::/0'])]]),
    ...changes,
  };
}

/** The two things that a test of a decision asserts. */
export function kindAndReason(decision: Decision): readonly [Decision['kind'], string] {
  return [decision.kind, decision.reason];
}

function sure<Value>(value: Value | null, text: string): Value {
  if (value === null) throw new Error(`a test wrote ${JSON.stringify(text)}, which does not parse`);
  return value;
}
