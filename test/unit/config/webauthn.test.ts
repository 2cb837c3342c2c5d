/** The section `policy.methods.webauthn`: the domain of passkeys, and which security keys count. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aRoot } from '../../support/attestation-certificates.ts';
import { configOf, faultsOf, operatorPolicy, smallest } from '../../support/config-files.ts';

const model = 'EE882879-721C-4913-9775-3DFCCE97072A';

const section = (lines: string): string =>
  `${smallest}policy: { methods: { webauthn: { ${lines} } } }\n`;

const hardware = section(
  `hardwareKeys: { tiers: [TIER2], models: [${model}], rootsFile: ./roots.pem }`,
);

const roots = { 'roots.pem': aRoot().pem };

describe('the domain of passkeys', () => {
  test('is the host of the portal', () => {
    assert.equal(configOf(smallest).webauthn.rpId, 'console.example.com');
  });

  test('may be a domain above it', () => {
    assert.equal(configOf(section('rpId: example.com')).webauthn.rpId, 'example.com');
  });

  for (const rpId of ['com', 'other.example', 'a.console.example.com', 'nsole.example.com']) {
    test(`is not ${rpId}, which browsers refuse there`, () => {
      const [fault = '', ...others] = faultsOf(section(`rpId: ${rpId}`));
      assert.match(fault, /rpId: browsers refuse it on console\.example\.com/);
      assert.deepEqual(others, []);
    });
  }
});

describe('tiers that must use hardware keys', () => {
  test('owe a key of a listed model, whatever the policy file says of passkeys', () => {
    const { policy, webauthn } = configOf(hardware, { files: roots });

    assert.deepEqual(policy.hardwareKeys, { tiers: ['TIER2'], models: [model.toLowerCase()] });
    assert.deepEqual(policy.mfa.methods.webauthn.requiredForTiers, ['TIER0', 'TIER2']);
    assert.equal(webauthn.attestationRoots.length, 1);
  });

  test('need a model and a root', () => {
    const [fault = ''] = faultsOf(section('hardwareKeys: { tiers: [TIER2] }'));
    assert.match(fault, /none is known; write models and rootsFile/);
  });

  test('cannot be while passkeys are switched off', () => {
    const policy = operatorPolicy.replace(/(webauthn:\s+enabled: )true/, '$1false');
    const [fault = ''] = faultsOf(hardware, { files: { ...roots, 'mfa-policy.yaml': policy } });
    assert.match(fault, /switches webauthn off/);
  });

  for (const [what, text] of [
    ['missing', null],
    ['no certificate', 'hello'],
    ['a broken one', roots['roots.pem'].replace(/\n.{20}/, '\n')],
  ] as const) {
    test(`do not start with a file of roots that is ${what}`, () => {
      const faults = faultsOf(hardware, { files: { 'roots.pem': text } });
      assert.match(faults.join('\n'), /rootsFile: .*roots\.pem/);
    });
  }
});
