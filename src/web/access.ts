/** Who may come in at an endpoint, and where everybody else is sent. */

import type { SessionFacts } from '../core/facts.ts';
import type { RequestFacts } from '../core/facts.ts';
import { type AdminPermission, mayAdminister } from '../core/policy/administration.ts';
import { decide, isNetworkAllowed } from '../core/policy/decide.ts';
import type { Decision } from '../core/policy/decision.ts';
import { Problem } from '../core/problem.ts';
import { unreachable } from '../core/unreachable.ts';
import { nextPage } from '../flows/next-page.ts';
import type { Config } from '../config/config.ts';
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
export function admission(who: Who, exchange: Exchange): RedirectAnswer | null {
  if (who === 'anyone') return null;
  if (who === 'administrator') return admissionOfAdministrator(exchange);
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
export function assertAdministrationNetwork(config: Config, { ip }: RequestFacts): void {
  if (!isNetworkAllowed(config.administration, ip)) throw new Problem('network-not-allowed');
}

/** What the gate decides about the administration: the same decision as for any route. */
export function decideAdministration({
  config,
  request,
  session,
  now,
}: Pick<Exchange, 'config' | 'request' | 'session' | 'now'>): Decision {
  return decide(config.administration, { request, session, now }, config.policy);
}

/** Throws the problem `not-permitted` unless a role of this person allows it. */
export function assertPermitted(
  { config }: Pick<Exchange, 'config'>,
  { principal }: SessionFacts,
  permission: AdminPermission,
): void {
  if (mayAdminister(principal, permission, config.policy.roleGroups)) return;
  throw new Problem('not-permitted');
}

function admissionOfAdministrator(exchange: Exchange): RedirectAnswer | null {
  const decision = decideAdministration(exchange);
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
      throw new Problem(
        decision.reason === 'service-network-not-allowed' ? 'not-admitted' : decision.reason,
      );
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
