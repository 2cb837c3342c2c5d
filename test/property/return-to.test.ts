/** The law of return addresses: they stay on our own hosts, whatever the encoding (G11). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { portalAt } from '../../src/core/locations.ts';
import { safeReturnTo } from '../../src/core/return-to.ts';
import { hostileText } from '../support/arbitraries.ts';
import { aRoute } from '../support/builders.ts';

const places = {
  publicUrl: 'https://console.example.com',
  portal: portalAt('https://console.example.com/_mfa'),
  cookieDomain: 'example.com',
  routes: [aRoute({ host: 'app.example.com' }), aRoute({ host: '*.lab.example.com' })],
};

function isOurHost(host: string): boolean {
  return (
    host === 'console.example.com' ||
    host === 'app.example.com' ||
    host.endsWith('.lab.example.com')
  );
}

describe('safeReturnTo', () => {
  const start = fc.constantFrom(
    '',
    '/',
    '//',
    'https://',
    'https:',
    'https://console.example.com',
    'https://console.example.com/',
    'https://app.example.com',
    'https://x.lab.example.com',
    'https://console.example.com/_mfa/',
    '/_mfa/',
    'javascript:',
  );
  const untrusted = fc.tuple(start, hostileText).map((parts) => parts.join(''));

  test('accepts only our own origins, as a browser reads them', () => {
    fc.assert(
      fc.property(fc.oneof(untrusted, fc.string({ unit: 'binary' }), fc.webUrl()), (text) => {
        const returnTo = safeReturnTo(text, places);
        if (returnTo === null) return;
        // Relative to anything at all: it must be absolute by itself.
        const read = new URL(returnTo, 'https://evil.example/x/');

        assert.equal(read.protocol, 'https:');
        assert.ok(isOurHost(read.hostname), `${text} → ${returnTo}`);
        assert.deepEqual([read.port, read.username, read.password, read.hash], ['', '', '', '']);
        assert.match(returnTo, /^[\x21-\x7e]+$/);
      }),
      { numRuns: 5000 },
    );
  });

  test('leads to the same place when it is asked twice', () => {
    fc.assert(
      fc.property(untrusted, (text) => {
        const returnTo = safeReturnTo(text, places);
        if (returnTo !== null) assert.equal(safeReturnTo(returnTo, places), returnTo);
      }),
      { numRuns: 3000 },
    );
  });

  test('never leads to a page of the portal but the account and the administration', () => {
    fc.assert(
      fc.property(untrusted, (text) => {
        const returnTo = safeReturnTo(text, places);
        if (returnTo?.startsWith('https://console.example.com/_mfa/') !== true) return;
        assert.match(new URL(returnTo).pathname, /^\/_mfa\/(?:(?:account|admin)(?:\/.*)?)?$/);
      }),
      { numRuns: 3000 },
    );
  });
});
