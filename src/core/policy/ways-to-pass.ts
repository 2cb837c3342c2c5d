/** What would have to change for a request to pass, in sentences for operators. */

import type { Network } from '../cidr.ts';
import type { RequestFacts } from '../facts.ts';
import { unreachable } from '../unreachable.ts';
import type { Decision, Deny } from './decision.ts';
import { allOf, anyOf, audienceInWords, networkInWords, requirementInWords } from './in-words.ts';

/** Says what would make the request pass; nothing when it passes as it is. */
export function waysToPass(
  decision: Decision,
  network: Network | null,
  request: RequestFacts,
): readonly string[] {
  switch (decision.kind) {
    case 'allow':
      return [];
    case 'remind':
      return [
        'Enroll a second factor, or put the reminder off for a day on the page that shows it.',
      ];
    case 'sign-in':
      return [
        `Sign in; the rule admits ${audienceInWords(decision.rule.audience)}.`,
        `Prove ${requirementInWords(decision.rule.requires)}, or more where the policy says so.`,
      ];
    case 'challenge':
      return [`Prove a second factor; asked are ${requirementInWords(decision.requirement)}.`];
    case 'step-up':
      return [
        `Confirm with password and second factor; asked are ` +
          `${requirementInWords(decision.requirement)}.`,
      ];
    case 'enroll':
      if (decision.reason === 'tenant-requires-enrollment') {
        return [
          `Enroll ${anyOf(decision.missing)}: the tenant, or a reset, asks for a second factor.`,
        ];
      }
      return decision.reason === 'nothing-enrolled'
        ? [`Enroll ${anyOf(decision.missing)}: nothing enrolled could meet what the rule asks.`]
        : [`Enroll ${allOf(decision.missing)}: the policy obliges this tier to it.`];
    case 'deny':
      return [whatWouldLift(decision, network, request)];
    default:
      return unreachable(decision);
  }
}

function whatWouldLift(decision: Deny, network: Network | null, request: RequestFacts): string {
  switch (decision.reason) {
    case 'no-route':
      return `Add a route that ${request.host}${request.path} leads to.`;
    case 'network-not-allowed':
      return `Come from ${networkInWords(network)}.`;
    case 'no-rule-applies':
      return `Add a rule to the route that applies to ${request.method} ${request.path}.`;
    case 'rule-denies':
      return `Put a rule that admits somebody before ${decision.rule.id}, which denies.`;
    case 'account-disabled':
      return 'Enable the account: sallyport user enable NAME.';
    case 'not-admitted':
      return `Be among those whom ${decision.rule.id} admits: ${audienceInWords(decision.rule.audience)}.`;
    case 'not-permitted':
      return 'Be given a role of the administration that allows it.';
    case 'service-network-not-allowed':
      return 'Come from one of the networks that the service account is bound to.';
    default:
      return unreachable(decision);
  }
}
