/**
 * What a rule comes to for the people of a tier: the rule itself, the policy and what is asked of
 * administration consoles, together. For whoever reads the policy, not for deciding.
 *
 * It asks `decide`'s own function about a person made up for the purpose, so that it cannot say
 * anything else than the gateway does.
 */

import type { SessionFacts } from '../facts.ts';
import { defaultTenant, type SessionKey, type UserId } from '../ids.ts';
import type { MethodId } from '../proofs.ts';
import type { Route } from '../route.ts';
import type { Audience } from './audience.ts';
import { effectiveRequirement } from './decide.ts';
import { type AccessPolicy, tierOf, type Tier, type TierMap, tiers } from './mfa-policy.ts';
import type { Requirement } from './requirement.ts';
import type { Rule } from './rule.ts';

/** What people of a tier must prove for a rule. */
export interface TierRequirement {
  readonly tier: Tier;
  /** Of whoever has a second factor. */
  readonly withSecondFactor: Requirement;
  /** Of whoever has none. */
  readonly withoutSecondFactor: Requirement;
}

/** What a rule asks of each tier whose people it can admit; nobody where it admits services only. */
export function requirementsByTier(
  rule: Rule,
  route: Route,
  policy: AccessPolicy,
): readonly TierRequirement[] {
  return tiersAdmitted(rule.audience, policy.tiers).map((tier) => {
    const requirementOf = (enrolled: readonly MethodId[]): Requirement => {
      const group = 'the people of this tier';
      const session = someone(group, enrolled, policy);
      return effectiveRequirement(rule, route, session, {
        ...policy,
        tiers: new Map([[group, tier]]),
      });
    };
    return {
      tier,
      withSecondFactor: requirementOf(['totp', 'webauthn']),
      withoutSecondFactor: requirementOf([]),
    };
  });
}

/**
 * The tiers that somebody whom an audience admits can be of. Who is in an admitted group is of its
 * tier or, by another group, of a higher one.
 */
function tiersAdmitted(audience: Audience | null, map: TierMap): readonly Tier[] {
  if (audience === null || audience.users.length > 0) return tiers;
  const lowest = Math.max(
    -1,
    ...audience.groups.map((group) => tiers.indexOf(tierOf({ groups: [group] }, map))),
  );
  return tiers.slice(0, lowest + 1);
}

function someone(group: string, enrolled: readonly MethodId[], policy: AccessPolicy): SessionFacts {
  return {
    key: 'nobody' as SessionKey,
    lineage: 'nobody' as SessionKey,
    principal: {
      kind: 'user',
      id: 'usr_nobody' as UserId,
      username: 'nobody',
      displayName: 'Nobody',
      email: null,
      groups: [group],
      tenant: defaultTenant,
      networks: [],
      isDisabled: false,
    },
    sessionEpoch: 0,
    proofs: [],
    enrolled,
    attestedModels: policy.hardwareKeys.models,
    recoveryCodesLeft: 0,
    enrollBy: null,
    remindedAt: null,
    createdAt: 0,
    expiresAt: 0,
  };
}
