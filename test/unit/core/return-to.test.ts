/** What the corpora in test/conformance do not say of return addresses: other shapes of a portal. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portalAt } from '../../../src/core/locations.ts';
import { destinationAt, safeReturnTo } from '../../../src/core/return-to.ts';
import { aRoute } from '../../support/builders.ts';

describe('safeReturnTo', () => {
  test('leads to the portal and to the public origin when they are different hosts', () => {
    const places = {
      publicUrl: 'https://console.example.com:8443',
      portal: portalAt('https://id.example.com'),
      cookieDomain: 'example.com',
      routes: [aRoute({ host: 'app.example.com' }), aRoute({ host: 'example.com' })],
    };
    const stays = (address: string) => {
      assert.equal(safeReturnTo(address, places), address);
    };

    stays('https://console.example.com:8443/sign-out');
    stays('https://app.example.com:8443/sign-out');
    stays('https://example.com:8443/');
    stays('https://id.example.com/account');
    stays('https://id.example.com/');
    assert.equal(safeReturnTo('/account', places), 'https://id.example.com/account');
    assert.equal(safeReturnTo('https://id.example.com/sign-out', places), null);
    assert.equal(safeReturnTo('https://id.example.com/anything', places), null);
    assert.equal(safeReturnTo('https://app.example.com/', places), null);
    assert.equal(safeReturnTo('https://other.example.com:8443/', places), null);
  });

  test("does not lead to routes' hosts that the session cookie does not reach", () => {
    const places = {
      publicUrl: 'https://console.example.com',
      portal: portalAt('https://console.example.com/_mfa'),
      cookieDomain: null,
      routes: [aRoute({ host: 'app.example.com' })],
    };

    assert.equal(safeReturnTo('https://app.example.com/', places), null);
  });

  test('works over plain http on loopback, with a port', () => {
    const places = {
      publicUrl: 'http://127.0.0.1:8080',
      portal: portalAt('http://127.0.0.1:8080/_mfa'),
      cookieDomain: null,
      routes: [],
    };

    assert.equal(safeReturnTo('/admin', places), 'http://127.0.0.1:8080/admin');
    assert.equal(
      safeReturnTo('http://127.0.0.1:8080/admin', places),
      'http://127.0.0.1:8080/admin',
    );
    assert.equal(safeReturnTo('http://127.0.0.1:8081/admin', places), null);
    assert.equal(safeReturnTo('http://127.1:8080/admin', places), null);
    assert.equal(safeReturnTo('http://localhost:8080/admin', places), null);
  });
});

describe('a destination', () => {
  test('is the route in words and the page below it', () => {
    assert.deepEqual(destinationAt({ name: 'admin-console' }, '/admin/users/7'), {
      name: 'Admin console',
      path: '/admin/users/7',
    });
  });
});
