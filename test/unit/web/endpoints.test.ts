/** Laws over the table of our own pages. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Endpoint } from '../../../src/web/endpoint.ts';
import { endpoints, matchEndpoint } from '../../../src/web/endpoints.ts';
import { fileNamed, markdownTable } from '../../support/source-files.ts';

const named = ({ method, path }: Endpoint): string => `${method} ${path}`;

/** A path that the row answers. */
const example = ({ path }: Endpoint): string => path.replace(/:\w+/, 'something');

describe('the endpoint table', () => {
  test('protects every POST from other sites, and lets no GET change anything', () => {
    for (const endpoint of endpoints) {
      assert.equal(endpoint.csrf, endpoint.method === 'POST' ? 'on' : 'off', named(endpoint));
    }
  });

  test('counts every page; only files cost nothing', () => {
    const uncounted = endpoints.filter(({ limit }) => limit === 'file').map(named);
    assert.deepEqual(uncounted, [
      'GET /assets/:name',
      'GET /.well-known/jwks.json',
      'GET /api/openapi.json',
    ]);
  });

  test('counts every form that takes a guess as one', () => {
    const guesses = endpoints.filter(({ limit }) => limit === 'code').map(named);
    assert.deepEqual(guesses, [
      'POST /sign-in',
      'POST /link/:secret',
      'POST /challenge',
      'POST /challenge/recovery-code',
      'POST /enroll/totp',
      'POST /enroll/passkey',
      'POST /recovery-codes',
      'POST /step-up',
      'POST /account/password',
      'POST /account/disable-mfa',
    ]);
  });

  test('lets anyone in only where there is nothing to protect', () => {
    const open = endpoints.filter(({ who }) => who === 'anyone').map(named);
    assert.deepEqual(open, [
      'GET /',
      'GET /sign-in',
      'POST /sign-in',
      'GET /sign-out',
      'GET /link/:secret',
      'POST /link/:secret',
      'GET /problems/:code',
      'GET /assets/:name',
      'GET /.well-known/jwks.json',
      'GET /api',
      'GET /api/openapi.json',
    ]);
  });

  test('shows nothing of an account before everything is proved and enrolled', () => {
    for (const endpoint of endpoints.filter(({ path }) => path.startsWith('/account'))) {
      assert.equal(endpoint.who, 'complete', named(endpoint));
    }
  });

  test('lets nobody change how they sign in who still owes a second factor', () => {
    const changing = endpoints.filter(({ path }) => /^\/(?:enroll|recovery-codes)/.test(path));
    assert.ok(changing.length > 0);
    for (const endpoint of changing) assert.equal(endpoint.who, 'challenge-met', named(endpoint));
  });

  test('is the one in the documents', () => {
    const [, ...rows] = markdownTable(fileNamed('docs/endpoints.md'), 'method');
    const documented = rows.map((row) => row.slice(0, 5).join(' ').replaceAll('`', ''));
    const written = endpoints.map(({ method, path, who, csrf, limit }) =>
      [method, path, who, csrf, limit].join(' '),
    );
    assert.deepEqual(documented, written);
  });

  test('has no two rows that answer one request', () => {
    for (const endpoint of endpoints) {
      const match = matchEndpoint(endpoint.method, example(endpoint));
      assert.equal(match.kind === 'endpoint' ? match.endpoint : null, endpoint, named(endpoint));
    }
  });

  test('answers HEAD where it answers GET', () => {
    for (const endpoint of endpoints.filter(({ method }) => method === 'GET')) {
      const match = matchEndpoint('HEAD', example(endpoint));
      assert.equal(match.kind === 'endpoint' ? match.endpoint : null, endpoint, named(endpoint));
    }
  });

  test('names what a known path allows to any other method', () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      assert.deepEqual(matchEndpoint(method, '/step-up'), {
        kind: 'other-method',
        allowed: ['HEAD', 'GET', 'POST'],
      });
    }
    assert.deepEqual(matchEndpoint('POST', '/enroll'), {
      kind: 'other-method',
      allowed: ['HEAD', 'GET'],
    });
  });

  test('knows paths exactly: no slash more, no other case, nothing below', () => {
    for (const path of [
      '',
      '/sign-in/',
      '/SIGN-IN',
      '/sign-in/x',
      '/sign',
      '/assets/',
      '/assets',
    ]) {
      assert.equal(matchEndpoint('GET', path).kind, 'none', path);
    }
    assert.equal(matchEndpoint('GET', '/assets/a/b').kind, 'none');
    assert.equal(matchEndpoint('GET', '/problems/').kind, 'none');
  });
});
