/** What lists of people are asked with. */

import { defaultTenant } from '../../../src/core/ids.ts';
import type { StatusPolicy } from '../../../src/core/policy/enrollment-status.ts';
import type { PeopleFilter } from '../../../src/stores/types/administration.ts';

/** Everybody of the default tenant, but for what a test asks. */
export function anyone(of: Partial<PeopleFilter> = {}): PeopleFilter {
  return {
    tenant: defaultTenant,
    text: null,
    tier: null,
    group: null,
    status: null,
    method: null,
    kind: null,
    isDisabled: null,
    isLocked: null,
    ...of,
  };
}

/** A policy that asks nothing of anybody, but for what a test asks. */
export function aStatusPolicy(of: Partial<StatusPolicy> = {}): StatusPolicy {
  const none = { TIER0: [], TIER1: [], TIER2: [], TIER3: [] };
  return {
    groupsOf: none,
    requiredOf: none,
    enabled: ['totp', 'webauthn'],
    hardwareKeys: { tiers: [], models: [] },
    isMfaEnabled: true,
    ...of,
  };
}
