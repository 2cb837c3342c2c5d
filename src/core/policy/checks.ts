/**
 * What `decide` asks beside the rules, one check after the other, for `explain` to print.
 *
 * The first check that fails is the one that decided; those behind it were not looked at.
 */

import { assuranceShortfall, levelOf, type Shortfall } from '../assurance.ts';
import type { Facts, Principal, RequestFacts, SessionFacts } from '../facts.ts';
import type { Proof } from '../proofs.ts';
import type { Route } from '../route.ts';
import { type EpochMs, formatDuration } from '../time.ts';
import { admits } from './audience.ts';
import {
  admissibleProofs,
  effectiveRequirement,
  enrollmentDue,
  enrollmentMissing,
  graceEndOf,
  isLive,
  isNetworkAllowed,
  isServiceAtHome,
  usableSecondFactors,
} from './decide.ts';
import { allOf, anyOf, audienceInWords, networkInWords, proofsInWords } from './in-words.ts';
import { type AccessPolicy, methodsRequiredOf, tierOf } from './mfa-policy.ts';
import type { Requirement } from './requirement.ts';
import { firstRuleThatApplies, type Rule } from './rule.ts';

/** One question that was asked, or would have been. */
export interface Check {
  readonly about:
    | 'network'
    | 'session'
    | 'account'
    | 'audience'
    | 'service-network'
    | 'proof'
    | 'enrollment'
    | 'level'
    | 'phishing-resistance'
    | 'method'
    | 'freshness';
  readonly wants: string;
  readonly sees: string;
  readonly outcome: 'holds' | 'fails' | 'not-looked-at';
}

/** The checks that a request meets on a route; none of a person where the rule asks for nobody. */
export function checksOf(route: Route, facts: Facts, policy: AccessPolicy): readonly Check[] {
  const { request, now } = facts;
  const rule = firstRuleThatApplies(route.rules, request, now);
  const questions = [
    networkQuestion(route, request),
    ...(rule?.effect === 'protect' ? personQuestions(route, rule, facts, policy) : []),
  ];
  const failed = questions.findIndex(({ holds }) => !holds);
  return questions.map(({ about, wants, sees, holds }, at) => ({
    about,
    wants,
    sees,
    outcome: failed !== -1 && at > failed ? 'not-looked-at' : holds ? 'holds' : 'fails',
  }));
}

interface Question {
  readonly about: Check['about'];
  readonly wants: string;
  readonly sees: string;
  readonly holds: boolean;
}

function networkQuestion(route: Route, { ip }: RequestFacts): Question {
  return {
    about: 'network',
    wants: networkInWords(route.network),
    sees: ip,
    holds: isNetworkAllowed(route, ip),
  };
}

interface Moment {
  readonly session: SessionFacts;
  readonly now: EpochMs;
}

function personQuestions(
  route: Route,
  rule: Rule,
  { request, session, now }: Facts,
  policy: AccessPolicy,
): readonly Question[] {
  if (session === null) {
    return [{ about: 'session', wants: 'somebody signed in', sees: 'nobody', holds: false }];
  }
  const { principal } = session;
  return [
    {
      about: 'session',
      wants: 'a session that is not over',
      sees: isLive(session, now) ? `a session of ${principal.username}` : 'a session that is over',
      holds: isLive(session, now),
    },
    {
      about: 'account',
      wants: 'an account that is enabled',
      sees: principal.isDisabled ? 'disabled' : 'enabled',
      holds: !principal.isDisabled,
    },
    {
      about: 'audience',
      wants: audienceInWords(rule.audience),
      sees: `${principal.kind} ${principal.username} in ${groupsInWords(principal.groups)}`,
      holds: admits(rule.audience, principal),
    },
    ...(principal.kind === 'service'
      ? [serviceNetworkQuestion(principal, request.ip, policy)]
      : proofQuestions(route, rule, { session, now }, policy)),
  ];
}

function serviceNetworkQuestion(
  service: Principal,
  ip: string,
  policy: Pick<AccessPolicy, 'networks'>,
): Question {
  return {
    about: 'service-network',
    wants: `an address in ${anyOf(service.networks)}, to which the service is bound`,
    sees: ip,
    holds: isServiceAtHome(service, ip, policy),
  };
}

/** In the order in which `judgeProofs` asks: who has a second factor proves it before enrolling. */
function proofQuestions(
  route: Route,
  rule: Rule,
  { session, now }: Moment,
  policy: AccessPolicy,
): readonly Question[] {
  const requirement = effectiveRequirement(rule, route, session, policy);
  const proofs = admissibleProofs(session, policy);
  const level = levelOf(proofs, now);
  const usable = usableSecondFactors(session, policy);
  const enrollment = enrollmentQuestion({ session, now }, policy);
  const isRaised = requirement.level > rule.requires.level;
  const whyMore = isRaised ? `, ${whyLevelIsRaised(route, session, policy)}` : '';
  const strength: Question = {
    about: 'level',
    wants: `${requirement.level === 2 ? 'two factors' : 'one factor'}${whyMore}`,
    sees: `level ${String(level)}: ${proofsInWords(proofs, now)}`,
    holds: level >= requirement.level,
  };
  return [
    {
      about: 'proof',
      wants: 'something proved',
      sees: proofsInWords(proofs, now),
      holds: level > 0,
    },
    ...(usable.length > 0 ? [strength, enrollment] : [enrollment, strength]),
    ...shortfallQuestions(requirement, proofs, now),
  ];
}

/** The rule asks for one factor; says whose demand it is that makes it two. */
function whyLevelIsRaised(route: Route, session: SessionFacts, policy: AccessPolicy): string {
  if (route.isAdminConsole && policy.mfa.enforcement.stepsUpForAdminConsole) {
    return 'since this is an administration console';
  }
  const usable = usableSecondFactors(session, policy);
  return usable.length > 0
    ? `since ${session.principal.username} has ${anyOf(usable)}`
    : `since the policy obliges ${tierOf(session.principal, policy.tiers)}`;
}

function enrollmentQuestion({ session, now }: Moment, policy: AccessPolicy): Question {
  const tier = tierOf(session.principal, policy.tiers);
  const missing = enrollmentMissing(session, policy);
  const required = methodsRequiredOf(tier, policy.mfa);
  const graceEnd = graceEndOf(session, policy);
  const wants = [
    ...(required.length === 0 ? [] : [`${allOf(required)} enrolled, for ${tier}`]),
    ...(graceEnd === null ? [] : [`a second factor by ${new Date(graceEnd).toISOString()}`]),
  ];
  const sees = [
    ...(required.length === 0
      ? []
      : [missing.length === 0 ? 'all of it' : `${allOf(missing)} missing`]),
    ...(graceEnd === null ? [] : ['no second factor']),
  ];
  return {
    about: 'enrollment',
    wants: wants.length === 0 ? `nothing enrolled, for ${tier}` : wants.join(', and '),
    sees: sees.length === 0 ? 'nothing missing' : sees.join(', '),
    holds: enrollmentDue(session, policy, now) === null,
  };
}

function shortfallQuestions(
  requirement: Requirement,
  proofs: readonly Proof[],
  now: EpochMs,
): readonly Question[] {
  const { isPhishingResistant, methods, withinSeconds } = requirement;
  const shortfall = assuranceShortfall(requirement, proofs, now);
  const question = (about: Check['about'], wants: string, fault: Shortfall): Question => ({
    about,
    wants,
    sees: proofsInWords(proofs, now),
    holds: shortfall !== fault,
  });
  return [
    ...(isPhishingResistant
      ? [question('phishing-resistance', 'a passkey or key', 'not-phishing-resistant')]
      : []),
    ...(methods === null ? [] : [question('method', anyOf(methods), 'method-not-accepted')]),
    ...(withinSeconds === null
      ? []
      : [question('freshness', `no older than ${formatDuration(withinSeconds)}`, 'proof-too-old')]),
  ];
}

function groupsInWords(groups: readonly string[]): string {
  return groups.length === 0 ? 'no group' : allOf(groups);
}
