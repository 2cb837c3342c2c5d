/** The operator's MFA policy (`mfa-policy.yaml`) as the core sees it, and what it asks of a tier. */

import type { Network } from '../cidr.ts';
import type { Principal } from '../facts.ts';
import type { MethodId } from '../proofs.ts';
import type { RoleGroups } from './administration.ts';

/** Tiers, strongest demands first. */
export const tiers = ['TIER0', 'TIER1', 'TIER2', 'TIER3'] as const;

/** How privileged somebody is; TIER0 most. */
export type Tier = (typeof tiers)[number];

interface MethodPolicy {
  readonly isEnabled: boolean;
  readonly requiredForTiers: readonly Tier[];
}

/** What the policy file says. */
export interface MfaPolicy {
  readonly isEnabled: boolean;
  readonly methods: Readonly<Record<'totp' | 'webauthn', MethodPolicy>>;
  readonly recoveryCodes: MethodPolicy & {
    readonly codesMin: number;
    readonly doesRegenerateInvalidateOld: boolean;
  };
  readonly enforcement: {
    readonly blocksTokensUntilEnrolled: boolean;
    readonly stepsUpForAdminConsole: boolean;
  };
  readonly reset: {
    readonly isEnabled: boolean;
    readonly allowedRoles: readonly string[];
    readonly requiresApproval: boolean;
    readonly requiresIdentityProofing: boolean;
    readonly requiresEnrollAfterwards: boolean;
    readonly severity: 'info' | 'notice' | 'warning' | 'high';
  };
  readonly audit: {
    readonly logsEnroll: boolean;
    readonly logsReset: boolean;
    readonly logsRecoveryCodesGenerated: boolean;
    readonly logsRecoveryCodeUsed: boolean;
  };
}

/** Group → tier, as configured under `policy.tiers`. */
export type TierMap = ReadonlyMap<string, Tier>;

/** What access depends on beside the route: the policy file and the settings around it. */
export interface AccessPolicy {
  readonly mfa: MfaPolicy;
  readonly tiers: TierMap;
  /** The window of a step-up that names none. */
  readonly stepUpWithinSeconds: number;
  /** Tiers whose passkeys count only when they are attested models of this list. */
  readonly hardwareKeys: HardwareKeys;
  /** Tiers for which a second factor may be remembered in a browser; none where that is off. */
  readonly rememberedFor: readonly Tier[];
  /** The groups whose members administer. */
  readonly roleGroups: RoleGroups;
  /** Every named network, for what a service account is bound to. */
  readonly networks: ReadonlyMap<string, Network>;
}

/** Who must use security keys of known models (WebAuthn attestation). */
export interface HardwareKeys {
  readonly tiers: readonly Tier[];
  /** AAGUIDs in lower case. */
  readonly models: readonly string[];
}

/** Says whether somebody of a tier must use a security key of a known model. */
export function mustUseHardwareKey(
  tier: Tier,
  policy: Pick<AccessPolicy, 'hardwareKeys'>,
): boolean {
  return policy.hardwareKeys.tiers.includes(tier);
}

/**
 * Says whether a passkey counts for a person, by the model that its attestation vouched for (null:
 * none did): any passkey does, or for whoever must use a security key of a known model, one of
 * these.
 */
export function doesModelCount(
  person: Pick<Principal, 'groups'>,
  attestedModel: string | null,
  policy: Pick<AccessPolicy, 'hardwareKeys' | 'tiers'>,
): boolean {
  if (!mustUseHardwareKey(tierOf(person, policy.tiers), policy)) return true;
  return attestedModel !== null && policy.hardwareKeys.models.includes(attestedModel);
}

/** The tier of a principal: the strongest that one of their groups maps to, else TIER3. */
export function tierOf(principal: Pick<Principal, 'groups'>, map: TierMap): Tier {
  const held = principal.groups.map((group) => map.get(group));
  return tiers.find((tier) => held.includes(tier)) ?? 'TIER3';
}

/** Says whether the policy lets a method be used. A password is the identity's business. */
export function isMethodEnabled(method: MethodId, policy: MfaPolicy): boolean {
  if (method === 'password') return true;
  if (method === 'recovery-code') return policy.recoveryCodes.isEnabled;
  return policy.methods[method].isEnabled;
}

/** The methods that the policy obliges a tier to enroll, in the order they are enrolled. */
export function methodsRequiredOf(tier: Tier, policy: MfaPolicy): readonly MethodId[] {
  if (!policy.isEnabled) return [];
  const isRequired = (method: MethodPolicy) =>
    method.isEnabled && method.requiredForTiers.includes(tier);
  const required: MethodId[] = [];
  if (isRequired(policy.methods.totp)) required.push('totp');
  if (isRequired(policy.methods.webauthn)) required.push('webauthn');
  if (isRequired(policy.recoveryCodes)) required.push('recovery-code');
  return required;
}

/** What of the required methods somebody has still to enroll. */
export function methodsMissing(
  tier: Tier,
  has: { readonly enrolled: readonly MethodId[]; readonly hasRecoveryCodes: boolean },
  policy: MfaPolicy,
): readonly MethodId[] {
  return methodsRequiredOf(tier, policy).filter((method) =>
    method === 'recovery-code' ? !has.hasRecoveryCodes : !has.enrolled.includes(method),
  );
}
