/** Which new passwords are taken. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { passwordRefusal } from '../../../../src/methods/password/password-rules.ts';

const anna = { username: 'anna', issuer: 'Example Corp', lengthMin: 12 };

describe('a new password', () => {
  // prettier-ignore
  const cases = [
    // password                             length from   refusal
    ['gnome-lamp-violin',                    12,           null],
    ['correct horse battery staple',         12,           null],
    ['mY dog ate 7 shoes',                   12,           null],
    ['xkqzvbnwrtpl',                         12,           null],
    ['ünïcödé änd øthér',                    12,           null],
    ['пять зелёных ламп',                    12,           null],
    ['🐙🦑🐠🦞🐡🦀🐬🐳',                          8,           null],
    ['a'.repeat(11) + '!',                   12,           'too-common'],
    ['gnomeviolin',                          12,           'too-short'],
    ['gnome-violin',                         12,           null],
    ['xkqzvbn',                               8,           'too-short'],
    ['xkqzvbnw',                              8,           null],
    ['xkqzvbnwrtplfh',                       15,           'too-short'],
    ['xkqzvbnwrtplfhd',                      15,           null],
    ['password123',                           8,           'too-common'],
    ['Password2024!',                        12,           'too-common'],
    ['p@ssw0rd1234',                         12,           'too-common'],
    ['PASSWORDpassword',                     12,           'too-common'],
    ['drowssapdrowssap',                     12,           'too-common'],
    ['123456789012',                         12,           'too-common'],
    ['112233445566',                         12,           'too-common'],
    ['abcdefghijkl',                         12,           'too-common'],
    ['qwertyuiop12',                         12,           'too-common'],
    ['1q2w3e4r5t6y',                         12,           'too-common'],
    ['zxcvbnmasdfgh',                        12,           'too-common'],
    ['aaaaaaaaaaaa',                         12,           'too-common'],
    ['iloveyouforever',                      12,           'too-common'],
    ['Summer2025Summer2025',                 12,           'too-common'],
    ['letmein-welcome',                      12,           'too-common'],
    ['monkey dragon',                        12,           'too-common'],
    ['annaannaanna',                         12,           'too-common'],
    ['anna-2026-anna',                       12,           'too-close-to-the-name'],
    ['example corp 1',                       12,           'too-close-to-the-name'],
    ['Sallyport2026',                        12,           'too-close-to-the-name'],
    ['line\nbreak and more',                 12,           'not-typeable'],
    ['a tab\tin the middle',                 12,           'not-typeable'],
    ['half a pair \ud83d of it',             12,           'not-typeable'],
    ['x'.repeat(300) + ' lamp violin gnome', 12,           null],
    ['ab cd ef '.repeat(114),                12,           'too-long'],
  ] as const;
  for (const [password, lengthMin, expected] of cases) {
    const name = JSON.stringify(password.length > 40 ? `${password.slice(0, 20)}…` : password);
    test(`${name} from ${String(lengthMin)} characters on is ${expected ?? 'taken'}`, () => {
      const refusal = passwordRefusal(password, { ...anna, lengthMin });

      assert.equal(refusal?.reason ?? null, expected);
    });
  }

  test('is refused in a sentence that does not repeat it', () => {
    for (const password of ['password1234', 'anna-2026-anna', 'gnomes']) {
      const refusal = passwordRefusal(password, anna);

      assert(refusal !== null);
      assert.match(refusal.sentence, /^The password .*\.$/);
      assert.equal(refusal.sentence.includes(password), false);
    }
  });

  test('of 64 characters of any kind is taken', () => {
    const password = 'ä€ gnome lamp violin, nine owls, a quiet harbour & 3 tin whistle';

    assert.equal(Array.from(password).length, 64);
    assert.equal(passwordRefusal(password, anna), null);
  });

  test('counts characters, not bytes or halves of characters', () => {
    assert.equal(passwordRefusal('🐙🦑🐠🦞🐡🦀🐬', { ...anna, lengthMin: 8 })?.reason, 'too-short');
  });
});
