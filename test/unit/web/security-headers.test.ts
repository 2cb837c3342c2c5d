/** The fence around our own pages, directive by directive. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { securityHeaders } from '../../../src/web/security-headers.ts';

const site = {
  portalOrigin: 'https://id.example.com',
  formTargets: ['https://console.example.com', 'https://*.lab.example.com'],
};

const policyOf = (headers: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(
    (headers['content-security-policy'] ?? '').split(';').map((directive) => {
      const [name = '', ...values] = directive.trim().split(' ');
      return [name, values.join(' ')];
    }),
  );

describe('security headers', () => {
  const headers = securityHeaders(site, 'bm9uY2U=');
  const policy = policyOf(headers);

  test('load nothing from anywhere but ourselves', () => {
    assert.equal(policy.get('default-src'), "'none'");
    assert.equal(policy.get('object-src'), "'none'");
    assert.equal(policy.get('base-uri'), "'none'");
    assert.equal(policy.get('frame-ancestors'), "'none'");
    for (const kind of ['script-src', 'style-src']) {
      assert.equal(policy.get(kind), "'self' https://id.example.com 'nonce-bm9uY2U='");
    }
    assert.doesNotMatch(headers['content-security-policy'] ?? '', /unsafe|\*(?!\.lab)/);
  });

  test('let forms lead to our own hosts, which redirects after a post must reach', () => {
    assert.equal(
      policy.get('form-action'),
      "'self' https://console.example.com https://*.lab.example.com",
    );
  });

  test('stand as they were agreed', () => {
    assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.match(headers['Permissions-Policy'] ?? '', /camera=\(\)/);
  });

  test('promise https only where there is https', () => {
    const plain = securityHeaders({ portalOrigin: 'http://localhost:8080', formTargets: [] }, 'x');

    assert.equal(plain['strict-transport-security'], undefined);
    assert.doesNotMatch(plain['content-security-policy'] ?? '', /upgrade-insecure-requests/);
  });
});
