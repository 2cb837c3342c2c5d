/**
 * What may happen to a request. Each door answers every kind; the compiler sees to it.
 */

import type { MethodId } from '../proofs.ts';
import type { Requirement } from './requirement.ts';
import type { Rule } from './rule.ts';

/** The request goes on. */
export interface Allow {
  readonly kind: 'allow';
  readonly reason: 'rule-is-public' | 'assurance-met';
  readonly rule: Rule;
}

/**
 * The request could go on, and the person is shown first that a second factor is due soon. Only
 * for somebody on their way to a page; everything else is let through.
 */
export interface Remind {
  readonly kind: 'remind';
  readonly reason: 'enrollment-due-soon';
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
  readonly reason: 'policy-requires-enrollment' | 'tenant-requires-enrollment' | 'nothing-enrolled';
  readonly rule: Rule;
  readonly missing: readonly MethodId[];
}

/** No rule speaks for the request. */
export interface DenyWithoutRule {
  readonly kind: 'deny';
  readonly reason: 'no-route' | 'network-not-allowed' | 'no-rule-applies';
  readonly rule: null;
}

/** A rule speaks against the request, or not for this person. */
export interface DenyByRule {
  readonly kind: 'deny';
  readonly reason:
    | 'rule-denies'
    | 'account-disabled'
    | 'not-admitted'
    | 'not-permitted'
    | 'service-network-not-allowed';
  readonly rule: Rule;
}

/** Nothing that the caller could prove would help. */
export type Deny = DenyWithoutRule | DenyByRule;

/** The outcome for one request. */
export type Decision = Allow | Remind | SignIn | Challenge | StepUp | Enroll | Deny;
