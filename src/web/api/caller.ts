/**
 * Who calls, and whether they may.
 *
 * A caller says who they are by the session cookie or by a token, never by both: of two names one
 * would be believed, and the other checked.
 */

import type { IncomingMessage } from 'node:http';
import { levelOf } from '../../core/assurance.ts';
import { ownCookies } from '../../core/cookie-names.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { pageUrl } from '../../core/locations.ts';
import type { AdminPermission } from '../../core/policy/administration.ts';
import { admissibleProofs } from '../../core/policy/decide.ts';
import { type HelpfulPage, refusalOf, stepUpChallenge } from '../../core/policy/refusal.ts';
import { defaultRequirement } from '../../core/policy/requirement.ts';
import { Problem } from '../../core/problem.ts';
import { isSafe } from '../../core/safe-method.ts';
import { bearerIn } from '../../core/tokens.ts';
import { nextPage } from '../../flows/next-page.ts';
import { judgeAdministration } from '../access.ts';
import { cookieValue } from '../cookies.ts';
import { comesFromOurPages } from '../csrf.ts';
import type { Desk } from '../write-answer.ts';
import { type CallWho, isOfAdministration, type Operation } from './operation.ts';
import { assertJsonType } from './read-json.ts';

/** Somebody who calls; `nobody` where the row asks for nobody. */
export type Caller =
  | { readonly by: 'nobody'; readonly session: null }
  | { readonly by: 'session'; readonly session: SessionFacts }
  | { readonly by: 'token'; readonly session: SessionFacts };

/**
 * Finds out who calls and lets in who may. Throws the problem that says what is missing, with the
 * challenge that belongs to it set on the response.
 */
export async function callerOf(desk: Desk, operation: Operation): Promise<Caller> {
  const bearer = bearerOf(desk.req);
  // A browser adds the cookie whoever made it ask; a token is added by who means it.
  if (bearer === null) assertFromHere(desk, operation);
  if (operation.who === 'anyone') return { by: 'nobody', session: null };
  const caller = await recallCaller(desk, operation.who, bearer);
  admit(desk, operation, caller.session);
  return caller;
}

function bearerOf(req: IncomingMessage): string | null {
  const lines = req.rawHeaders.filter(
    (name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization',
  );
  if (lines.length > 1) {
    throw new Problem('invalid-request', { detail: 'There are two Authorization headers.' });
  }
  return bearerIn(req.headers.authorization);
}

/**
 * Another site cannot have a browser send `application/json` without asking us first, which we
 * answer with no (CORS); what the browser says of where it comes from is looked at as well
 * (ASVS 5.0 §3.5).
 */
function assertFromHere({ req, config }: Desk, { method }: Operation): void {
  if (isSafe(method)) return;
  if (!comesFromOurPages(req.headers, config.portal.origin)) {
    throw new Problem('origin-not-allowed', {
      detail: 'This call was made by a page of another site.',
    });
  }
  assertJsonType(req.headers['content-type']);
}

async function recallCaller(
  desk: Desk,
  who: Exclude<CallWho, 'anyone'>,
  bearer: string | null,
): Promise<Extract<Caller, { readonly session: SessionFacts }>> {
  const { parts, config, req } = desk;
  const sent = cookieValue(req.headers.cookie, ownCookies(config.portal).session);
  if (bearer === null) {
    const session = sent === null ? null : await parts.recall(req.headers.cookie);
    if (session === null || !isWorthSomething(desk, session)) throw notSignedIn(desk);
    return { by: 'session', session };
  }
  if (sent !== null) {
    throw new Problem('invalid-request', {
      detail: 'Send a session cookie or a token, not both.',
    });
  }
  const kinds = who === 'enroller' ? (['access', 'enrollment'] as const) : (['access'] as const);
  const holder = await parts.recallToken(bearer, { kinds, scope: 'api' });
  if (holder === null) throw invalidToken(desk);
  return { by: 'token', session: holder.session };
}

function isWorthSomething({ config, now }: Desk, session: SessionFacts): boolean {
  return session.expiresAt > now && levelOf(admissibleProofs(session, config.policy), now) > 0;
}

function notSignedIn(desk: Desk): Problem {
  desk.res.setHeader('WWW-Authenticate', 'Bearer');
  return new Problem('not-signed-in', {
    detail: 'Send a token as Authorization: Bearer, or sign in in a browser.',
    members: { sign_in_url: pageUrl(desk.config.portal, 'sign-in') },
  });
}

/** RFC 6750 §3.1. */
function invalidToken({ res }: Desk): Problem {
  res.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
  return new Problem('invalid-token');
}

function admit(desk: Desk, operation: Operation, session: SessionFacts): void {
  if (session.principal.isDisabled) throw new Problem('account-disabled');
  if (isOfAdministration(operation.who)) {
    admitAdministrator(desk, { ...operation, who: operation.who }, session);
    return;
  }
  if (session.principal.kind === 'service') {
    throw new Problem('not-admitted', { detail: 'This call is for people.' });
  }
  if (nextPage(desk.parts.flows, session) === 'challenge') {
    refuse(desk, 'challenge');
  }
}

function admitAdministrator(
  desk: Desk,
  { method, who }: { readonly method: string; readonly who: AdminPermission },
  session: SessionFacts,
): void {
  // Nobody is on the way to a page here, whatever they say they accept.
  const request = { ...desk.request, method, isNavigation: false };
  const decision = judgeAdministration({ ...desk, request, session }, who);
  if (decision.kind === 'allow') return;
  const { problem, headers } = refusalOf(decision, (page) => pageUrl(desk.config.portal, page));
  for (const [name, value] of Object.entries(headers)) desk.res.setHeader(name, value);
  throw problem;
}

function refuse(desk: Desk, page: HelpfulPage & 'challenge'): never {
  desk.res.setHeader('WWW-Authenticate', stepUpChallenge(defaultRequirement));
  throw new Problem('second-factor-required', {
    detail: 'Complete the second step in a browser, then try again.',
    members: { challenge_url: pageUrl(desk.config.portal, page) },
  });
}
