/** Where our own pages are, and which requests are for them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isPortalRequest,
  isSecretPath,
  pageUrl,
  portalAt,
  shownPath,
} from '../../../src/core/locations.ts';

describe('portalAt', () => {
  test('takes the address apart', () => {
    assert.deepEqual(portalAt('https://console.example.com/_mfa/'), {
      origin: 'https://console.example.com',
      host: 'console.example.com',
      basePath: '/_mfa',
      url: 'https://console.example.com/_mfa',
    });
  });

  test('knows a portal with a host of its own, and one on an IPv6 address', () => {
    assert.equal(portalAt('https://id.example.com').basePath, '');
    assert.equal(portalAt('http://[::1]:8080/_mfa').host, '::1');
  });
});

describe('pageUrl', () => {
  test('carries the place to return to', () => {
    const portal = portalAt('https://console.example.com/_mfa');

    assert.equal(pageUrl(portal, 'account'), 'https://console.example.com/_mfa/account');
    assert.equal(
      pageUrl(portal, 'sign-in', 'https://console.example.com/admin?x=1&y'),
      'https://console.example.com/_mfa/sign-in?return_to=https%3A%2F%2Fconsole.example.com%2Fadmin%3Fx%3D1%26y',
    );
  });
});

describe('isPortalRequest', () => {
  const portal = portalAt('https://console.example.com/_mfa');
  const ofItsOwn = portalAt('https://id.example.com');

  // prettier-ignore
  const cases = [
    [portal,   'console.example.com', '/_mfa',          true],
    [portal,   'console.example.com', '/_mfa/',         true],
    [portal,   'console.example.com', '/_mfa/sign-in',  true],
    [portal,   'console.example.com', '/_mfax',         false],
    [portal,   'console.example.com', '/',              false],
    [portal,   'console.example.com', '/admin/_mfa',    false],
    [portal,   'app.example.com',     '/_mfa/sign-in',  false],
    [ofItsOwn, 'id.example.com',      '/anything',      true],
    [ofItsOwn, 'console.example.com', '/anything',      false],
  ] as const;

  for (const [where, host, path, isOurs] of cases) {
    test(`${host}${path} ${isOurs ? 'is' : 'is not'} for ${where.url}`, () => {
      assert.equal(isPortalRequest(where, { host, path }), isOurs);
    });
  }
});

describe('an address that holds a secret', () => {
  const portal = portalAt('https://console.example.com/_mfa');
  const host = 'console.example.com';
  const path = '/_mfa/link/Zk9wqT1xYb3Lr0cVn7mPs5dFh2jKg8uEi4oAq6tRy1w';

  test('is that of a one-time link, whole or torn, and is not repeated (G9)', () => {
    for (const one of [path, `${path}/`, `${path}/x`, `${path})`, '/_mfa/link/']) {
      assert.equal(isSecretPath(portal, { host, path: one }), true, one);
      assert.equal(shownPath(portal, { host, path: one }), '/_mfa/link/…');
      assert.equal(shownPath(portal, { path: one }), '/_mfa/link/…', 'on a host that is not known');
    }
  });

  test('is none on another host, elsewhere, or of another name', () => {
    for (const other of [
      { host: 'other.example.com', path },
      { host, path: '/link/x' },
      { host, path: '/_mfa/links/x' },
      { host, path: '/_mfa/sign-in' },
    ]) {
      assert.equal(isSecretPath(portal, other), false, other.path);
      assert.equal(shownPath(portal, other), other.path);
    }
  });
});
