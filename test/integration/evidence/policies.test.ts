/** What a run says where the policy or the configuration asks for something else. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { timeCondition } from '../../../src/core/policy/conditions/time.ts';
import { verifyPasskeys } from '../../../src/flows/evidence/checks/v2-passkeys.ts';
import type { EvidenceReport, VerificationId } from '../../../src/flows/evidence/report.ts';
import { aRoute, aRule } from '../../support/builders.ts';
import {
  failedIn,
  openEvidenceWorld,
  verificationOf,
  type EvidenceWorldOptions,
} from '../../support/evidence-world.ts';

async function collected(
  options: EvidenceWorldOptions,
): Promise<{ readonly report: EvidenceReport; readonly waited: readonly number[] }> {
  const at = await openEvidenceWorld(options);
  try {
    return { report: await at.collect(), waited: at.waited };
  } finally {
    await at.close();
  }
}

/** Why something was not applicable, of a verification of which nothing was. */
function reasonsIn(report: EvidenceReport, id: VerificationId): string {
  const { checks } = verificationOf(report, id);
  return checks
    .filter(({ outcome }) => outcome === 'not-applicable')
    .map(({ expected }) => expected)
    .join(' ');
}

// prettier-ignore
const switchedOff = [
  // what the policy file says                                          verification  why it is not asked
  [{ 'mfa.enabled': false },                                             'V1', /mfa\.enabled: false/],
  [{ 'enforcement.block_token_issuance_until_enrolled': false },          'V1', /block_token_issuance_until_enrolled: false/],
  [{ 'mfa.methods.webauthn.enabled': false },                             'V2', /mfa\.methods\.webauthn\.enabled: false/],
  [{ 'mfa.methods.totp.enabled': false },                                 'V3', /mfa\.methods\.totp\.enabled: false/],
  [{ 'mfa.recovery_codes.enabled': false },                               'V4', /mfa\.recovery_codes\.enabled: false/],
  [{ 'reset_policy.enabled': false },                                     'V5', /reset_policy\.enabled: false/],
] as const;

describe('what the policy switches off', () => {
  for (const [policy, id, why] of switchedOff) {
    test(`${Object.keys(policy).join()}: ${id} says so, and the rest passes`, async () => {
      const { report } = await collected({ policy });
      const verification = verificationOf(report, id);
      assert.equal(verification.outcome, 'not-applicable');
      assert.match(reasonsIn(report, id), why);
      assert.equal(report.outcome, 'passed', JSON.stringify(report.verifications, null, 1));
    });
  }

  // prettier-ignore
  const parts = [
    [{ 'reset_policy.requires_approval': false },             'V5', /requires_approval: false/],
    [{ 'reset_policy.requires_identity_proofing': false },    'V5', /requires_identity_proofing: false/],
    [{ 'audit.log_mfa_reset': false },                        'V5', /log_mfa_reset: false/],
    [{ 'audit.log_recovery_code_used': false },               'V4', /log_recovery_code_used: false/],
    [{ 'audit.log_recovery_codes_generated': false },         'V4', /log_recovery_codes_generated: false/],
    [{ 'mfa.recovery_codes.regenerate_invalidates_old': false }, 'V4', /regenerate_invalidates_old: false/],
  ] as const;
  for (const [policy, id, why] of parts) {
    test(`${Object.keys(policy).join()}: a part of ${id} is not asked, the rest is`, async () => {
      const { report } = await collected({ policy });
      assert.equal(verificationOf(report, id).outcome, 'passed');
      assert.match(reasonsIn(report, id), why);
      assert.equal(report.outcome, 'passed');
    });
  }

  for (const codes of [1, 2, 100]) {
    test(`a set of ${String(codes)} recovery codes is tried like any other`, async () => {
      const { report } = await collected({ policy: { 'mfa.recovery_codes.min_codes': codes } });
      assert.equal(verificationOf(report, 'V4').outcome, 'passed');
    });
  }

  test('a severity that the policy gives to resets is the one that is expected', async () => {
    const { report } = await collected({ policy: { 'reset_policy.severity': 'warning' } });
    const last = verificationOf(report, 'V5').checks.at(-1);
    assert.equal(last?.what, 'The trail has each step, of severity warning.');
    assert.equal(report.outcome, 'passed');
  });

  test('without passwords nobody signs in, and nothing can be tried', async () => {
    const { report } = await collected({
      config: { local: { isEnabled: false, minPasswordLength: 12 } },
    });
    assert.deepEqual(
      [...new Set(report.verifications.map(({ outcome }) => outcome))],
      ['not-applicable'],
    );
    assert.equal(report.traces.people, 0);
  });
});

describe('who belongs to which tier', () => {
  test('without a group of TIER0, that is what the report says', async () => {
    const tiers = new Map([['SEC-OPS', 'TIER1']] as const);
    const { report } = await collected({ access: { tiers } });
    assert.equal(verificationOf(report, 'V1').outcome, 'not-applicable');
    assert.match(reasonsIn(report, 'V1'), /maps no group to TIER0/);
    assert.match(reasonsIn(report, 'V3'), /maps no group to TIER0/);
    assert.equal(report.outcome, 'passed');
  });

  test('a tier that the policy adds is tried too', async () => {
    const policy = { 'mfa.methods.totp.required_for_tiers': ['TIER0', 'TIER3'] };
    const { report } = await collected({ policy });
    const { checks } = verificationOf(report, 'V3');
    assert.ok(checks.some(({ what }) => what === 'TIER3: the right code passes.'));
    assert.equal(report.outcome, 'passed');
  });

  test('of security keys that must be attested, what software can show is shown', async () => {
    const hardwareKeys = {
      tiers: ['TIER0'],
      models: ['ee882879-721c-4913-9775-3dfcce97072a'],
    } as const;
    const { report } = await collected({ access: { hardwareKeys } });
    const { checks } = verificationOf(report, 'V2');
    assert.ok(
      checks.some(
        ({ what, outcome, seen }) =>
          what.startsWith('A passkey without attestation') &&
          outcome === 'passed' &&
          seen.startsWith('model-not-allowed'),
      ),
    );
    assert.match(reasonsIn(report, 'V2'), /no software can be one/);
    assert.equal(verificationOf(report, 'V5').outcome, 'not-applicable');
    assert.equal(report.outcome, 'passed', JSON.stringify(report.verifications, null, 1));
  });

  test('an address without a name has no passkeys, which fails where somebody owes one', async () => {
    const at = await openEvidenceWorld();
    const [passkeys] = await at.verify([verifyPasskeys], (ctx) => {
      const config = ctx.config.current();
      const portal = { ...config.portal, host: '10.20.0.5' };
      return { ...ctx, config: { current: () => ({ ...config, portal }) } };
    });
    await at.close();
    assert.deepEqual(failedIn(passkeys), [
      'The portal has an address at which browsers make passkeys.',
    ]);
  });

  test('without anybody who could approve, a reset is not asked for', async () => {
    const roleGroups = {
      admin: ['AI-PLATFORM-ADMINS'],
      manager: [],
      'security-owner': [],
      'reset-executor': ['AI-PLATFORM-ADMINS'],
      auditor: [],
    };
    const { report } = await collected({ access: { roleGroups } });
    assert.match(reasonsIn(report, 'V5'), /No group has the role manager/);
  });
});

describe('settings that take time', () => {
  test('where no code of another period is borne, a run waits for the next', async () => {
    const totp = { algorithm: 'SHA256', digits: 8, periodSeconds: 30, window: 0 } as const;
    const { report, waited } = await collected({ config: { totp } });
    assert.equal(report.outcome, 'passed', JSON.stringify(report.verifications, null, 1));
    assert.ok(waited.length > 0);
    assert.ok(waited.every((seconds) => seconds <= 60));
  });

  test('where one wrong code locks, that is the answer to it', async () => {
    const lockout = { failuresMax: 1, withinSeconds: 900, durationSeconds: 900 };
    const { report } = await collected({ config: { lockout } });
    assert.equal(verificationOf(report, 'V3').outcome, 'passed');
    assert.equal(verificationOf(report, 'V4').outcome, 'passed');
  });
});

describe('routes', () => {
  test('are tried at each hour of the week where hours matter', async () => {
    const window = { days: ['sun'], fromMinute: 180, toMinute: 240, timeZone: 'UTC' } as const;
    const route = aRoute({
      name: 'at-night',
      path: '/night/**',
      rules: [
        aRule({ id: 'at-night#1', conditions: [timeCondition(window)], effect: 'public' }),
        aRule({ id: 'at-night#2', requires: { level: 1 } }),
      ],
    });
    const { report } = await collected({ config: { routes: [route] } });
    const check = verificationOf(report, 'V1').checks.find(({ what }) => what.includes('at-night'));
    assert.equal(check?.outcome, 'passed');
    assert.match(check.seen, /allow rule-is-public \d+/);
    assert.match(check.seen, /are public by a rule, whoever asks/);
  });
});
