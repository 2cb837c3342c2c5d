/** The cookies that pages read and write themselves. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookieToClear, cookieToSet, cookieValue } from '../../../src/web/cookies.ts';

describe('our cookies', () => {
  test('are HttpOnly, SameSite=Lax, for every path, for this host, until the browser closes', () => {
    assert.equal(
      cookieToSet('__Host-x', 'v', { isSecure: true, domain: null }),
      '__Host-x=v; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
    assert.equal(
      cookieToSet('x', 'v', { isSecure: false, domain: 'example.com' }),
      'x=v; Domain=example.com; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  test('may last longer', () => {
    assert.equal(
      cookieToSet('__Host-x', 'v', { isSecure: true, domain: null }, 60),
      '__Host-x=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
  });

  test('are removed under the same fence as they were set', () => {
    assert.equal(
      cookieToClear('x', { isSecure: true, domain: 'example.com' }),
      'x=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
  });

  test('are read as they were sent, and no broken header throws', () => {
    assert.equal(cookieValue('a=1; x=s%3Aabc; b=2', 'x'), 's%3Aabc');
    for (const header of [undefined, '', ';;;', '=', 'x', 'y=1', '%=%', '__proto__=1']) {
      assert.equal(cookieValue(header, 'x'), null, String(header));
    }
    assert.equal(cookieValue('toString=1', 'valueOf'), null);
  });
});
