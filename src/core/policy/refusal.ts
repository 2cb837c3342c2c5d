/**
 * What each decision but "allow" means to a caller: a problem, and the page where a person can get
 * past it (contract section 4). Every door and the API answer with the same; they differ only in
 * how they write it.
 */

import type { PortalPage } from '../locations.ts';
import { Problem } from '../problem.ts';
import { unreachable } from '../unreachable.ts';
import type { Allow, Decision } from './decision.ts';
import type { Requirement } from './requirement.ts';

/** A page that can change the outcome. */
export type HelpfulPage = Exclude<PortalPage, 'account'>;

/** A decision as an answer. */
export interface Refusal {
  readonly problem: Problem;
  /** The page of the portal where a person can change the outcome; null: none can. */
  readonly page: HelpfulPage | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a request that may not pass. `urlOf` says where a page is, for the body. */
export function refusalOf(
  decision: Exclude<Decision, Allow>,
  urlOf: (page: HelpfulPage) => string,
): Refusal {
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
      return { problem: new Problem(denialCode(decision.reason)), page: null, headers: {} };
    default:
      return unreachable(decision);
  }

  function towards(
    page: HelpfulPage,
    code: 'not-signed-in' | 'second-factor-required' | 'step-up-required' | 'enrollment-required',
    challenge: string | null,
    members: Readonly<Record<string, readonly string[]>> = {},
  ): Refusal {
    return {
      problem: new Problem(code, {
        detail: details[page],
        members: { ...members, [urlMembers[page]]: urlOf(page) },
      }),
      page,
      headers: challenge === null ? {} : { 'WWW-Authenticate': challenge },
    };
  }
}

type DenyReason = Extract<Decision, { kind: 'deny' }>['reason'];

/** The code of the problem that a refusal is, for whoever asked. */
export function denialCode(reason: DenyReason) {
  return reason === 'service-network-not-allowed' ? 'network-not-allowed' : reason;
}

/** RFC 9470 §3: says how the proofs fall short, in the words of OpenID Connect. */
export function stepUpChallenge(
  requirement: Pick<Requirement, 'level' | 'isPhishingResistant' | 'withinSeconds'>,
): string {
  const acr = requirement.isPhishingResistant ? 'phr' : `aal${String(requirement.level)}`;
  const parts = ['error="insufficient_user_authentication"', `acr_values="${acr}"`];
  if (requirement.withinSeconds !== null) {
    parts.push(`max_age="${String(requirement.withinSeconds)}"`);
  }
  return `Bearer ${parts.join(', ')}`;
}

const details = {
  'sign-in': 'Sign in in a browser, then try again.',
  challenge: 'Complete the second step in a browser, then try again.',
  'step-up': 'Confirm in a browser that it is you, then try again.',
  enroll: 'Set up the missing methods in a browser, then try again.',
  reminder: 'A second step is due soon. Set it up in a browser, or put it off there.',
} as const;

/** The member of the body that says where a page is. A script sends its person there. */
export const urlMembers = {
  'sign-in': 'sign_in_url',
  challenge: 'challenge_url',
  'step-up': 'step_up_url',
  enroll: 'enroll_url',
  reminder: 'enroll_url',
} as const;
