/** Form tokens, and what browsers say about where a post comes from. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionKey } from '../../../src/core/ids.ts';
import {
  comesFromOurPages,
  formToken,
  isFormCookie,
  isFormToken,
  newFormCookie,
} from '../../../src/web/csrf.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const key = Buffer.alloc(32, 1);
const cookie = newFormCookie(seededRandom());
const session = 'a1' as SessionKey;

describe('a form token', () => {
  test('is right for the cookie and the session it was made for, and for no other', () => {
    const binding = { key, cookie, session };
    const token = formToken(binding);

    assert.ok(isFormToken(token, binding));
    assert.ok(!isFormToken(token, { ...binding, session: null }));
    assert.ok(!isFormToken(token, { ...binding, session: 'a2' as SessionKey }));
    assert.ok(!isFormToken(token, { ...binding, cookie: newFormCookie(seededRandom('other')) }));
    assert.ok(!isFormToken(token, { ...binding, key: Buffer.alloc(32, 2) }));
  });

  test('is wrong when it is empty, longer, shorter or changed by one character', () => {
    const binding = { key, cookie, session: null };
    const token = formToken(binding);
    const other = token.startsWith('A') ? 'B' : 'A';
    for (const wrong of ['', `${token}A`, token.slice(1), other + token.slice(1), 'é'.repeat(43)]) {
      assert.ok(!isFormToken(wrong, binding), wrong);
    }
  });
});

describe('the form cookie', () => {
  test('is taken as ours only in the shape in which we make it', () => {
    assert.ok(isFormCookie(cookie));
    for (const wrong of [null, '', 'x', `${cookie}A`, cookie.slice(1), `${cookie.slice(1)}!`]) {
      assert.ok(!isFormCookie(wrong), String(wrong));
    }
  });
});

describe('a post', () => {
  const origin = 'https://console.example.com';
  // prettier-ignore
  const cases = [
    // Sec-Fetch-Site  Origin                                is ours
    [undefined,        undefined,                            true],
    ['same-origin',    origin,                               true],
    ['none',           undefined,                            true],
    [undefined,        origin,                               true],
    ['same-origin',    undefined,                            true],
    ['same-site',      origin,                               false],
    ['cross-site',     undefined,                            false],
    ['',               undefined,                            false],
    ['SAME-ORIGIN, x', undefined,                            false],
    [undefined,        'https://evil.example',               false],
    [undefined,        'null',                               false],
    [undefined,        'http://console.example.com',         false],
    [undefined,        'https://console.example.com:8443',   false],
    [undefined,        'https://console.example.com.evil',   false],
    [undefined,        '',                                   false],
    ['same-origin',    'https://evil.example',               false],
  ] as const;

  for (const [site, sentOrigin, isOurs] of cases) {
    const what = `Sec-Fetch-Site ${site ?? 'absent'}, Origin ${sentOrigin ?? 'absent'}`;
    test(`with ${what} is ${isOurs ? 'taken' : 'refused'}`, () => {
      const headers = {
        ...(site !== undefined && { 'sec-fetch-site': site }),
        ...(sentOrigin !== undefined && { origin: sentOrigin }),
      };
      assert.equal(comesFromOurPages(headers, origin), isOurs);
    });
  }
});
