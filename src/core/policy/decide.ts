/**
 * The decision: may this request pass, and if not, what would let it?
 *
 * Pure by construction. This file and everything it imports must not read the clock, the network,
 * a store or a random source; callers bring those in as facts. When nothing in the policy speaks
 * for a request, the answer is no.
 */

import {
  assuranceShortfall,
  isFromTheFuture,
  levelOf,
  methodsThatWouldMeet,
} from '../assurance.ts';
import { networkContains } from '../cidr.ts';
import type { Facts, Principal, RequestFacts, SessionFacts } from '../facts.ts';
import type { MethodId, Proof } from '../proofs.ts';
import type { Route } from '../route.ts';
import { addSeconds, type EpochMs } from '../time.ts';
import { admits } from './audience.ts';
import type { Allow, Decision, DenyByRule, DenyWithoutRule, Enroll, SignIn } from './decision.ts';
import {
  type AccessPolicy,
  doesModelCount,
  isMethodEnabled,
  methodsMissing,
  methodsRequiredOf,
  tierOf,
} from './mfa-policy.ts';
import { defaultRequirement, type Requirement } from './requirement.ts';
import { firstRuleThatApplies, type Rule } from './rule.ts';

/** Decides what happens to one request. Same facts, same answer; there is always an answer. */
export function decide(route: Route | null, facts: Facts, policy: AccessPolicy): Decision {
  const { request, session, now } = facts;
  if (route === null) return denyUnruled('no-route');
  if (!isNetworkAllowed(route, request.ip)) return denyUnruled('network-not-allowed');

  const rule = firstRuleThatApplies(route.rules, request, now);
  if (rule === null) return denyUnruled('no-rule-applies');
  if (rule.effect === 'deny') return deny('rule-denies', rule);
  if (rule.effect === 'public') return allow('rule-is-public', rule);

  if (session === null) return signIn('not-signed-in', rule);
  if (!isLive(session, now)) return signIn('session-expired', rule);
  if (session.principal.isDisabled) return deny('account-disabled', rule);
  if (!admits(rule.audience, session.principal)) return deny('not-admitted', rule);
  // A service cannot hold a second factor: what lets it pass is that the rule names it and that
  // it comes from where it belongs.
  if (session.principal.kind === 'service') {
    return isServiceAtHome(session.principal, request.ip, policy)
      ? allow('assurance-met', rule)
      : deny('service-network-not-allowed', rule);
  }

  const decision = judgeProofs(route, rule, { session, now }, policy);
  return decision.kind === 'allow' && isReminderDue(request, session, now, policy)
    ? { kind: 'remind', reason: 'enrollment-due-soon', rule }
    : decision;
}

/** Says whether a service comes from one of its networks. Whoever is bound to none has none. */
export function isServiceAtHome(
  { networks }: Principal,
  ip: string,
  policy: Pick<AccessPolicy, 'networks'>,
): boolean {
  return networks.some((name) => {
    const network = policy.networks.get(name);
    return network !== undefined && networkContains(network, ip);
  });
}

/** How long somebody who put the reminder off is left in peace. */
const reminderSeconds = 24 * 3600;

/**
 * Says whether a person who has to enroll before long should be told so now: on their way to a
 * page, once a day.
 */
function isReminderDue(
  request: RequestFacts,
  session: SessionFacts,
  now: EpochMs,
  policy: AccessPolicy,
): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!request.isNavigation || !isRead || graceEndOf(session, policy) === null) return false;
  const { remindedAt } = session;
  return (
    remindedAt === null ||
    isFromTheFuture(remindedAt, now) ||
    now >= addSeconds(remindedAt, reminderSeconds)
  );
}

/**
 * Until when this person may do without a second factor that is demanded of them; null: nothing is
 * demanded, or they have one. An instant in the past: they may not any more.
 */
export function graceEndOf(session: SessionFacts, policy: AccessPolicy): EpochMs | null {
  if (!policy.mfa.isEnabled || session.principal.kind === 'service') return null;
  return usableSecondFactors(session, policy).length > 0 ? null : session.enrollBy;
}

/** Says whether an address may come near a route at all. */
export function isNetworkAllowed(route: Route, ip: string): boolean {
  return route.network === null || networkContains(route.network, ip);
}

/**
 * Says whether a session is not over yet.
 *
 * Security: one that was made in the future outlived a clock that has gone back; it is over.
 */
export function isLive(session: SessionFacts, now: EpochMs): boolean {
  return now < session.expiresAt && !isFromTheFuture(session.createdAt, now);
}

/**
 * What this session must have proved for this rule: the strongest of what the rule asks, what the
 * policy asks of the person, and what it asks of administration consoles.
 *
 * Whoever has a second factor must use it, and whoever must have one counts as having it: a
 * password alone is enough only for people to whom neither applies.
 */
export function effectiveRequirement(
  rule: Rule,
  route: Route,
  session: SessionFacts,
  policy: AccessPolicy,
): Requirement {
  const { requires } = rule;
  const stepsUp = route.isAdminConsole && policy.mfa.enforcement.stepsUpForAdminConsole;
  // Where the operator lets people in who have not enrolled yet, owing a method raises nothing.
  const isObliged =
    policy.mfa.enforcement.blocksTokensUntilEnrolled &&
    methodsRequiredOf(tierOf(session.principal, policy.tiers), policy.mfa).length > 0;
  const hasSecondFactor = usableSecondFactors(session, policy).length > 0;
  return {
    ...requires,
    level: stepsUp || isObliged || hasSecondFactor ? 2 : requires.level,
    withinSeconds: stepsUp
      ? Math.min(requires.withinSeconds ?? Infinity, policy.stepUpWithinSeconds)
      : requires.withinSeconds,
  };
}

/**
 * The second factors this person could be asked for: enrolled, and enabled by the policy. Recovery
 * codes stand in for one of these, so somebody who has nothing but codes has none.
 */
export function usableSecondFactors(
  session: SessionFacts,
  policy: AccessPolicy,
): readonly MethodId[] {
  return secondFactors.filter(
    (method) =>
      session.enrolled.includes(method) &&
      isMethodEnabled(method, policy.mfa) &&
      (method !== 'webauthn' || hasPasskeyThatCounts(session, policy)),
  );
}

/** Whether any of their passkeys counts, of somebody who has some: attested ones and others. */
function hasPasskeyThatCounts(
  { principal, attestedModels }: SessionFacts,
  policy: AccessPolicy,
): boolean {
  return [null, ...attestedModels].some((model) => doesModelCount(principal, model, policy));
}

/**
 * What this person could answer a step-up with: their second factors, and recovery codes. Whose
 * second factors have stopped counting confirms with a code, to enroll one that does.
 */
export function answersOf(session: SessionFacts, policy: AccessPolicy): readonly MethodId[] {
  const usable = usableSecondFactors(session, policy);
  const hasCodes = session.recoveryCodesLeft > 0 && isMethodEnabled('recovery-code', policy.mfa);
  return hasCodes ? [...usable, 'recovery-code'] : usable;
}

/**
 * The proofs of a session that the policy lets count: those of methods that are enabled, of
 * security keys of known models for whoever must use these, and what a browser remembers for
 * whoever may have that and still has what it remembers.
 */
export function admissibleProofs(session: SessionFacts, policy: AccessPolicy): readonly Proof[] {
  const tier = tierOf(session.principal, policy.tiers);
  return session.proofs.filter(
    (proof) =>
      isMethodEnabled(proof.method, policy.mfa) &&
      (proof.origin !== 'remembered' ||
        (policy.rememberedFor.includes(tier) && session.enrolled.includes(proof.method))) &&
      (proof.method !== 'webauthn' ||
        doesModelCount(session.principal, proof.attestedModel ?? null, policy)),
  );
}

/** What the policy obliges this person to enroll and they have not; services enroll nothing. */
export function enrollmentMissing(
  session: SessionFacts,
  policy: AccessPolicy,
): readonly MethodId[] {
  if (session.principal.kind === 'service') return [];
  const enrolled = session.enrolled.filter(
    (method) => method !== 'webauthn' || hasPasskeyThatCounts(session, policy),
  );
  return methodsMissing(
    tierOf(session.principal, policy.tiers),
    { enrolled, hasRecoveryCodes: session.recoveryCodesLeft > 0 },
    policy.mfa,
  );
}

/**
 * What must be enrolled before this person obtains anything: what the policy asks of their tier
 * where it blocks until then, and any second factor once their grace has ended. Null: nothing.
 */
export function enrollmentDue(
  session: SessionFacts,
  policy: AccessPolicy,
  now: EpochMs,
): Pick<Enroll, 'reason' | 'missing'> | null {
  const missing = enrollmentMissing(session, policy);
  if (missing.length > 0 && policy.mfa.enforcement.blocksTokensUntilEnrolled) {
    return { reason: 'policy-requires-enrollment', missing };
  }
  const graceEnd = graceEndOf(session, policy);
  if (graceEnd === null || now < graceEnd) return null;
  return {
    reason: 'tenant-requires-enrollment',
    missing: methodsToEnroll(defaultRequirement, policy),
  };
}

/** A person is signed in and admitted: have they enrolled and proved enough? */
function judgeProofs(
  route: Route,
  rule: Rule,
  { session, now }: { readonly session: SessionFacts; readonly now: EpochMs },
  policy: AccessPolicy,
): Decision {
  const proofs = admissibleProofs(session, policy);
  const level = levelOf(proofs, now);
  // All proofs were ruled out (see assurance.ts): whoever this is, they have to start again.
  if (level === 0) return signIn('session-expired', rule);

  const requirement = effectiveRequirement(rule, route, session, policy);
  const usable = usableSecondFactors(session, policy);
  // Whoever has a second factor proves it before they are shown what else to enroll, so that a
  // stolen password neither learns what is missing nor adds to it.
  if (level === 1 && usable.length > 0) {
    return { kind: 'challenge', reason: 'second-factor-required', rule, requirement };
  }

  const due = enrollmentDue(session, policy, now);
  if (due !== null) return { kind: 'enroll', rule, ...due };

  const shortfall = assuranceShortfall(requirement, proofs, now);
  if (shortfall === null) return allow('assurance-met', rule);

  const canAnswer = methodsThatWouldMeet(requirement, answersOf(session, policy)).length > 0;
  if (shortfall === 'level-too-low' || !canAnswer) {
    const missing = methodsToEnroll(requirement, policy);
    return { kind: 'enroll', reason: 'nothing-enrolled', rule, missing };
  }
  return { kind: 'step-up', reason: shortfall, rule, requirement };
}

/** What can be enrolled as a second factor, in the order in which it is offered. */
const secondFactors: readonly MethodId[] = ['totp', 'webauthn'];

/** What would be worth enrolling to meet a requirement; all that might, where nothing is enabled. */
function methodsToEnroll(requirement: Requirement, policy: AccessPolicy): readonly MethodId[] {
  const worthwhile = methodsThatWouldMeet(requirement, secondFactors);
  if (worthwhile.length === 0) return methodsThatWouldMeet(requirement, ['recovery-code']);
  const enabled = worthwhile.filter((method) => isMethodEnabled(method, policy.mfa));
  return enabled.length > 0 ? enabled : worthwhile;
}

function denyUnruled(reason: DenyWithoutRule['reason']): Decision {
  return { kind: 'deny', reason, rule: null };
}

function deny(reason: DenyByRule['reason'], rule: Rule): Decision {
  return { kind: 'deny', reason, rule };
}

function allow(reason: Allow['reason'], rule: Rule): Decision {
  return { kind: 'allow', reason, rule };
}

function signIn(reason: SignIn['reason'], rule: Rule): Decision {
  return { kind: 'sign-in', reason, rule };
}
