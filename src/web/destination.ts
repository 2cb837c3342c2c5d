/** Where a person is on their way to, and what will be asked of them there. */

import type { Config } from '../config/config.ts';
import { methodsThatWouldMeet } from '../core/assurance.ts';
import type { RequestFacts, SessionFacts } from '../core/facts.ts';
import { parseHostHeader } from '../core/host.ts';
import { isPortalRequest } from '../core/locations.ts';
import { decide, isNetworkAllowed } from '../core/policy/decide.ts';
import type { Decision, Enroll, StepUp } from '../core/policy/decision.ts';
import type { MethodId } from '../core/proofs.ts';
import { type Destination, destinationAt, safeReturnTo } from '../core/return-to.ts';
import { matchRoute, type Route } from '../core/route.ts';
import type { Exchange } from './exchange.ts';
import type { Form } from './form.ts';

/**
 * The place to return to, or null. Judged anew at every reading: what a form carries may have been
 * changed since we wrote it there. A bad one is not an error, it is just not followed.
 */
export function returnToIn(config: Config, form: Form, query: URLSearchParams): string | null {
  const sent = form.has('return_to') ? [form.get('return_to')] : query.getAll('return_to');
  const [untrustedReturnTo = ''] = sent;
  if (sent.length !== 1 || untrustedReturnTo === '') return null;
  return safeReturnTo(untrustedReturnTo, {
    publicUrl: config.server.publicUrl,
    portal: config.portal,
    cookieDomain: config.portal.cookieDomain,
    routes: config.routes,
  });
}

/** Origins that a form of ours may lead to: where `returnToIn` lets people go. */
export function returnOrigins(config: Config): readonly string[] {
  const { protocol, origin, port } = new URL(config.server.publicUrl);
  const { cookieDomain } = config.portal;
  const suffix = port === '' ? '' : `:${port}`;
  const hosts = cookieDomain === null ? [] : config.routes.flatMap(({ host }) => host ?? []);
  const origins = hosts.map(
    ({ name, isWildcard }) => `${protocol}//${isWildcard ? '*.' : ''}${name}${suffix}`,
  );
  return [...new Set([origin, config.portal.origin, ...origins])];
}

/**
 * The destination in words. Null also for a route whose network the person is outside of: nothing
 * is said about what lies behind it, not even its name (guarantee G3).
 */
export function destinationOf(
  exchange: Pick<Exchange, 'config' | 'request' | 'returnTo'>,
): Destination | null {
  const { config, returnTo } = exchange;
  const target = targetOf({ config, returnTo: endOf(config, returnTo) });
  if (target === null || !isNetworkAllowed(target.route, exchange.request.ip)) return null;
  return destinationAt(target.route, target.shownPath);
}

/** Where a page of ours that is returned to leads on to in its turn, judged like any other; or null. */
export function furtherThan(config: Config, returnTo: string | null): string | null {
  if (returnTo === null || !returnTo.startsWith(`${config.portal.url}/`)) return null;
  return returnToIn(config, new Map(), new URL(returnTo).searchParams);
}

/** The last place of such a chain. Each address stands within the one before, so that it has an end. */
function endOf(config: Config, returnTo: string | null): string | null {
  const further = furtherThan(config, returnTo);
  return further === null ? returnTo : endOf(config, further);
}

/** What the destination asks for beside what everybody is asked. */
export interface Outlook {
  /** A step-up is asked for to open the page itself; else for something that is done there. */
  readonly isStepUpToOpen: boolean;
  /** Second factors that a step-up would take, the strongest first; empty: none would help. */
  readonly methodsThatHelp: readonly SecondFactor[];
  /** Methods without each of which something there stays shut. */
  readonly toEnroll: readonly MethodId[];
  /** Methods of which any one would open it; empty: nothing is asked for in this way. */
  readonly choices: readonly MethodId[];
}

/** What a person can be asked for beside a password. */
export type SecondFactor = Exclude<MethodId, 'password'>;

const secondFactors: readonly SecondFactor[] = ['webauthn', 'totp', 'recovery-code'];

/**
 * Works out why the gateway sent somebody here, by deciding again as it did.
 *
 * The address says where the person goes back to, not what they were doing, so that all methods
 * are tried. Without this a page could send somebody on who is sent back at once, for ever.
 */
export function outlookOf(
  exchange: Pick<Exchange<SessionFacts>, 'config' | 'request' | 'session' | 'now' | 'returnTo'>,
): Outlook {
  const target = targetOf(exchange);
  const decisions =
    target === null
      ? []
      : ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
          decideAt(target, method, exchange),
        );
  // What opens the page itself comes before what is done there: the page is where they go next.
  const toOpen = decisions.slice(0, 1).filter(isStepUp);
  const stepUps = toOpen.length > 0 ? toOpen : decisions.filter(isStepUp);
  // Where something must be enrolled first, no confirmation opens the page.
  const isShut = decisions[0]?.kind === 'enroll';
  const isHelp = (method: MethodId) =>
    (stepUps.length === 0 && !isShut) ||
    stepUps.some(({ requirement }) => methodsThatWouldMeet(requirement, [method]).length > 0);
  return {
    isStepUpToOpen: toOpen.length > 0,
    methodsThatHelp: secondFactors.filter(isHelp),
    ...enrollmentAsked(decisions),
  };
}

function isStepUp(decision: Decision): decision is StepUp {
  return decision.kind === 'step-up';
}

/** Any of several methods would do; what the policy names is needed, all of it. */
function isChoice({ reason, missing }: Enroll): boolean {
  return reason !== 'policy-requires-enrollment' && missing.length > 1;
}

function enrollmentAsked(decisions: readonly Decision[]): Pick<Outlook, 'toEnroll' | 'choices'> {
  const asked = decisions.filter((decision) => decision.kind === 'enroll');
  const needed = asked.filter((decision) => !isChoice(decision)).flatMap(({ missing }) => missing);
  const open = asked
    .filter(isChoice)
    .find(({ missing }) => !missing.some((method) => needed.includes(method)));
  return { toEnroll: [...new Set(needed)], choices: open?.missing ?? [] };
}

interface Target {
  readonly route: Route;
  /** Below the portal's base path, where it is a page of ours. */
  readonly shownPath: string;
  readonly request: Pick<RequestFacts, 'host' | 'authority' | 'path' | 'query'>;
}

function targetOf({ config, returnTo }: Pick<Exchange, 'config' | 'returnTo'>): Target | null {
  if (returnTo === null) return null;
  const { host: authority, pathname: path, search: query } = new URL(returnTo);
  const host = parseHostHeader(authority)?.host;
  if (host === undefined) return null;
  const request = { host, authority, path, query };
  if (isPortalRequest(config.portal, { host, path })) {
    // Our own pages are behind no route, whatever its pattern says; one leads to the administration.
    const shownPath = path.slice(config.portal.basePath.length);
    const isAdmin = /^\/admin(?:\/|$)/.test(shownPath);
    return isAdmin ? { route: config.administration, shownPath, request } : null;
  }
  const route = matchRoute(config.routes, { host, path });
  return route === null ? null : { route, shownPath: path, request };
}

function decideAt(
  { route, request }: Target,
  method: string,
  exchange: Pick<Exchange<SessionFacts>, 'config' | 'request' | 'session' | 'now'>,
): Decision {
  const facts = {
    request: { ...exchange.request, ...request, method },
    session: exchange.session,
    now: exchange.now,
  };
  return decide(route, facts, exchange.config.policy);
}
