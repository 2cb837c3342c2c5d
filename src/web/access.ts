/** Who may come in at an endpoint, and where everybody else is sent. */

import assert from 'node:assert/strict';
import type { SessionFacts } from '../core/facts.ts';
import { type AdminPermission, decideAdministration } from '../core/policy/administration.ts';
import { isNetworkAllowed } from '../core/policy/decide.ts';
import type { Decision } from '../core/policy/decision.ts';
import { denialCode } from '../core/policy/refusal.ts';
import { Problem } from '../core/problem.ts';
import { unreachable } from '../core/unreachable.ts';
import { nextPage } from '../flows/next-page.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange, RedirectAnswer } from './exchange.ts';
import { redirectTo } from './exchange.ts';
import { onward, ownAddress, pageAddress } from './onward.ts';

/**
 * Who may come in.
 *
 * - `anyone`: no session is needed.
 * - `first-factor`: whoever has proved at least a password.
 * - `challenge-met`: has also proved a second factor, where they have one. The enrollment pages:
 *   a stolen password alone must not enroll beside what the owner has.
 * - `complete`: has proved and enrolled everything that the policy asks.
 * - `administrator`: whom the route to the administration lets pass (core/policy/administration.ts),
 *   and whose roles allow what the endpoint does.
 */
export type Who = 'anyone' | 'first-factor' | 'challenge-met' | 'complete' | 'administrator';

/** Null when the person may come in, else where to go instead. */
export function admission(
  { who, permission }: Pick<Endpoint, 'who' | 'permission'>,
  exchange: Exchange,
): RedirectAnswer | null {
  if (who === 'anyone') return null;
  if (who === 'administrator') return admissionOfAdministrator(exchange, permission);
  const { session } = exchange;
  if (session === null) {
    // Whoever wants to sign out and is signed out already is told so.
    const page = exchange.path === '/sign-out' ? '/sign-out' : '/sign-in';
    return redirectTo(pageAddress(exchange, page), 'not-signed-in');
  }
  return mayEnter(who, exchange, session) ? null : onward(exchange, session);
}

/**
 * Throws the problem `network-not-allowed` for an address that may not come near the
 * administration. Asked before anybody is looked up (guarantee G3).
 */
export function assertAdministrationNetwork({
  parts,
  config,
  request,
}: Pick<Exchange, 'parts' | 'config' | 'request'>): void {
  const route = config.administration;
  if (isNetworkAllowed(route, request.ip)) return;
  const decision = { kind: 'deny', reason: 'network-not-allowed', rule: null } as const;
  parts.recordDecision({ request, route, session: null, decision });
  throw new Problem('network-not-allowed');
}

/** Decides about the administration as the gate does about any route, and has it written down. */
export function judgeAdministration(
  {
    parts,
    config,
    request,
    session,
    now,
  }: Pick<Exchange, 'parts' | 'config' | 'request' | 'session' | 'now'>,
  permission: AdminPermission,
): Decision {
  const route = config.administration;
  const decision = decideAdministration(
    route,
    { request, session, now },
    config.policy,
    permission,
  );
  parts.recordDecision({ request, route, session, decision });
  return decision;
}

/**
 * Has it written down when somebody who came in was refused what they asked: it would have changed
 * somebody above them, or handed out what is not theirs to give.
 */
export function noteNotPermitted(
  {
    parts,
    config,
    request,
    session,
  }: Pick<Exchange<SessionFacts>, 'parts' | 'config' | 'request' | 'session'>,
  problem: unknown,
): void {
  if (!(problem instanceof Problem) || problem.code !== 'not-permitted') return;
  const route = config.administration;
  const rule = route.rules.at(-1);
  assert.ok(rule !== undefined, 'the administration has rules');
  const decision = { kind: 'deny', reason: 'not-permitted', rule } as const;
  parts.recordDecision({ request, route, session, decision });
}

function admissionOfAdministrator(
  exchange: Exchange,
  permission: AdminPermission | null,
): RedirectAnswer | null {
  assert.ok(permission !== null, 'a page of the administration says what a role must allow');
  const decision = judgeAdministration(exchange, permission);
  const back = { ...exchange, returnTo: ownAddress(exchange) };
  switch (decision.kind) {
    case 'allow':
    case 'remind':
      return null;
    case 'sign-in':
      return redirectTo(pageAddress(back, '/sign-in'), 'not-signed-in');
    case 'challenge':
      return redirectTo(pageAddress(back, '/challenge'), 'second-factor-required');
    case 'enroll':
      return redirectTo(pageAddress(back, '/enroll'), 'enrollment-required');
    case 'step-up':
      return redirectTo(pageAddress(back, '/step-up'), 'step-up-required');
    case 'deny':
      throw new Problem(denialCode(decision.reason));
    default:
      return unreachable(decision);
  }
}

function mayEnter(
  who: Exclude<Who, 'anyone' | 'administrator'>,
  exchange: Exchange,
  session: SessionFacts,
): boolean {
  const next = nextPage(exchange.parts.flows, session);
  switch (who) {
    case 'first-factor':
      return true;
    case 'challenge-met':
      return next !== 'challenge';
    case 'complete':
      return next === 'done';
    default:
      return unreachable(who);
  }
}
