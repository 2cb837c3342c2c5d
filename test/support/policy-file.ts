/** The operator's policy file with some of its keys turned over, read as the program reads it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { mfaPolicySchema, parseMfaPolicy } from '../../src/config/mfa-policy.ts';
import { keysAt } from '../../src/config/source/schema-walk.ts';
import { readYaml } from '../../src/config/source/yaml-source.ts';
import type { MfaPolicy } from '../../src/core/policy/mfa-policy.ts';

/** `mfa.methods.totp.enabled` and the like, each with what is to stand there. */
export type KeyChanges = Readonly<Record<string, boolean | number | string | readonly string[]>>;

const shipped = readFileSync(
  path.join(import.meta.dirname, '../../config/mfa-policy.yaml'),
  'utf8',
);

/** The policy of the shipped file with these keys changed. */
export function policyWith(changes: KeyChanges = {}): MfaPolicy {
  const written = readYaml(shipped, 'mfa-policy.yaml').value as Record<string, unknown>;
  for (const [key, value] of Object.entries(changes)) {
    const steps = key.split('.');
    const last = steps.pop() ?? '';
    let at = written;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    assert.ok(Object.hasOwn(at, last), `the shipped file has no ${key}`);
    at[last] = value;
  }
  const reading = parseMfaPolicy(JSON.stringify(written), 'mfa-policy.yaml');
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.policy;
}

/** Every key that a policy file may have, with the keys above it: `mfa.methods.totp.enabled`. */
export function policyKeys(above: readonly string[] = []): readonly string[] {
  const keys = keysAt(mfaPolicySchema, above);
  if (keys.length === 0) return [above.join('.')];
  return keys.flatMap((key) => policyKeys([...above, key]));
}
