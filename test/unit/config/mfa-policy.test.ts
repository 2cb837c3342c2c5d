/** The operator's policy file: loaded as it stands, and every key of it counts. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseMfaPolicy } from '../../../src/config/mfa-policy.ts';
import { methodsRequiredOf, type MfaPolicy } from '../../../src/core/policy/mfa-policy.ts';
import { operatorPolicy } from '../../support/config-files.ts';

function policyOf(text: string): MfaPolicy {
  const reading = parseMfaPolicy(text, 'mfa-policy.yaml');
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.policy;
}

function faultsOf(text: string): readonly string[] {
  const reading = parseMfaPolicy(text, 'mfa-policy.yaml');
  return reading.ok
    ? []
    : reading.faults.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** The operator's file with one line turned over; a line that occurs twice is picked by what is above. */
function turned(line: string, into: string, above = ''): string {
  const from = operatorPolicy.indexOf(above);
  const at = operatorPolicy.indexOf(line, from);
  assert.ok(from >= 0 && at >= 0, `${line} is not in the policy`);
  return operatorPolicy.slice(0, at) + into + operatorPolicy.slice(at + line.length);
}

describe("the operator's policy file", () => {
  const policy = policyOf(operatorPolicy);

  test('obliges TIER0 to everything and TIER1 to TOTP and recovery codes', () => {
    assert.deepEqual(methodsRequiredOf('TIER0', policy), ['totp', 'webauthn', 'recovery-code']);
    assert.deepEqual(methodsRequiredOf('TIER1', policy), ['totp', 'recovery-code']);
    assert.deepEqual(methodsRequiredOf('TIER2', policy), []);
  });

  // prettier-ignore
  const keys = [
    // line, turned over, found below, and where the difference shows
    ['enabled: true',                          'enabled: false',     'mfa:',            (p: MfaPolicy) => p.isEnabled],
    ['enabled: true',                          'enabled: false',     'totp:',           (p: MfaPolicy) => p.methods.totp.isEnabled],
    ['["TIER0", "TIER1"]',                     '["TIER3"]',          'totp:',           (p: MfaPolicy) => p.methods.totp.requiredForTiers.join()],
    ['enabled: true',                          'enabled: false',     'webauthn:',       (p: MfaPolicy) => p.methods.webauthn.isEnabled],
    ['["TIER0"]',                              '[]',                 'webauthn:',       (p: MfaPolicy) => p.methods.webauthn.requiredForTiers.join()],
    ['enabled: true',                          'enabled: false',     'recovery_codes:', (p: MfaPolicy) => p.recoveryCodes.isEnabled],
    ['min_codes: 10',                          'min_codes: 12',      '',                (p: MfaPolicy) => p.recoveryCodes.codesMin],
    ['["TIER0", "TIER1"]',                     '["TIER2"]',          'recovery_codes:', (p: MfaPolicy) => p.recoveryCodes.requiredForTiers.join()],
    ['regenerate_invalidates_old: true',       'regenerate_invalidates_old: false', '', (p: MfaPolicy) => p.recoveryCodes.doesRegenerateInvalidateOld],
    ['block_token_issuance_until_enrolled: true', 'block_token_issuance_until_enrolled: false', '', (p: MfaPolicy) => p.enforcement.blocksTokensUntilEnrolled],
    ['step_up_for_admin_console: true',        'step_up_for_admin_console: false', '',  (p: MfaPolicy) => p.enforcement.stepsUpForAdminConsole],
    ['enabled: true',                          'enabled: false',     'reset_policy:',   (p: MfaPolicy) => p.reset.isEnabled],
    ['["AI-PLATFORM-ADMINS"]',                 '["SEC-OPS"]',        '',                (p: MfaPolicy) => p.reset.allowedRoles.join()],
    ['requires_approval: true',                'requires_approval: false', '',          (p: MfaPolicy) => p.reset.requiresApproval],
    ['requires_identity_proofing: true',       'requires_identity_proofing: false', '', (p: MfaPolicy) => p.reset.requiresIdentityProofing],
    ['post_reset_require_enroll: true',        'post_reset_require_enroll: false', '',  (p: MfaPolicy) => p.reset.requiresEnrollAfterwards],
    ['severity: "high"',                       'severity: "notice"', '',                (p: MfaPolicy) => p.reset.severity],
    ['log_mfa_enroll: true',                   'log_mfa_enroll: false', '',             (p: MfaPolicy) => p.audit.logsEnroll],
    ['log_mfa_reset: true',                    'log_mfa_reset: false', '',              (p: MfaPolicy) => p.audit.logsReset],
    ['log_recovery_codes_generated: true',     'log_recovery_codes_generated: false', '', (p: MfaPolicy) => p.audit.logsRecoveryCodesGenerated],
    ['log_recovery_code_used: true',           'log_recovery_code_used: false', '',     (p: MfaPolicy) => p.audit.logsRecoveryCodeUsed],
  ] as const;

  for (const [line, into, above, seen] of keys) {
    test(`does something else with ${above} ${into}`.replace(/ {2}/, ' '), () => {
      const other = policyOf(turned(line, into, above));
      assert.notEqual(seen(other), seen(policy));
    });
  }

  test('has a key for every line that is turned over above', () => {
    const lines = operatorPolicy.split('\n').filter((line) => /^\s+\w+: \S/.test(line));
    assert.equal(lines.length, keys.length);
  });
});

describe('a policy file', () => {
  // prettier-ignore
  const cases = [
    ['has no unknown key',       turned('min_codes: 10', 'min_code: 10'),
     '14:5: mfa.recovery_codes: unknown key "min_code"; did you mean "min_codes"?'],
    ['has tiers that there are', turned('"TIER1"]', '"TIER9"]', 'totp:'),
     '8:37: mfa.methods.totp.required_for_tiers[1]: write one of: TIER0, TIER1, TIER2, TIER3'],
    ['says true or false',       turned('enabled: true', 'enabled: yes', 'mfa:'),
     '4:12: mfa.enabled: write true or false, not text'],
    ['counts codes in numbers',  turned('min_codes: 10', 'min_codes: many'),
     '14:16: mfa.recovery_codes.min_codes: write a number, not text'],
    ['has one code at least',    turned('min_codes: 10', 'min_codes: 0'),
     '14:16: mfa.recovery_codes.min_codes: write 1 or more'],
    ['has severities that there are', turned('severity: "high"', 'severity: "huge"'),
     '28:13: reset_policy.severity: write one of: info, notice, warning, high'],
    ['says something of MFA',    '{}\n', '1:1: mfa: is missing. What people enroll.'],
    ['is not empty',             '', '1:1: write keys and values, not nothing'],
    ['has each key once',        `${operatorPolicy}\naudit: {}\n`, '36:1: "audit" is written twice; the first one is on line 30'],
  ] as const;

  for (const [rule, text, fault] of cases) {
    test(rule, () => {
      const [found = ''] = faultsOf(text);
      assert.equal(found.replace(/; did you mean "TIER\d"\?$/, ''), fault);
    });
  }

  test('means the stricter thing by what it leaves out', () => {
    const { recoveryCodes, enforcement, reset, audit } = policyOf('mfa: {}\n');
    assert.equal(recoveryCodes.codesMin, 10);
    assert.equal(enforcement.stepsUpForAdminConsole, true);
    assert.equal(reset.requiresApproval, true);
    assert.deepEqual(reset.allowedRoles, []);
    assert.equal(audit.logsReset, true);
  });
});
