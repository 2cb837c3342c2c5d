/** What sessions are called in the list of sessions. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deviceName } from '../../../src/core/device-name.ts';

const mozilla = 'Mozilla/5.0';
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

// prettier-ignore
const cases = [
  [`${mozilla} (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0`,                    'Firefox on Linux'],
  [`${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0.0.0 Safari/537.36`,        'Chrome on Windows'],
  [`${mozilla} (Windows NT 10.0) ${webkit} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`,      'Edge on Windows'],
  [`${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.6 Safari/605.1.15`,    'Safari on macOS'],
  [`${mozilla} (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${webkit} Version/18.6 Mobile/15E148 Safari/604.1`, 'Safari on iPhone'],
  [`${mozilla} (Linux; Android 15; Pixel 9) ${webkit} Chrome/141.0.0.0 Mobile Safari/537.36`,  'Chrome on Android'],
  ['curl/8.14.1',                                                                              'curl'],
  ['<script>alert(1)</script>',                                                                null],
  ['',                                                                                         null],
] as const;

describe('deviceName', () => {
  for (const [userAgent, name] of cases) {
    test(`calls ${userAgent.slice(0, 60)} ${name ?? 'nothing'}`, () => {
      assert.equal(deviceName(userAgent), name);
    });
  }
});
