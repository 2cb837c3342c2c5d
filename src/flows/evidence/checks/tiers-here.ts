/** Tiers and groups of this configuration, as checks need them. */

import type { Config } from '../../../config/config.ts';
import {
  methodsRequiredOf,
  mustUseHardwareKey,
  tiers,
  type Tier,
} from '../../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../../core/proofs.ts';

/** The groups that make somebody of a tier, and null where nobody can be of it. */
export function groupsOfTier({ policy }: Config, tier: Tier): readonly string[] | null {
  const groups = [...policy.tiers].filter(([, other]) => other === tier).map(([group]) => group);
  // Whoever is in no group that is mapped is TIER3.
  return groups.length > 0 || tier === 'TIER3' ? groups : null;
}

/** The tiers that somebody can be of here. */
export function tiersHere(config: Config): readonly Tier[] {
  return tiers.filter((tier) => groupsOfTier(config, tier) !== null);
}

/** Says what a tier must enroll: `totp, webauthn`, or `nothing`. */
export function requiredInWords({ policy }: Config, tier: Tier): string {
  const required = methodsRequiredOf(tier, policy.mfa);
  return required.length === 0 ? 'nothing' : required.join(', ');
}

/** The tiers here that the policy obliges to a method. */
export function tiersRequiring(config: Config, method: MethodId): readonly Tier[] {
  return tiersHere(config).filter((tier) =>
    methodsRequiredOf(tier, config.policy.mfa).includes(method),
  );
}

/** Says whether only attested security keys count for a tier: no software can be one. */
export function needsHardware({ policy }: Config, tier: Tier): boolean {
  return mustUseHardwareKey(tier, policy);
}

/** The sentence for a tier that no group is mapped to. */
export function nobodyOf(tier: Tier): string {
  return `The configuration maps no group to ${tier} (policy.tiers.${tier}): nobody here is of it.`;
}
