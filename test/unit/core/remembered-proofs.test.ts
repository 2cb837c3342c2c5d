/** What a trusted browser remembers amounts to: two factors, and nothing else that is ever asked. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  assuranceOf,
  assuranceShortfall,
  devicesRestedOn,
  levelOf,
} from '../../../src/core/assurance.ts';
import type { DeviceId } from '../../../src/core/ids.ts';
import { admissibleProofs } from '../../../src/core/policy/decide.ts';
import { withProof } from '../../../src/core/proofs.ts';
import { addSeconds } from '../../../src/core/time.ts';
import {
  anMfaPolicy,
  aPolicy,
  aPrincipal,
  aProof,
  aRequirement,
  aSession,
  NOON,
} from '../../support/builders.ts';

const deviceId = 'dev_laptop' as DeviceId;
const weekAgo = addSeconds(NOON, -7 * 24 * 3600);
const remembered = { at: weekAgo, origin: 'remembered', deviceId } as const;

const password = aProof('password');
const totp = aProof('totp');
const totpOnce = aProof('totp', remembered);
const passkeyOnce = aProof('webauthn', { ...remembered, isUserVerified: true });

describe('a remembered proof', () => {
  // prettier-ignore
  const levels = [
    ['alone',                             [totpOnce],              0],
    ['of a verified passkey, alone',      [passkeyOnce],           0],
    ['beside another one',                [totpOnce, passkeyOnce], 0],
    ['beside a password',                 [password, totpOnce],    2],
    ['of a passkey, beside a password',   [password, passkeyOnce], 2],
    ['from the future',                   [password, { ...totpOnce, at: addSeconds(NOON, 61) }], 1],
  ] as const;
  for (const [how, proofs, level] of levels) {
    test(`${how} makes level ${String(level)}`, () => {
      assert.equal(levelOf(proofs, NOON), level);
    });
  }

  test('changes nothing of what upstreams are told', () => {
    for (const held of [[password], [password, totp]]) {
      for (const more of [totpOnce, passkeyOnce]) {
        assert.deepEqual(assuranceOf([...held, more], NOON), assuranceOf(held, NOON));
      }
    }
    assert.deepEqual(assuranceOf([totpOnce], NOON), {
      level: 0,
      acr: null,
      amr: [],
      authenticatedAt: null,
    });
  });

  // prettier-ignore
  const rules = [
    ['two factors',                     {},                                            null],
    ['two factors of any age',          { withinSeconds: 365 * 24 * 3600 },            'proof-too-old'],
    ['one that cannot be phished',      { isPhishingResistant: true },                 'not-phishing-resistant'],
    ['a method by name',                { methods: ['totp', 'webauthn'] as const },    'method-not-accepted'],
  ] as const;
  for (const [what, asked, shortfall] of rules) {
    test(`of ${shortfall === null ? 'any kind meets' : 'no kind meets'} a rule that asks for ${what}`, () => {
      for (const once of [totpOnce, passkeyOnce]) {
        const requirement = aRequirement({ level: 2, ...asked });
        assert.equal(assuranceShortfall(requirement, [password, once], NOON), shortfall);
      }
    });
  }

  test('stands beside an answer of the same method and takes the place of an older one', () => {
    assert.deepEqual(withProof([password, totpOnce], totp), [password, totpOnce, totp]);
    const newer = { ...totpOnce, at: NOON };
    assert.deepEqual(withProof([password, totpOnce], newer), [password, newer]);
  });
});

describe('the level of a session', () => {
  test('rests on a device only where nothing else gives it', () => {
    assert.deepEqual(devicesRestedOn([password, totpOnce], NOON), [deviceId]);
    assert.deepEqual(devicesRestedOn([password, totpOnce, totp], NOON), []);
    assert.deepEqual(devicesRestedOn([password], NOON), []);
    assert.deepEqual(devicesRestedOn([totpOnce], NOON), []);
  });
});

describe('what the policy lets count of a remembered proof', () => {
  const session = aSession({ proofs: [password, totpOnce], enrolled: ['totp', 'webauthn'] });
  const counted = (changes: Parameters<typeof aSession>[0], policy = aPolicy()) =>
    admissibleProofs(aSession({ ...session, ...changes }), policy).length === 2;

  test('is all of it for tiers that may', () => {
    assert.equal(counted({}), true);
    assert.equal(counted({ principal: aPrincipal({ groups: ['PROJECT-OWNERS'] }) }), true);
  });

  // prettier-ignore
  const refused = [
    ['a tier that may not',            { principal: aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] }) }, aPolicy()],
    ['somebody in two tiers, of which one may not',
                                       { principal: aPrincipal({ groups: ['PROJECT-OWNERS', 'SEC-OPS'] }) }, aPolicy()],
    ['a method that was removed',      { enrolled: ['webauthn'] as const }, aPolicy()],
    ['a method that is switched off',  {}, aPolicy({ mfa: anMfaPolicy({ totp: { isEnabled: false, requiredForTiers: [] } }) })],
    ['anybody, where trusting is off', {}, aPolicy({ rememberedFor: [] })],
    ['a passkey that must be a known security key',
                                       { proofs: [password, passkeyOnce] }, aPolicy({ hardwareKeys: { tiers: ['TIER3'], models: ['x'] } })],
  ] as const;
  for (const [whom, changes, policy] of refused) {
    test(`is nothing for ${whom}`, () => {
      assert.equal(counted(changes, policy), false);
    });
  }
});
