/**
 * What each decision but "allow" means to a caller: a problem, and where a person would go to get
 * past it (contract section 4). The doors differ only in how they write it.
 */

import type { RequestFacts } from '../core/facts.ts';
import { authorityOf } from '../core/host.ts';
import { pageUrl, type Portal, type PortalPage } from '../core/locations.ts';
import type { Allow, Decision } from '../core/policy/decision.ts';
import type { Requirement } from '../core/policy/requirement.ts';
import { Problem } from '../core/problem.ts';
import { unreachable } from '../core/unreachable.ts';

/** A decision as an answer. */
export interface Answer {
  readonly problem: Problem;
  /** The page of the portal where a person can change the outcome; null: none can. */
  readonly location: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Our own addresses. */
export interface Places {
  readonly portal: Portal;
  readonly server: { readonly publicUrl: string };
}

/** The answer to a request that may not pass. */
export function answerTo(
  decision: Exclude<Decision, Allow>,
  request: RequestFacts,
  places: Places,
): Answer {
  const { portal } = places;
  switch (decision.kind) {
    case 'sign-in':
      return towards('sign-in', 'not-signed-in', 'Bearer');
    case 'challenge':
      return towards('challenge', 'second-factor-required', stepUpChallenge(decision.requirement));
    case 'step-up':
      return towards('step-up', 'step-up-required', stepUpChallenge(decision.requirement));
    case 'enroll':
      return towards('enroll', 'enrollment-required', null, { missing: decision.missing });
    case 'remind':
      return towards('reminder', 'enrollment-required', null);
    case 'deny':
      if (decision.reason === 'service-network-not-allowed') {
        return { problem: new Problem('network-not-allowed'), location: null, headers: {} };
      }
      return { problem: new Problem(decision.reason), location: null, headers: {} };
    default:
      return unreachable(decision);
  }

  function towards(
    page: Exclude<PortalPage, 'account'>,
    code: 'not-signed-in' | 'second-factor-required' | 'step-up-required' | 'enrollment-required',
    challenge: string | null,
    members: Readonly<Record<string, readonly string[]>> = {},
  ): Answer {
    const location = pageUrl(portal, page, publicUrlOf(request, places));
    const url = request.isNavigation || isSafe(request.method) ? location : pageUrl(portal, page);
    return {
      problem: new Problem(code, {
        detail: details[page],
        members: { ...members, [memberNames[page]]: url },
      }),
      location,
      headers: challenge === null ? {} : { 'WWW-Authenticate': challenge },
    };
  }
}

/**
 * The address that was asked for, as people type it. A proxy in front of us may end TLS or answer
 * at another port; the configuration knows what is typed.
 */
export function publicUrlOf(request: RequestFacts, { server }: Places): string {
  const { protocol, port } = new URL(server.publicUrl);
  const authority = authorityOf(protocol === 'https:' ? 'https' : 'http', {
    host: request.host,
    port: port === '' ? null : Number(port),
  });
  return `${protocol}//${authority}${request.path}${request.query}`;
}

/** Says whether a method only reads (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

const details = {
  'sign-in': 'Sign in in a browser, then try again.',
  challenge: 'Complete the second step in a browser, then try again.',
  'step-up': 'Confirm in a browser that it is you, then try again.',
  enroll: 'Set up the missing methods in a browser, then try again.',
  reminder: 'A second step is due soon. Set it up in a browser, or put it off there.',
} as const;

/** A script sends its person here. A page that posts comes back by its own means. */
const memberNames = {
  'sign-in': 'sign_in_url',
  challenge: 'challenge_url',
  'step-up': 'step_up_url',
  enroll: 'enroll_url',
  reminder: 'enroll_url',
} as const;

/** RFC 9470 §3: says how the proofs fall short, in the words of OpenID Connect. */
function stepUpChallenge(requirement: Requirement): string {
  const acr = requirement.isPhishingResistant ? 'phr' : `aal${String(requirement.level)}`;
  const parts = ['error="insufficient_user_authentication"', `acr_values="${acr}"`];
  if (requirement.withinSeconds !== null) {
    parts.push(`max_age="${String(requirement.withinSeconds)}"`);
  }
  return `Bearer ${parts.join(', ')}`;
}
