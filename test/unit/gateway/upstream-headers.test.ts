/** The headers of a request on their way to an upstream. Holds G4. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { foldHeaderName, isOwnedHeader } from '../../../src/core/header-names.ts';
import { nobody } from '../../../src/gateway/identity-headers.ts';
import {
  upstreamHeaders,
  upstreamTrailers,
  withoutOwnCookies,
} from '../../../src/gateway/upstream-headers.ts';
import { aRequest } from '../../support/builders.ts';

const identity = { ...nobody, 'Remote-User': 'anna' };

function rebuilt(rawHeaders: readonly string[], who: typeof identity | null = identity) {
  const joined: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const known = joined[name];
    const value = rawHeaders[index + 1] ?? '';
    joined[name] = known === undefined ? value : `${known}, ${value}`;
  }
  return upstreamHeaders(rawHeaders, joined, {
    request: aRequest(),
    identity: who,
    portal: { url: 'https://console.example.com/_mfa' },
    via: 'sallyport-1',
    httpVersion: '1.1',
  });
}

describe('the headers for an upstream', () => {
  test('never hold an owned name but as we wrote it, whatever a client sends', () => {
    const owned = fc.constantFrom('remote-user', 'remote-groups', 'x-forwarded-for', 'x-real-ip');
    const sign = fc.constantFrom('-', '_', '.');
    const name = fc.tuple(owned, sign, fc.boolean()).map(([text, sign, isUpper]) => {
      const spelled = text.replaceAll('-', sign);
      return isUpper ? spelled.toUpperCase() : spelled;
    });
    const line = fc.tuple(fc.oneof(name, fc.constant('Connection')), fc.oneof(name, fc.string()));
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, isKnown) => {
        const result = rebuilt(lines.flat(), isKnown ? identity : null);
        const ours = Object.keys(result).filter((name) => isOwnedHeader(name));
        assert.equal(new Set(ours.map(foldHeaderName)).size, ours.length);
        assert.equal(result['Remote-User'], isKnown ? 'anna' : undefined);
        assert.equal(result['X-Forwarded-For'], '10.20.0.7');
        assert.equal(result['x-real-ip'], undefined);
      }),
    );
  });

  test('keep the length of the body, whatever `Connection` nominates', () => {
    const result = rebuilt(['Connection', 'content-length', 'Content-Length', '5']);
    assert.equal(result['content-length'], '5');
  });

  test('name every hop in Via', () => {
    assert.equal(
      rebuilt(['Via', '1.0 edge', 'Via', '1.1 inner'])['Via'],
      '1.0 edge, 1.1 inner, 1.1 sallyport-1',
    );
  });

  test('ask for trailers only where the client did', () => {
    assert.equal(rebuilt([])['TE'], undefined);
    assert.equal(rebuilt(['TE', 'gzip;q=0.5, Trailers'])['TE'], 'trailers');
  });
});

test('trailers that frame, route, authenticate or are ours stay behind', () => {
  const raw = ['X-Sum', '1', 'Authorization', 'x', 'Remote_User', 'root', 'Transfer-Encoding', 'x'];
  assert.deepEqual(upstreamTrailers(raw), [['X-Sum', '1']]);
});

test('our cookies are left out and the others kept octet for octet', () => {
  // prettier-ignore
  const cases = [
    ['a=1; b=2',                                   'a=1; b=2'],
    ['sallyport=s%3Ax',                            null],
    ['sallyport=x; sallyport=y',                   null],
    ['a=1;sallyport=x;b=2',                        'a=1;b=2'],
    ['__Host-sallyport=x; a="1; 2"',               'a="1; 2"'],
    ['__Secure-sallyport=x; __Host-sallyport-csrf=y; a', 'a'],
    ['__HOST-SALLYPORT=x; a=1',                    'a=1'],
    ['sallyport-device=s1.x; a=1; __Host-sallyport-device=y', 'a=1'],
    ['notsallyport=1; sallyport2=2',               'notsallyport=1; sallyport2=2'],
    ['a=sallyport=1',                              'a=sallyport=1'],
  ] as const;
  for (const [header, rest] of cases) assert.equal(withoutOwnCookies(header), rest, header);
});
