/** Names that only we may set toward an upstream, in every spelling. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionTokens, foldHeaderName, isOwnedHeader } from '../../../src/core/header-names.ts';

// prettier-ignore
const identity = [
  'Remote-User', 'Remote-Groups', 'Remote-Name', 'Remote-Email', 'X-Sallyport-Assertion', 'X-Sallyport-Anything',
  'Sallyport-Response', 'X-Remote-User', 'X-User-ID', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-WEBAUTH-USER',
  'X-Authentik-Username', 'X-Authenticated-Userid', 'X-Client-Cert', 'X-SSL-Client-DN', 'SSL-Client-Verify',
  'X-Remote-Group', 'X-Remote-Extra-Scopes',
];

// prettier-ignore
const transport = [
  'Forwarded', 'X-Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port',
  'X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-User', 'X-Forwarded-Groups',
  'X-Forwarded-Client-Cert', 'X-Real-IP', 'X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Request-Id',
  'X-Original-URL', 'X-Original-URI', 'X-Original-Method', 'X-Original-Host', 'X-Rewrite-URL', 'X-HTTP-Method-Override',
  'X-HTTP-Method', 'X-Method-Override', 'Client-IP', 'Proxy-Client-IP', 'WL-Proxy-Client-IP', 'X-Envoy-External-Address',
  'X-Envoy-Original-Path', 'X-Host', 'X-HTTP-Host-Override',
];

// prettier-ignore
const others = [
  'Host', 'Accept', 'Cookie', 'Authorization', 'Content-Type', 'Content-Length', 'User-Agent', 'Origin', 'Referer',
  'X-Requested-With', 'X-CSRF-Token', 'X-Auth-Token', 'X-Api-Key', 'Remote', 'Remote-Users', 'X-Sally', 'Range',
  'Sec-WebSocket-Key', 'X-Request', 'X-Request-Id-2', 'X-Forward', 'Traceparent', 'Idempotency-Key', 'OpenAI-Beta',
];

/** The spellings that CGI, WSGI, PHP and lenient servers take for the same name. */
function spellingsOf(name: string): readonly string[] {
  return [
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
    name.replaceAll('-', '_').toLowerCase(),
    name.replace('-', '_'),
    name.replaceAll('-', '~'),
    name.replaceAll('-', '!'),
  ];
}

// An attacker's groups reached an upstream that reads Kubernetes' names (`X-Remote-Group` beside
// `X-Remote-User`), and so did their own word for their address, host and path.
describe('isOwnedHeader (G4)', () => {
  for (const name of [...identity, ...transport]) {
    test(`holds for ${name} in every spelling`, () => {
      for (const spelling of spellingsOf(name))
        assert.equal(isOwnedHeader(spelling), true, spelling);
    });
  }

  for (const name of others) {
    test(`leaves ${name} alone`, () => {
      for (const spelling of spellingsOf(name))
        assert.equal(isOwnedHeader(spelling), false, spelling);
    });
  }
});

describe('foldHeaderName', () => {
  test('makes one name of what servers make one variable of', () => {
    assert.equal(foldHeaderName('X_Forwarded.User'), 'x-forwarded-user');
    assert.equal(foldHeaderName('remote~user'), 'remote-user');
  });
});

describe('connectionTokens', () => {
  test('lists what a connection header nominates, in lower case', () => {
    assert.deepEqual(connectionTokens('keep-alive, Remote-User ,,\tX-Foo'), [
      'keep-alive',
      'remote-user',
      'x-foo',
    ]);
  });

  test('reads repeated headers as one list', () => {
    assert.deepEqual(connectionTokens(['close', 'Remote-User']), ['close', 'remote-user']);
  });

  test('is empty where there is none', () => {
    assert.deepEqual(connectionTokens(undefined), []);
    assert.deepEqual(connectionTokens(''), []);
    assert.deepEqual(connectionTokens([]), []);
  });
});
