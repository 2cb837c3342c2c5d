/** Where a person is on their way to, and what will be asked of them there. */

import type { Config } from '../config/config.ts';
import { methodsThatWouldMeet } from '../core/assurance.ts';
import type { RequestFacts, SessionFacts } from '../core/facts.ts';
import { parseHostHeader } from '../core/host.ts';
import { decide, isNetworkAllowed } from '../core/policy/decide.ts';
import type { Decision } from '../core/policy/decision.ts';
import type { MethodId } from '../core/proofs.ts';
import { type Destination, destinationOf as placeAt, safeReturnTo } from '../core/return-to.ts';
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
  const target = targetOf(exchange);
  if (target === null || !isNetworkAllowed(target.route, exchange.request.ip)) return null;
  return placeAt(target.url, exchange.config.routes);
}

/** What the destination asks for beside what everybody is asked. */
export interface Outlook {
  /** A step-up is asked for to open the page itself; else for something that is done there. */
  readonly isStepUpToOpen: boolean;
  /** Codes that a step-up would take; empty: it asks for what no code can give. */
  readonly codesThatHelp: readonly ('totp' | 'recovery-code')[];
  /** Methods without which something there stays shut. */
  readonly toEnroll: readonly MethodId[];
}

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
  const stepUps = decisions.filter((decision) => decision.kind === 'step-up');
  const isHelp = (method: MethodId) =>
    stepUps.length === 0 ||
    stepUps.some(({ requirement }) => methodsThatWouldMeet(requirement, [method]).length > 0);
  return {
    isStepUpToOpen: decisions[0]?.kind === 'step-up',
    codesThatHelp: (['totp', 'recovery-code'] as const).filter(isHelp),
    toEnroll: [...new Set(decisions.flatMap(enrollmentAsked))],
  };
}

/** Where any of several methods would do, one that can be enrolled here is enough. */
function enrollmentAsked(decision: Decision): readonly MethodId[] {
  if (decision.kind !== 'enroll') return [];
  const { missing, reason } = decision;
  return reason === 'nothing-enrolled' && missing.includes('totp') ? ['totp'] : missing;
}

interface Target {
  readonly url: string;
  readonly route: Route;
  readonly request: Pick<RequestFacts, 'host' | 'authority' | 'path' | 'query'>;
}

function targetOf({ config, returnTo }: Pick<Exchange, 'config' | 'returnTo'>): Target | null {
  if (returnTo === null) return null;
  const { host: authority, pathname: path, search: query } = new URL(returnTo);
  const host = parseHostHeader(authority)?.host;
  if (host === undefined) return null;
  const route = matchRoute(config.routes, { host, path });
  return route === null
    ? null
    : { url: returnTo, route, request: { host, authority, path, query } };
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
