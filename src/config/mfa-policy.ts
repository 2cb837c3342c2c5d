/** Reads the operator's MFA policy file (contract section 3), as it stands. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { severities } from '../core/audit-event.ts';
import { tiers, type MfaPolicy } from '../core/policy/mfa-policy.ts';
import type { Fault } from './faults.ts';
import { identityName } from './scalars.ts';
import { fit } from './source/shape-faults.ts';
import { readYaml } from './source/yaml-source.ts';

const requiredForTiers = z
  .array(z.enum(tiers))
  .default([])
  .describe('Tiers whose people must enroll it: TIER0, TIER1, TIER2, TIER3.');

const method = (what: string) =>
  z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether it may be used at all.'),
      required_for_tiers: requiredForTiers,
    })
    .prefault({})
    .describe(what);

const mfa = z.strictObject({
  enabled: z.boolean().default(true).describe('false: nobody is obliged to enroll anything.'),
  methods: z
    .strictObject({
      totp: method('Codes from an authenticator app.'),
      webauthn: method('Passkeys and security keys.'),
    })
    .prefault({})
    .describe('Second factors.'),
  recovery_codes: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether recovery codes exist.'),
      min_codes: z.int().min(1).max(100).default(10).describe('How many codes a set holds.'),
      required_for_tiers: requiredForTiers,
      regenerate_invalidates_old: z
        .boolean()
        .default(true)
        .describe('A new set makes the codes of the old one worthless.'),
    })
    .prefault({})
    .describe('Codes for the day the phone is lost.'),
});

const flag = (what: string) => z.boolean().default(true).describe(what);

/** Schema of the policy file. What is left out has its stricter meaning. */
export const mfaPolicySchema = z.strictObject({
  mfa: mfa.describe('What people enroll.'),
  enforcement: z
    .strictObject({
      block_token_issuance_until_enrolled: flag('No token for who has not enrolled.'),
      step_up_for_admin_console: flag('Routes with adminConsole ask for a step-up.'),
    })
    .prefault({})
    .describe('Where the policy bites.'),
  reset_policy: z
    .strictObject({
      enabled: flag('Whether authenticators can be reset by somebody else.'),
      allowed_roles: z
        .array(identityName('a group'))
        .default([])
        .describe('Groups whose members may handle resets.'),
      requires_approval: flag('A second person must approve.'),
      requires_identity_proofing: flag('The person must be identified first.'),
      post_reset_require_enroll: flag('Afterwards the person must enroll anew.'),
      severity: z.enum(severities).default('high').describe('Severity of the audit events.'),
    })
    .prefault({})
    .describe('Resets of authenticators.'),
  audit: z
    .strictObject({
      log_mfa_enroll: flag('Audit enrollments.'),
      log_mfa_reset: flag('Audit resets.'),
      log_recovery_codes_generated: flag('Audit the making of recovery codes.'),
      log_recovery_code_used: flag('Audit the use of recovery codes.'),
    })
    .prefault({})
    .describe('What is audited.'),
});

/** What a policy file amounts to. */
export type PolicyReading =
  | { readonly ok: true; readonly policy: MfaPolicy }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Reads a policy file. Null when there is no such file or it cannot be read: that is a fault of
 * whoever named it, and is reported where it is named.
 */
export function readMfaPolicy(file: string, shownAs: string): PolicyReading | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  return parseMfaPolicy(text, shownAs);
}

/** Reads the text of a policy file; `shownAs` is the name of the file in faults. */
export function parseMfaPolicy(text: string, shownAs: string): PolicyReading {
  const source = readYaml(text, shownAs);
  if (source.faults.length > 0) return { ok: false, faults: source.faults };
  const fitted = fit(mfaPolicySchema, source.value, source.places);
  if (fitted.value === null || fitted.faults.length > 0) {
    return { ok: false, faults: fitted.faults };
  }
  return { ok: true, policy: policyOf(fitted.value) };
}

function policyOf(written: z.output<typeof mfaPolicySchema>): MfaPolicy {
  const { mfa, enforcement, reset_policy: reset, audit } = written;
  const { totp, webauthn } = mfa.methods;
  const codes = mfa.recovery_codes;
  return {
    isEnabled: mfa.enabled,
    methods: {
      totp: { isEnabled: totp.enabled, requiredForTiers: totp.required_for_tiers },
      webauthn: { isEnabled: webauthn.enabled, requiredForTiers: webauthn.required_for_tiers },
    },
    recoveryCodes: {
      isEnabled: codes.enabled,
      requiredForTiers: codes.required_for_tiers,
      codesMin: codes.min_codes,
      doesRegenerateInvalidateOld: codes.regenerate_invalidates_old,
    },
    enforcement: {
      blocksTokensUntilEnrolled: enforcement.block_token_issuance_until_enrolled,
      stepsUpForAdminConsole: enforcement.step_up_for_admin_console,
    },
    reset: {
      isEnabled: reset.enabled,
      allowedRoles: reset.allowed_roles,
      requiresApproval: reset.requires_approval,
      requiresIdentityProofing: reset.requires_identity_proofing,
      requiresEnrollAfterwards: reset.post_reset_require_enroll,
      severity: reset.severity,
    },
    audit: {
      logsEnroll: audit.log_mfa_enroll,
      logsReset: audit.log_mfa_reset,
      logsRecoveryCodesGenerated: audit.log_recovery_codes_generated,
      logsRecoveryCodeUsed: audit.log_recovery_code_used,
    },
  };
}
