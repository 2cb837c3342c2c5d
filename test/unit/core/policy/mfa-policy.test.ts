/** What the operator's policy asks of a tier. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  doesModelCount,
  isMethodEnabled,
  methodsMissing,
  methodsRequiredOf,
  tierOf,
} from '../../../../src/core/policy/mfa-policy.ts';
import { anMfaPolicy, aPolicy } from '../../../support/builders.ts';

const policy = anMfaPolicy({
  totp: { requiredForTiers: ['TIER0', 'TIER1'] },
  webauthn: { requiredForTiers: ['TIER0'] },
  recoveryCodes: { requiredForTiers: ['TIER0', 'TIER1'] },
});

describe('tierOf', () => {
  const { tiers } = aPolicy();

  test('is the strongest tier that a group maps to', () => {
    assert.equal(tierOf({ groups: ['PROJECT-OWNERS', 'AI-PLATFORM-ADMINS'] }, tiers), 'TIER0');
    assert.equal(tierOf({ groups: ['SEC-OPS'] }, tiers), 'TIER1');
  });

  test('is TIER3 for everyone else', () => {
    assert.equal(tierOf({ groups: [] }, tiers), 'TIER3');
    assert.equal(tierOf({ groups: ['GUESTS'] }, tiers), 'TIER3');
  });
});

describe('methodsRequiredOf', () => {
  test('names them in the order in which they are enrolled', () => {
    assert.deepEqual(methodsRequiredOf('TIER0', policy), ['totp', 'webauthn', 'recovery-code']);
    assert.deepEqual(methodsRequiredOf('TIER1', policy), ['totp', 'recovery-code']);
    assert.deepEqual(methodsRequiredOf('TIER2', policy), []);
  });

  test('asks for nothing that is not enabled', () => {
    const without = anMfaPolicy({
      totp: { isEnabled: false, requiredForTiers: ['TIER0'] },
      webauthn: { requiredForTiers: ['TIER0'] },
      recoveryCodes: { isEnabled: false, requiredForTiers: ['TIER0'] },
    });

    assert.deepEqual(methodsRequiredOf('TIER0', without), ['webauthn']);
  });

  test('asks for nothing while the policy is switched off', () => {
    assert.deepEqual(methodsRequiredOf('TIER0', { ...policy, isEnabled: false }), []);
  });
});

describe('methodsMissing', () => {
  test('is what is required and not there', () => {
    // prettier-ignore
    const cases = [
      [[],                   false, ['totp', 'webauthn', 'recovery-code']],
      [['totp'],             true,  ['webauthn']],
      [['totp', 'webauthn'], true,  []],
    ] as const;

    for (const [enrolled, hasRecoveryCodes, missing] of cases) {
      assert.deepEqual(methodsMissing('TIER0', { enrolled, hasRecoveryCodes }, policy), missing);
    }
  });
});

describe('doesModelCount', () => {
  const known = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
  const other = 'cb69481e-8ff7-4039-93ec-0a2729a154a8';
  const demanding = aPolicy({ hardwareKeys: { tiers: ['TIER0'], models: [known] } });

  test('is so of known models only, for whoever must use one of these', () => {
    const admin = { groups: ['AI-PLATFORM-ADMINS'] };

    const counted = [known, other, '', null].filter((model) =>
      doesModelCount(admin, model, demanding),
    );
    assert.deepEqual(counted, [known]);
  });

  test('is so of every passkey for everybody else', () => {
    for (const model of [known, other, null]) {
      assert.equal(doesModelCount({ groups: ['SEC-OPS'] }, model, demanding), true);
    }
  });
});

describe('isMethodEnabled', () => {
  test('follows the switch of each method; a password has none', () => {
    const off = { isEnabled: false };
    const allOff = anMfaPolicy({ totp: off, webauthn: off, recoveryCodes: off });

    for (const method of ['totp', 'webauthn', 'recovery-code'] as const) {
      assert.equal(isMethodEnabled(method, anMfaPolicy()), true, method);
      assert.equal(isMethodEnabled(method, allOff), false, method);
    }
    assert.equal(isMethodEnabled('password', allOff), true);
  });
});
