/** URIs of authenticator apps from elsewhere: read as apps read them, or refused without the secret. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { readOtpauthUri } from '../../../../src/methods/totp/otpauth-uri.ts';
import { createTotpEnrollment } from '../../../../src/methods/totp/totp.ts';
import { createSealer } from '../../../../src/platform/seal.ts';
import { NOON } from '../../../support/fixed-clock.ts';
import { codeAt } from '../../../support/authenticator-app.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('the URI of an app', () => {
  test('says whose it is, what the codes are made of, and how much secret there is', () => {
    const uri = `otpauth://totp/ACME%20Co:anna@example.com?secret=${secret}&issuer=ACME&algorithm=SHA256&digits=8&period=60`;

    assert.deepEqual(readOtpauthUri(uri), {
      ok: true,
      account: 'anna@example.com',
      issuer: 'ACME',
      secretBits: 160,
      credential: { secret, algorithm: 'SHA256', digits: 8, periodSeconds: 60 },
    });
  });

  test('has defaults for what it leaves out (Key Uri Format)', () => {
    assert.deepEqual(readOtpauthUri(`otpauth://totp/anna?secret=${secret}`), {
      ok: true,
      account: 'anna',
      issuer: null,
      secretBits: 160,
      credential: { secret, algorithm: 'SHA1', digits: 6, periodSeconds: 30 },
    });
  });

  // prettier-ignore
  const spellings = [
    ['in lower case',           secret.toLowerCase()],
    ['with padding',            `${secret}======`],
    ['in groups of four',       secret.replaceAll(/(.{4})/g, '$1%20')],
    ['with hyphens',            secret.replaceAll(/(.{4})(?=.)/g, '$1-')],
  ] as const;
  for (const [how, written] of spellings) {
    test(`is the same with the secret ${how}`, () => {
      const reading = readOtpauthUri(`otpauth://totp/anna?secret=${written}`);
      assert.equal(reading.ok && reading.credential.secret, secret);
    });
  }

  test('may have bits beyond the last byte, which apps drop', () => {
    const [even, odd] = ['GEZDGNBVGY3TQOJQGEZDGNBV2A', 'GEZDGNBVGY3TQOJQGEZDGNBV2B'].map((text) =>
      readOtpauthUri(`otpauth://totp/anna?secret=${text}`),
    );
    assert.deepEqual(odd, even);
  });

  // prettier-ignore
  const labels = [
    ['otpauth://totp/anna',                 'anna', null],
    ['otpauth://totp/ACME:anna',            'anna', 'ACME'],
    ['otpauth://totp/ACME%3Aanna',          'anna', 'ACME'],
    ['otpauth://totp/ACME%3A%20anna',       'anna', 'ACME'],
    ['otpauth://TOTP/ACME:anna',            'anna', 'ACME'],
    ['otpauth://totp/Z%C3%BCrich:anna',     'anna', 'Zürich'],
  ] as const;
  for (const [head, account, issuer] of labels) {
    test(`${head} belongs to ${account}`, () => {
      const reading = readOtpauthUri(`${head}?secret=${secret}`);
      assert.deepEqual(reading.ok && [reading.account, reading.issuer], [account, issuer]);
    });
  }

  // prettier-ignore
  const refused = [
    ['of another scheme',        `https://example.com/?secret=${secret}`],
    ['that is no URI',           'anna'],
    ['that goes by a counter',   `otpauth://hotp/anna?secret=${secret}&counter=1`],
    ['of Steam',                 `otpauth://steam/anna?secret=${secret}`],
    ['of an app\'s export',      'otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGFRlc3Q='],
    ['without a secret',         'otpauth://totp/anna?issuer=ACME'],
    ['with an empty secret',     'otpauth://totp/anna?secret='],
    ['with two secrets',         `otpauth://totp/anna?secret=${secret}&secret=${secret}`],
    ['that is not Base32',       `otpauth://totp/anna?secret=0189${secret}`],
    ['with a secret of zeros',   `otpauth://totp/anna?secret=${'A'.repeat(32)}`],
    ['with an endless secret',   `otpauth://totp/anna?secret=${secret.repeat(7)}`],
    ['with another algorithm',   `otpauth://totp/anna?secret=${secret}&algorithm=MD5`],
    ['with seven digits',        `otpauth://totp/anna?secret=${secret}&digits=7`],
    ['with a period of 0',       `otpauth://totp/anna?secret=${secret}&period=0`],
    ['with a period of an hour', `otpauth://totp/anna?secret=${secret}&period=3600`],
    ['with half a period',       `otpauth://totp/anna?secret=${secret}&period=30.5`],
    ['without a name',           `otpauth://totp/?secret=${secret}`],
    ['with a broken name',       `otpauth://totp/%E0%A4%A?secret=${secret}`],
  ] as const;
  for (const [what, uri] of refused) {
    test(`${what} is refused, in a sentence without the secret (G9)`, () => {
      const reading = readOtpauthUri(uri);
      assert.ok(!reading.ok);
      assert.match(reading.sentence, /^[A-Z].*\.$/);
      assert.ok(!reading.sentence.includes('GEZD'));
    });
  }

  test('never throws (property)', () => {
    fc.assert(
      fc.property(fc.string(), fc.webQueryParameters(), (label, query) => {
        readOtpauthUri(`otpauth://totp/${label}?${query}`);
        readOtpauthUri(label);
      }),
    );
  });

  test('of any secret makes the codes that the app shows (property)', () => {
    const enrollment = createTotpEnrollment({
      sealer: createSealer([seededRandom('key').bytes(32)], seededRandom()),
      random: seededRandom(),
      settings: () => ({
        algorithm: 'SHA1',
        digits: 6,
        periodSeconds: 30,
        window: 1,
        issuer: 'Example Corp',
      }),
      wallTime: (now) => now,
    });
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')),
          minLength: 16,
          maxLength: 64,
        }),
        (written) => {
          const reading = enrollment.readUri(`otpauth://totp/anna?secret=${written}`);
          if (!reading.ok) return;
          const code = codeAt(reading.credential.secret, NOON);
          assert.equal(enrollment.stepOf(reading.credential, code, NOON), NOON / 30_000);
        },
      ),
    );
  });
});
