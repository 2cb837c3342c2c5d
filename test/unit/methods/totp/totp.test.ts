/** Enrolling an authenticator app: secret, picture, address and first code. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import type { AuthenticatorId, UserId } from '../../../../src/core/ids.ts';
import { totpRow } from '../../../../src/core/sealed-rows.ts';
import { createTotpEnrollment, type TotpSettings } from '../../../../src/methods/totp/totp.ts';
import { createSealer, UnsealError } from '../../../../src/platform/seal.ts';
import { base32, codeAt } from '../../../support/authenticator-app.ts';
import { NOON } from '../../../support/fixed-clock.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const sealer = createSealer([seededRandom('key').bytes(32)], seededRandom());

function enrollmentWith(changes: Partial<TotpSettings> = {}) {
  const settings: TotpSettings = {
    algorithm: 'SHA1',
    digits: 6,
    periodSeconds: 30,
    window: 1,
    issuer: 'Example Corp',
    ...changes,
  };
  return createTotpEnrollment({
    sealer,
    random: seededRandom(),
    settings: () => settings,
    wallTime: (now) => now,
  });
}

interface Vectors {
  readonly secrets: Readonly<Record<'SHA1' | 'SHA256' | 'SHA512', string>>;
  readonly vectors: readonly ({ readonly seconds: number } & Readonly<
    Record<'SHA1' | 'SHA256' | 'SHA512', string>
  >)[];
}

describe('RFC 6238, appendix B', () => {
  const file = path.join(import.meta.dirname, '../../../conformance/rfc6238.json');
  const { secrets, vectors } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
  const enrollment = enrollmentWith({ window: 0 });

  for (const algorithm of ['SHA1', 'SHA256', 'SHA512'] as const) {
    const secret = base32(Buffer.from(secrets[algorithm]));
    for (const vector of vectors) {
      test(`${algorithm} at ${String(vector.seconds)} s`, () => {
        const credential = { secret, algorithm, digits: 8, periodSeconds: 30 } as const;

        const step = enrollment.stepOf(credential, vector[algorithm], vector.seconds * 1000);

        assert.equal(step, Math.floor(vector.seconds / 30));
        assert.equal(codeAt(secret, vector.seconds * 1000, credential), vector[algorithm]);
      });
    }
  }
});

describe('a fresh secret', () => {
  test('has 160 bits in base 32, another one each time', () => {
    const enrollment = enrollmentWith();

    const { secret } = enrollment.begin();

    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.notEqual(secret, enrollment.begin().secret);
  });

  test('remembers the settings that it was made under', () => {
    const credential = enrollmentWith({
      algorithm: 'SHA256',
      digits: 8,
      periodSeconds: 60,
    }).begin();

    const { secret: _, ...settings } = credential;
    assert.deepEqual(settings, { algorithm: 'SHA256', digits: 8, periodSeconds: 60 });
    const code = codeAt(credential.secret, NOON, settings);
    assert.equal(enrollmentWith().stepOf(credential, code, NOON), NOON / 60_000);
  });

  test('is sealed for its own row', () => {
    const enrollment = enrollmentWith();
    const credential = enrollment.begin();

    const sealed = enrollment.seal('usr_anna' as UserId, 'ath_1' as AuthenticatorId, credential);

    assert.equal(sealed.includes(credential.secret), false);
    const opened = sealer.unseal(sealed, totpRow('usr_anna' as UserId, 'ath_1' as AuthenticatorId));
    assert.deepEqual(JSON.parse(opened.toString()), credential);
    assert.throws(
      () => sealer.unseal(sealed, totpRow('usr_ben' as UserId, 'ath_1' as AuthenticatorId)),
      UnsealError,
    );
  });
});

describe('what the person scans', () => {
  test('names issuer and account, each escaped', async () => {
    const enrollment = enrollmentWith({ issuer: 'Söhne & Co: IT' });
    const credential = enrollment.begin();

    const { otpauthUrl, account } = await enrollment.present(
      { username: 'anna+x@a.example' },
      credential,
    );

    assert.equal(account, 'anna+x@a.example');
    const url = new URL(otpauthUrl);
    assert.equal(url.protocol + '//' + url.host, 'otpauth://totp');
    assert.equal(
      otpauthUrl,
      `otpauth://totp/S%C3%B6hne%20%26%20Co%20%20IT:anna%2Bx%40a.example` +
        `?secret=${credential.secret}&issuer=S%C3%B6hne%20%26%20Co%20%20IT`,
    );
    assert.equal(url.searchParams.get('secret'), credential.secret);
  });

  test('says what differs from what every app assumes', async () => {
    const enrollment = enrollmentWith({ algorithm: 'SHA512', digits: 8, periodSeconds: 60 });

    const { otpauthUrl } = await enrollment.present({ username: 'anna' }, enrollment.begin());

    assert.match(otpauthUrl, /&algorithm=SHA512&digits=8&period=60$/);
  });

  test('is a picture without anything that a browser would run or fetch', async () => {
    const enrollment = enrollmentWith({ issuer: '"><script>alert(1)</script>' });

    const { qrSvg } = await enrollment.present({ username: 'anna' }, enrollment.begin());

    assert.match(qrSvg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]* viewBox="0 0 /);
    assert.doesNotMatch(qrSvg, /script|href|url\(|<style|<image| on\w+=/i);
  });
});

describe('the first code', () => {
  const enrollment = enrollmentWith();
  const credential = enrollment.begin();
  const step = NOON / 30_000;
  const code = codeAt(credential.secret, NOON);

  // prettier-ignore
  const cases = [
    ['of this step',              codeAt(credential.secret, NOON),               step],
    ['of the step before',        codeAt(credential.secret, NOON, { steps: -1 }), step - 1],
    ['of the step after',         codeAt(credential.secret, NOON, { steps: 1 }),  step + 1],
    ['two steps old',             codeAt(credential.secret, NOON, { steps: -2 }), null],
    ['two steps early',           codeAt(credential.secret, NOON, { steps: 2 }),  null],
    ['with a blank in the middle', `${code.slice(0, 3)} ${code.slice(3)}`,        step],
    ['with blanks around it',     `  ${code}\n`,                                  step],
    ['with a hyphen',             `${code.slice(0, 3)}-${code.slice(3)}`,         step],
    ['one digit short',           code.slice(1),                                  null],
    ['one digit long',            `${code}0`,                                     null],
    ['in full-width digits',      code.replace(/./g, (digit) => String.fromCodePoint(0xff10 + Number(digit))), null],
    ['with a sign',               `+${code.slice(1)}`,                            null],
    ['with an exponent',          `${code.slice(0, 4)}e1`,                        null],
    ['that is empty',             '',                                             null],
    ['that is very long',         code.repeat(100_000),                           null],
  ] as const;
  for (const [what, typed, expected] of cases) {
    test(`${what} is ${expected === null ? 'wrong' : 'right'}`, () => {
      assert.equal(enrollment.stepOf(credential, typed, NOON), expected);
    });
  }

  test('counts steps to the second: the last of one belongs to it, the next to the next', () => {
    const late = NOON + 29_999;

    assert.equal(enrollment.stepOf(credential, codeAt(credential.secret, late), late), step);
    assert.equal(
      enrollment.stepOf(credential, codeAt(credential.secret, late + 1), late + 1),
      step + 1,
    );
  });
});
