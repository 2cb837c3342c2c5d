/** Secrets are found in whatever spelling they stand, and nothing else is taken for one (G9). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { keepSecrets, type SecretKind } from '../../../../src/flows/evidence/run/kept-secrets.ts';

const totp = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

function found(kind: SecretKind, secret: string, text: string): boolean {
  const secrets = keepSecrets();
  secrets.add(kind, secret);
  return secrets.kindsIn(text).includes(kind);
}

// prettier-ignore
const cases = [
  // what it is              the secret                       a text                                     found
  ['a password',             'gnome-lamp-violin',             '{"password":"gnome-lamp-violin"}',          true],
  ['a password',             'gnome-lamp-violin',             Buffer.from('gnome-lamp-violin').toString('base64'), true],
  ['a password',             'gnome-lamp-violin',             Buffer.from('gnome-lamp-violin').toString('hex'),    true],
  ['a password',             'gnome-lamp-violin',             'gnome-lamp-viola',                          false],
  ['a TOTP secret',          totp,                            `otpauth://totp/x?secret=${totp}`,           true],
  ['a TOTP secret',          totp,                            totp.toLowerCase(),                          true],
  ['a TOTP secret',          totp,                            '48656c6c6f21deadbeef48656c6c6f21deadbeef',  true],
  ['a recovery code',        '7QZ3-VK8M-0000-1111-2222-3333', 'code 7QZ3VK8M0000111122223333',             true],
  ['a recovery code',        '7QZ3-VK8M-0000-1111-2222-3333', '7qz3-vk8m-0000-1111-2222-3333',             true],
  ['a TOTP code',            '123456',                        '{"code":"123456"}',                         true],
  ['a TOTP code',            '123456',                        '{"code":123456}',                           true],
  ['a TOTP code',            '123456',                        'the code 123456.',                          true],
  ['a TOTP code',            '123456',                        'code=123456&next=/',                        true],
  ['a TOTP code',            '123456',                        '{"at":1772123456000}',                      false],
  ['a TOTP code',            '123456',                        '9f123456ab',                                false],
  ['a TOTP code',            '123456',                        '12.123456 ms',                              false],
  ['a TOTP code',            '123456',                        'usr_123456',                                false],
  ['a one-time link',        'aB3_-xyz-aB3_-xyz-aB3_-xyz',    'https://x/link/aB3_-xyz-aB3_-xyz-aB3_-xyz', true],
] as const;

describe('a search for secrets', () => {
  for (const [kind, secret, text, isFound] of cases) {
    test(`${isFound ? 'finds' : 'does not find'} ${kind} in ${text}`, () => {
      assert.equal(found(kind, secret, text), isFound);
    });
  }

  test('leaves out what could stand in text of others by chance, where it is told to', () => {
    const secrets = keepSecrets();
    secrets.add('a TOTP code', '123456');
    secrets.add('a password', 'gnome-lamp-violin');
    assert.deepEqual(secrets.longKindsIn('123456 gnome-lamp-violin'), ['a password']);
  });

  test('knows how many of each there are', () => {
    const secrets = keepSecrets();
    secrets.add('a TOTP code', '123456');
    secrets.add('a TOTP code', '123456');
    secrets.add('a TOTP code', '654321');
    assert.deepEqual([...secrets.counts()], [['a TOTP code', 2]]);
  });
});
