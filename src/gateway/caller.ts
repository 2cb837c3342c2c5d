/**
 * Who asks, by what the route takes: the session cookie, a token of ours, or either.
 *
 * A token is told from what is meant for the upstream by whose name it bears. One that bears ours
 * and does not hold is refused as such and never taken for nobody: a program that goes on with a
 * dead token must learn of it (RFC 6750 §3.1).
 */

import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config.ts';
import type { SessionFacts } from '../core/facts.ts';
import { Problem } from '../core/problem.ts';
import type { Route } from '../core/route.ts';
import { bearerIn, claimsToBeOurs } from '../core/tokens.ts';
import { valuesOf } from './raw-headers.ts';
import type { Recall } from './recall.ts';
import type { RecallToken } from './recall-token.ts';

/** What a request brings along to say who asks. */
export interface Credentials {
  readonly cookie: string | undefined;
  /** Every `Authorization` line. */
  readonly authorizations: readonly string[];
}

/** Reads them off a request. */
export function credentialsOf(req: IncomingMessage): Credentials {
  const { cookie, authorization } = req.headers;
  const authorizations = authorization === undefined ? [] : valuesOf(req, 'authorization');
  return { cookie, authorizations };
}

/** Who asks; a null session: nobody. */
export interface Caller {
  readonly session: SessionFacts | null;
  /** Whoever asks is a program: no page could help it, and it is sent to none. */
  readonly isProgram: boolean;
}

/** What looking a caller up needs. */
export interface CallerDeps {
  readonly recall: Recall;
  readonly recallToken: RecallToken;
}

/**
 * Looks up who asks. Where a route takes both, a token of ours counts before the cookie: it was
 * added on purpose. Throws the problem `invalid-token` for one that does not hold, and
 * `invalid-request` for a token of ours beside a second `Authorization`.
 */
export async function recallCaller(
  deps: CallerDeps,
  portal: Config['portal'],
  { accept }: Pick<Route, 'accept'>,
  { cookie, authorizations }: Credentials,
): Promise<Caller> {
  const takesSessions = accept.includes('session');
  if (accept.includes('bearer')) {
    const ours = authorizations.filter((value) => isOwnBearer(value, portal));
    if (ours.length > 0) {
      return { session: await byToken(deps, ours, authorizations), isProgram: true };
    }
    // Where nothing but our tokens counts, another's is one that does not hold.
    const isForeign = authorizations.some((value) => bearerIn(value) !== null);
    if (!takesSessions && isForeign) throw new Problem('invalid-token');
  }
  const session = takesSessions ? await deps.recall(cookie) : null;
  return { session, isProgram: !takesSessions };
}

async function byToken(
  { recallToken }: CallerDeps,
  ours: readonly string[],
  all: readonly string[],
): Promise<SessionFacts> {
  const [sent = ''] = ours;
  if (all.length > 1) {
    throw new Problem('invalid-request', { detail: 'There are two Authorization headers.' });
  }
  const holder = await recallToken(bearerIn(sent) ?? '', { kinds: ['access'], scope: 'routes' });
  if (holder === null) throw new Problem('invalid-token');
  return holder.session;
}

/** Says whether an `Authorization` holds a token or key that claims to be ours. */
export function isOwnBearer(authorization: string, portal: { readonly url: string }): boolean {
  const bearer = bearerIn(authorization);
  return bearer !== null && claimsToBeOurs(bearer, portal);
}

/** The challenge that goes with a problem (RFC 6750 §3), for those that have one of their own. */
export function challengeFor({ code }: Problem): Readonly<Record<string, string>> {
  return code === 'invalid-token' ? { 'WWW-Authenticate': 'Bearer error="invalid_token"' } : {};
}
