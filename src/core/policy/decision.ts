/**
 * What may happen to a request. Each door answers every kind; the compiler sees to it.
 */

import type { MethodId } from '../proofs.ts';
import type { Reason } from './reasons.ts';
import type { Requirement } from './requirement.ts';
import type { Rule } from './rule.ts';

/** The request goes on. */
export interface Allow {
  readonly kind: 'allow';
  readonly reason: 'rule-is-public' | 'assurance-met';
  readonly rule: Rule;
}

/** Somebody must sign in first. */
export interface SignIn {
  readonly kind: 'sign-in';
  readonly reason: 'not-signed-in' | 'session-expired';
  readonly rule: Rule;
}

/** The second factor is still to be proved. */
export interface Challenge {
  readonly kind: 'challenge';
  readonly reason: 'second-factor-required';
  readonly rule: Rule;
  readonly requirement: Requirement;
}

/** Strong enough once, but not now or not by this method. */
export interface StepUp {
  readonly kind: 'step-up';
  readonly reason: 'proof-too-old' | 'not-phishing-resistant' | 'method-not-accepted';
  readonly rule: Rule;
  readonly requirement: Requirement;
}

/** Something must be enrolled first. */
export interface Enroll {
  readonly kind: 'enroll';
  readonly reason: 'policy-requires-enrollment' | 'nothing-enrolled';
  readonly rule: Rule;
  readonly missing: readonly MethodId[];
}

/** Nothing that the caller could prove would help. */
export interface Deny {
  readonly kind: 'deny';
  readonly reason: Extract<
    Reason,
    | 'no-route'
    | 'network-not-allowed'
    | 'no-rule-applies'
    | 'rule-denies'
    | 'account-disabled'
    | 'not-admitted'
  >;
  readonly rule: Rule | null;
}

/** The outcome for one request. */
export type Decision = Allow | SignIn | Challenge | StepUp | Enroll | Deny;
