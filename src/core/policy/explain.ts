/**
 * Explains a decision: what was looked at, what it wanted and saw, and what would make it pass.
 *
 * The decision itself is `decide`'s; the trace asks the same functions the same questions in the
 * same order and stops where the decision stopped. A property test holds the two together.
 */

import type { Facts, RequestFacts } from '../facts.ts';
import { matchesPath } from '../path-pattern.ts';
import { hostInWords, matchesHost, matchRoute, type Route } from '../route.ts';
import { checksOf, type Check } from './checks.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import type { AccessPolicy } from './mfa-policy.ts';
import { firstRuleThatApplies, type Rule } from './rule.ts';
import { waysToPass } from './ways-to-pass.ts';

/** One route, as the request met it. */
export interface RouteTrace {
  readonly name: string;
  readonly outcome: 'taken' | 'passed-over' | 'not-reached';
  /** What the route wants: host and path. */
  readonly wants: string;
  /** What did not fit; null where it fits or was not looked at. */
  readonly why: string | null;
}

/** One condition of a rule. */
export interface ConditionTrace {
  readonly kind: string;
  readonly wants: string;
  readonly sees: string;
  readonly holds: boolean;
}

/** One rule of the route, as the request met it. */
export interface RuleTrace {
  readonly id: string;
  readonly effect: Rule['effect'];
  readonly outcome: 'applies' | 'passed-over' | 'not-reached';
  /** Every condition, also of rules that were not reached. */
  readonly conditions: readonly ConditionTrace[];
}

/** A decision with everything that led to it. */
export interface Explanation {
  readonly request: Pick<RequestFacts, 'method' | 'host' | 'path' | 'ip'>;
  readonly routes: readonly RouteTrace[];
  /** The rules of the route that was taken. */
  readonly rules: readonly RuleTrace[];
  /** What is asked beside the rules, in the order in which it is asked. */
  readonly checks: readonly Check[];
  readonly decision: Decision;
  /** Sentences: what would have to change for the request to pass. Empty when it passes. */
  readonly wouldPass: readonly string[];
}

/** Explains what happens to a request among these routes, and why. */
export function explain(routes: readonly Route[], facts: Facts, policy: AccessPolicy): Explanation {
  const { request } = facts;
  const route = matchRoute(routes, request);
  const decision = decide(route, facts, policy);
  return {
    request: { method: request.method, host: request.host, path: request.path, ip: request.ip },
    routes: traceRoutes(routes, route, request),
    rules: route === null ? [] : traceRules(route, decision, facts),
    checks: route === null ? [] : checksOf(route, facts, policy),
    decision,
    wouldPass: waysToPass(decision, route?.network ?? null, request),
  };
}

function traceRoutes(
  routes: readonly Route[],
  taken: Route | null,
  request: RequestFacts,
): readonly RouteTrace[] {
  const takenAt = taken === null ? routes.length : routes.indexOf(taken);
  return routes.map((route, at) => ({
    name: route.name,
    wants: `${hostInWords(route.host)}${route.path.text}`,
    outcome: at < takenAt ? 'passed-over' : at === takenAt ? 'taken' : 'not-reached',
    why: at < takenAt ? whyPassedOver(route, request) : null,
  }));
}

function whyPassedOver({ host, path }: Route, request: RequestFacts): string {
  const faults = [
    ...(host === null || matchesHost(host, request.host) ? [] : [`the host is ${request.host}`]),
    ...(matchesPath(path, request.path) ? [] : [`the path is ${request.path}`]),
  ];
  return faults.join(', ');
}

function traceRules(route: Route, decision: Decision, facts: Facts): readonly RuleTrace[] {
  const { request, now } = facts;
  const applies =
    decision.reason === 'network-not-allowed'
      ? -1
      : ruleIndex(route, firstRuleThatApplies(route.rules, request, now));
  return route.rules.map((rule, at) => ({
    id: rule.id,
    effect: rule.effect,
    outcome: at < applies ? 'passed-over' : at === applies ? 'applies' : 'not-reached',
    conditions: rule.conditions.map((condition) => ({
      kind: condition.kind,
      wants: condition.wants,
      sees: condition.sees(request, now),
      holds: condition.holds(request, now),
    })),
  }));
}

function ruleIndex(route: Route, rule: Rule | null): number {
  return rule === null ? route.rules.length : route.rules.indexOf(rule);
}
