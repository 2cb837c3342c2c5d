/** Requirements, audiences, networks and proofs as people say them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  allOf,
  anyOf,
  audienceInWords,
  networkInWords,
  proofsInWords,
  requirementInWords,
} from '../../../../src/core/policy/in-words.ts';
import { addSeconds } from '../../../../src/core/time.ts';
import { aNetwork, aProof, aRequirement, NOON } from '../../../support/builders.ts';

test('requirementInWords names level, resistance, methods and age', () => {
  assert.equal(requirementInWords(aRequirement()), 'two factors');
  assert.equal(
    requirementInWords({
      level: 1,
      isPhishingResistant: true,
      methods: ['totp', 'webauthn'],
      withinSeconds: 300,
    }),
    'one factor, one that cannot be phished, by totp or webauthn, no older than 5m',
  );
});

test('audienceInWords names groups, users and services', () => {
  assert.equal(audienceInWords(null), 'every user');
  assert.equal(audienceInWords({ groups: [], users: [], services: [] }), 'nobody');
  assert.equal(
    audienceInWords({ groups: ['SEC-OPS', 'AUDIT'], users: ['anna'], services: ['a', 'b', 'c'] }),
    'groups SEC-OPS or AUDIT, user anna, services a, b or c',
  );
});

test('networkInWords names the blocks', () => {
  assert.equal(networkInWords(null), 'any address');
  assert.equal(
    networkInWords(aNetwork('zone-e', ['10.20.0.0/24', '192.0.2.10'])),
    'an address in zone-e (10.20.0.0/24, 192.0.2.10/32)',
  );
  assert.equal(networkInWords(aNetwork('nobody', [])), 'an address in nobody (which is empty)');
});

describe('proofsInWords', () => {
  test('tells how long ago each was given', () => {
    const proofs = [
      aProof('password'),
      aProof('totp', { at: NOON + 599_000, origin: 'enrollment' }),
    ];

    assert.equal(
      proofsInWords(proofs, addSeconds(NOON, 601)),
      'password 10m1s ago, totp 2s ago (while enrolling)',
    );
    assert.equal(proofsInWords([], NOON), 'nothing');
    assert.equal(proofsInWords([aProof('totp')], NOON), 'totp 0s ago');
    assert.equal(proofsInWords([aProof('totp')], addSeconds(NOON, -90)), 'totp 1m30s ahead');
    assert.equal(proofsInWords([aProof('totp')], addSeconds(NOON, 90_061)), 'totp 1d1h ago');
  });
});

test('lists are joined as in a sentence', () => {
  assert.equal(anyOf([]), 'none');
  assert.equal(anyOf(['a']), 'a');
  assert.equal(anyOf(['a', 'b', 'c']), 'a, b or c');
  assert.equal(allOf([]), 'nothing');
  assert.equal(allOf(['a']), 'a');
  assert.equal(allOf(['a', 'b', 'c']), 'a, b and c');
});
