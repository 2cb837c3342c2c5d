/**
 * The closed list of reasons. Every decision carries one; the same code stands in logs, metrics,
 * audit events, tests, `explain` and on the page that a person sees.
 */

/** Why a decision came out as it did, in a sentence for operators. */
export const reasons = {
  'rule-is-public': 'The rule lets everybody pass.',
  'assurance-met': 'The session has proved what the rule asks.',

  'enrollment-due-soon': 'A second factor is due soon, and today nobody has said so yet.',

  'not-signed-in': 'Nobody is signed in.',
  'session-expired': 'The session is too old or was idle for too long.',

  'second-factor-required': 'Only one factor has been proved; two are asked.',

  'proof-too-old': 'The proofs are older than the rule allows.',
  'not-phishing-resistant': 'The rule asks for a method that cannot be phished.',
  'method-not-accepted': 'The rule asks for another method than the one used.',

  'policy-requires-enrollment': 'The policy asks this person to enroll more than they have.',
  'tenant-requires-enrollment':
    'The tenant, or a reset, asks for a second factor, and it is overdue.',
  'nothing-enrolled': 'Nothing is enrolled that could meet what the rule asks.',

  'no-route': 'No route leads to this address, or another one in other letter case.',
  'network-not-allowed': 'The address of the client is outside the network of the route.',
  'no-rule-applies': 'No rule of the route applies, or another one in other letter case.',
  'rule-denies': 'The rule that applies denies.',
  'account-disabled': 'The account is disabled.',
  'not-admitted': 'The rule admits others, not this person.',
  'not-permitted': 'No role of this person allows it.',
  'service-network-not-allowed': 'The service account may not be used from this address.',
} as const;

/** The code of a reason. */
export type Reason = keyof typeof reasons;
