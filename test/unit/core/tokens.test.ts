/** What is said of tokens without looking into a store: whose they claim to be, and when they end. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  audienceOf,
  bearerIn,
  claimsToBeOurs,
  tokenEndsAt,
  tokenKinds,
  tokenTypes,
} from '../../../src/core/tokens.ts';
import { NOON } from '../../support/fixed-clock.ts';

const portal = { url: 'https://console.example.com/_mfa' };
const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');

describe('a bearer', () => {
  test('is what stands behind the scheme, in any letter case, and nothing else', () => {
    for (const [header, bearer] of [
      ['Bearer abc', 'abc'],
      ['bearer   abc.d-e_f', 'abc.d-e_f'],
      ['BEARER a=', 'a='],
      ['Bearer', null],
      ['Bearer ', null],
      ['Bearer a b', null],
      ['Bearerabc', null],
      ['Basic YTpi', null],
      ['', null],
      [undefined, null],
    ] as const) {
      assert.equal(bearerIn(header), bearer, String(header));
    }
  });

  test('claims to be ours by our issuer, or as one of our keys', () => {
    for (const [bearer, isOurs] of [
      [`${part({})}.${part({ iss: portal.url })}.c2ln`, true],
      [`${part({ alg: 'none' })}.${part({ iss: portal.url })}.`, true],
      [`x.${part({ iss: portal.url })}`, true],
      ['sp_key_AAAA_BBBB', true],
      [`${part({})}.${part({ iss: `${portal.url}/` })}.c2ln`, false],
      [`${part({})}.${part({ iss: [portal.url] })}.c2ln`, false],
      [`${part({})}.${part([portal.url])}.c2ln`, false],
      [`${part({})}.${part(null)}.c2ln`, false],
      ['a.b.c', false],
      ['sk-proj-1234', false],
      ['', false],
    ] as const) {
      assert.equal(claimsToBeOurs(bearer, portal), isOurs, bearer);
    }
  });
});

describe('kinds of tokens', () => {
  test('differ in type and in audience', () => {
    assert.equal(new Set(tokenKinds.map((kind) => tokenTypes[kind])).size, tokenKinds.length);
    const audiences = tokenKinds.map((kind) => audienceOf(kind, portal));
    assert.equal(new Set(audiences).size, tokenKinds.length);
    assert.ok(audiences.every((audience) => audience.startsWith(portal.url)));
  });
});

describe('a token ends', () => {
  test('with its life, or with the sign-in that it came from', () => {
    const signIn = { createdAt: NOON, absoluteSeconds: 3600 };
    assert.equal(tokenEndsAt(NOON, 1200, signIn), NOON + 1_200_000);
    assert.equal(tokenEndsAt(NOON + 3_000_000, 1200, signIn), NOON + 3_600_000);
  });
});
