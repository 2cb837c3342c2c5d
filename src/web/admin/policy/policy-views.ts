/** The model of `/admin/policy`. */

import type { Fact } from '../blocks.ts';

/** A rule of a route, in words. */
export interface PolicyRule {
  readonly id: string;
  /** "path /console/assets/**, method GET"; or that it is for every request. */
  readonly when: string;
  readonly who: string;
  /** What must be proved, by tier where tiers differ. */
  readonly needs: readonly string[];
}

/** A route, in words. */
export interface PolicyRoute {
  readonly name: string;
  readonly wants: string;
  readonly facts: readonly Fact[];
  readonly rules: readonly PolicyRule[];
}

/** What is in force; nothing is posted. */
export interface AdminPolicyPage {
  readonly page: 'admin-policy';
  readonly sentences: readonly Fact[];
  readonly tiers: readonly {
    readonly tier: string;
    readonly people: string;
    readonly mustEnroll: string;
    readonly remembered: string;
  }[];
  readonly resets: readonly string[];
  readonly roles: readonly {
    readonly role: string;
    readonly may: string;
    readonly groups: string;
    readonly people: readonly { readonly name: string; readonly path: string }[];
    readonly hasMore: boolean;
  }[];
  readonly administration: string;
  readonly networks: readonly { readonly name: string; readonly blocks: string }[];
  readonly routes: readonly PolicyRoute[];
}
