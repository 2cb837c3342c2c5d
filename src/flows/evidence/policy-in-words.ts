/** The policy as this installation understands it, key by key, for whoever reads a report. */

import type { Config } from '../../config/config.ts';
import { adminRoles } from '../../core/policy/administration.ts';
import { tiers } from '../../core/policy/mfa-policy.ts';
import { formatDuration } from '../../core/time.ts';
import type { PolicyStatement } from './report.ts';

/** Every key that a verification rests on, with what it comes to here. */
export function policyStatements(config: Config): readonly PolicyStatement[] {
  return [...ofTiers(config), ...ofFile(config), ...ofConfiguration(config)];
}

function ofTiers({ policy }: Config): readonly PolicyStatement[] {
  return tiers.map((tier) => {
    const groups = [...policy.tiers].filter(([, other]) => other === tier).map(([name]) => name);
    const others = tier === 'TIER3' ? 'Everybody who is in no group that is mapped.' : '';
    return {
      key: `policy.tiers.${tier}`,
      value: listed(groups),
      means:
        groups.length === 0
          ? others || 'Nobody is of this tier.'
          : `Members of these groups. ${others}`.trim(),
    };
  });
}

function ofFile({ policy }: Config): readonly PolicyStatement[] {
  const { mfa } = policy;
  const { totp, webauthn } = mfa.methods;
  const { recoveryCodes, enforcement, reset, audit } = mfa;
  const required = 'These tiers must enroll it before they obtain anything.';
  // prettier-ignore
  return [
    statement('mfa.enabled', mfa.isEnabled, 'Tiers are obliged to what follows.', 'Nobody is obliged to enroll anything.'),
    statement('mfa.methods.totp.enabled', totp.isEnabled, 'Authenticator apps can be used.', 'Authenticator apps cannot be used.'),
    { key: 'mfa.methods.totp.required_for_tiers', value: listed(totp.requiredForTiers), means: required },
    statement('mfa.methods.webauthn.enabled', webauthn.isEnabled, 'Passkeys and security keys can be used.', 'Passkeys and security keys cannot be used.'),
    { key: 'mfa.methods.webauthn.required_for_tiers', value: listed(webauthn.requiredForTiers), means: required },
    statement('mfa.recovery_codes.enabled', recoveryCodes.isEnabled, 'There are recovery codes.', 'There are no recovery codes.'),
    { key: 'mfa.recovery_codes.min_codes', value: String(recoveryCodes.codesMin), means: 'So many codes are in a set.' },
    { key: 'mfa.recovery_codes.required_for_tiers', value: listed(recoveryCodes.requiredForTiers), means: required },
    statement('mfa.recovery_codes.regenerate_invalidates_old', recoveryCodes.doesRegenerateInvalidateOld, 'A new set makes the old one worthless.', 'Unused codes of older sets go on working.'),
    statement('enforcement.block_token_issuance_until_enrolled', enforcement.blocksTokensUntilEnrolled, 'Whoever owes something obtains nothing, at any door.', 'Whoever owes something passes where one factor is asked for.'),
    statement('enforcement.step_up_for_admin_console', enforcement.stepsUpForAdminConsole, `Administration consoles want proofs no older than ${formatDuration(policy.stepUpWithinSeconds)}.`, 'Administration consoles want no fresher proofs than others.'),
    statement('reset_policy.enabled', reset.isEnabled, 'Second factors can be reset by somebody else.', 'Nobody resets the second factor of another.'),
    { key: 'reset_policy.allowed_roles', value: listed(reset.allowedRoles), means: 'Members of these groups ask for resets and execute them.' },
    statement('reset_policy.requires_approval', reset.requiresApproval, 'A reset waits for others: two people for TIER0 and TIER1, one for the rest.', 'A reset waits for nobody.'),
    statement('reset_policy.requires_identity_proofing', reset.requiresIdentityProofing, 'Two checks of identity, of different kind, come with every request.', 'No check of identity is asked for.'),
    statement('reset_policy.post_reset_require_enroll', reset.requiresEnrollAfterwards, 'After a reset nothing opens before the person has enrolled again.', 'After a reset nothing more is asked than before.'),
    { key: 'reset_policy.severity', value: reset.severity, means: 'The severity of events about resets.' },
    statement('audit.log_mfa_enroll', audit.logsEnroll, 'Enrollments are audited.', 'Enrollments are not audited.'),
    statement('audit.log_mfa_reset', audit.logsReset, 'Resets are audited.', 'Resets are not audited.'),
    statement('audit.log_recovery_codes_generated', audit.logsRecoveryCodesGenerated, 'The making of recovery codes is audited.', 'The making of recovery codes is not audited.'),
    statement('audit.log_recovery_code_used', audit.logsRecoveryCodeUsed, 'The use of a recovery code is audited.', 'The use of a recovery code is not audited.'),
  ];
}

function ofConfiguration(config: Config): readonly PolicyStatement[] {
  const { lockout, totp, trustedDevices, policy, administration, auditTrail } = config;
  const { hardwareKeys } = policy;
  const within = formatDuration(lockout.withinSeconds);
  const network = administration.network?.name ?? null;
  return [
    ...adminRoles.map((role) => ({
      key: `role ${role}`,
      value: listed(policy.roleGroups[role]),
      means: 'Members of these groups have the role in the administration.',
    })),
    {
      key: 'portal.network',
      value: network ?? 'none',
      means:
        network === null
          ? 'The administration can be reached from any address.'
          : 'The administration can be reached from this network only.',
    },
    {
      key: 'policy.lockout',
      value: `${String(lockout.failuresMax)} in ${within}`,
      means: `So many wrong codes pause all codes of an account for ${formatDuration(lockout.durationSeconds)}.`,
    },
    {
      key: 'policy.methods.totp',
      value: `${totp.algorithm}, ${String(totp.digits)} digits, ${String(totp.periodSeconds)} s, window ${String(totp.window)}`,
      means: 'Codes of authenticator apps; so many periods before and after are borne.',
    },
    {
      key: 'policy.methods.webauthn.hardwareKeys.tiers',
      value: listed(hardwareKeys.tiers),
      means: 'Of these tiers only attested security keys of known models count.',
    },
    {
      key: 'policy.trustedDevices',
      value: trustedDevices.isEnabled ? listed(trustedDevices.tiers) : 'off',
      means: trustedDevices.isEnabled
        ? `These tiers may have a browser remember the second factor for ${formatDuration(trustedDevices.forSeconds)}.`
        : 'No browser remembers the second factor.',
    },
    {
      key: 'audit.keep',
      value: auditTrail.keptSeconds === null ? 'for ever' : formatDuration(auditTrail.keptSeconds),
      means: 'So long events stay in the trail.',
    },
  ];
}

function statement(key: string, is: boolean, yes: string, no: string): PolicyStatement {
  return { key, value: String(is), means: is ? yes : no };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
