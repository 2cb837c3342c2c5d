/**
 * The forward-auth door: another proxy asks whether a request may pass, and passes it on itself
 * (contract section 8). The decision is the same as at every other door; only the answer differs.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cidr } from '../core/cidr.ts';
import type { RequestFacts } from '../core/facts.ts';
import { parseHostHeader } from '../core/host.ts';
import type { Portal } from '../core/locations.ts';
import type { Allow, Decision } from '../core/policy/decision.ts';
import type { Problem } from '../core/problem.ts';
import { answerTo, type Places } from './answer.ts';
import { challengeFor } from './caller.ts';
import { comesFromTrustedProxy } from './client-address.ts';
import { identityHeaderNames, type IdentityHeaders } from './identity-headers.ts';

/** How a proxy wants to be answered: with everything a browser may get, or as nginx reads it. */
export type ForwardAuthStyle = 'plain' | 'nginx';

const paths: Readonly<Partial<Record<string, ForwardAuthStyle>>> = {
  '/forward-auth': 'plain',
  '/forward-auth/nginx': 'nginx',
};

/**
 * Which forward-auth endpoint a request is for, or null.
 *
 * A declared proxy asks under whatever host it reaches us by, or under that of the request it asks
 * about, so that from there the path alone decides.
 *
 * Security: a question that was taken for an ordinary request could be answered by an upstream,
 * and any 200 means "allow" to whoever asked.
 */
export function forwardAuthStyle(
  req: IncomingMessage,
  portal: Portal,
  trustedProxies: readonly Cidr[],
): ForwardAuthStyle | null {
  const [path = ''] = (req.url ?? '').split('?', 1);
  if (!path.startsWith(`${portal.basePath}/forward-auth`)) return null;
  const style = paths[path.slice(portal.basePath.length)];
  if (style === undefined) return null;
  const isPortal = parseHostHeader(req.headers.host ?? '')?.host === portal.host;
  return isPortal || comesFromTrustedProxy(req, trustedProxies) ? style : null;
}

/** Answers that the request may pass, with every identity header, known or not. */
export function answerAllowed(
  res: ServerResponse,
  decision: Allow,
  identity: IdentityHeaders,
  request: RequestFacts,
): void {
  for (const name of identityHeaderNames) res.setHeader(name, identity[name]);
  res.setHeader('X-Request-Id', request.id);
  write(res, 200, decision.reason);
}

/**
 * Answers that it may not, in the few statuses that nginx's `auth_request` knows: 401 where a
 * person could do something about it, 403 where not, 503 where it cannot be told. `Location` says
 * where to send the browser.
 */
export function answerForNginx(
  res: ServerResponse,
  decision: Exclude<Decision, Allow>,
  request: RequestFacts,
  places: Places,
): void {
  const { problem, location, headers } = answerTo(decision, request, places);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (location !== null) res.setHeader('Location', location);
  // A program cannot enroll; a browser is sent on by its 401.
  const isHelpless = location === null || (decision.kind === 'enroll' && !request.isNavigation);
  write(res, isHelpless ? 403 : 401, problem.code);
}

/**
 * Answers nginx that there is no telling: 503; 401 for a token that does not hold; or 403 where the
 * question itself was wrong.
 */
export function answerProblemForNginx(res: ServerResponse, problem: Problem): void {
  for (const [name, value] of Object.entries(challengeFor(problem))) res.setHeader(name, value);
  if (problem.retryAfterSeconds !== null) {
    res.setHeader('Retry-After', String(problem.retryAfterSeconds));
  }
  const isInvalidToken = problem.code === 'invalid-token';
  write(res, problem.status >= 500 ? 503 : isInvalidToken ? 401 : 403, problem.code);
}

function write(res: ServerResponse, status: number, code: string): void {
  res.statusCode = status;
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Sallyport-Response', code);
  res.setHeader('Content-Length', '0');
  res.end();
}
