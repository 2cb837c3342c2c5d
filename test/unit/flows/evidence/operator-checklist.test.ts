/** The checklist says what the policy in force asks of operators, and nothing else. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { operatorChecklist } from '../../../../src/flows/evidence/operator-checklist.ts';
import { aConfig } from '../../../support/a-config.ts';
import { aPolicy } from '../../../support/builders.ts';
import { policyWith, type KeyChanges } from '../../../support/policy-file.ts';

function checklist(policy: KeyChanges = {}): string {
  const config = aConfig({ policy: aPolicy({ mfa: policyWith(policy) }) });
  return operatorChecklist(config, ['Example Corp']);
}

describe('the checklist', () => {
  test('names for each tier what is to be set up', () => {
    const text = checklist();
    const tier0 = text.slice(text.indexOf('**TIER0**'), text.indexOf('**TIER1**'));
    const tier1 = text.slice(text.indexOf('**TIER1**'), text.indexOf('**TIER2**'));
    assert.match(tier0, /authenticator app[^]*passkey[^]*recovery codes/);
    assert.match(tier1, /authenticator app[^]*recovery codes/);
    assert.doesNotMatch(tier1, /passkey/);
    assert.match(text, /\*\*TIER3\*\* \(everybody else\)/);
  });

  test('names who approves, and how many', () => {
    const text = checklist();
    assert.match(
      text,
      /for TIER0 and TIER1: a manager \(.*\) and a security owner \(.*\), two different people/,
    );
    assert.match(text, /for TIER2 and TIER3: one of them/);
    assert.match(text, /Check who is asking\*\*, twice/);
    assert.match(text, /within 1d of asking/);
  });

  // prettier-ignore
  const changes = [
    [{ 'reset_policy.enabled': false },                    /The policy switches resets off/],
    [{ 'reset_policy.requires_approval': false },          /No approval is needed/],
    [{ 'reset_policy.requires_identity_proofing': false }, /the policy does not insist on it/],
    [{ 'audit.log_recovery_code_used': false },            /`recovery-code\.used`: \*\*not written\*\*/],
    [{ 'reset_policy.severity': 'warning' },               /of severity warning/],
    [{ 'enforcement.block_token_issuance_until_enrolled': false }, /they pass where one factor is asked for/],
  ] as const;
  for (const [policy, line] of changes) {
    test(`follows ${Object.keys(policy).join()}`, () => {
      assert.match(checklist(policy), line);
      assert.doesNotMatch(checklist(), line);
    });
  }
});
