/** Sealing (security G9): what is sealed opens for us, for its own row, unaltered, and no other way. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import * as fc from 'fast-check';

import {
  createSealer,
  KeyFileError,
  readOrCreateKeyFile,
  UnsealError,
} from '../../../src/platform/seal.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const firstKey = seededRandom('first').bytes(32);
const secondKey = seededRandom('second').bytes(32);
const row = 'authenticators:usr_anna:ath_phone:totp';

describe('a sealed text', () => {
  const sealer = createSealer([firstKey], seededRandom());

  test('opens to what was sealed, whatever it was (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (plain, associatedData) => {
        const sealed = sealer.seal(Buffer.from(plain), associatedData);

        assert.deepEqual(sealer.unseal(sealed, associatedData), Buffer.from(plain));
      }),
    );
  });

  test('does not open when any one bit of it was turned over (property)', () => {
    const sealed = sealer.seal('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', row);

    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const bytes = Buffer.from(sealed, 'latin1');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => sealer.unseal(bytes.toString('latin1'), row), UnsealError, `bit ${bit}`);
    }
  });

  test('does not open when it was cut short or made longer (property)', () => {
    const sealed = sealer.seal('secret', row);

    for (let length = 0; length < sealed.length; length += 1) {
      assert.throws(() => sealer.unseal(sealed.slice(0, length), row), UnsealError);
    }
    assert.throws(() => sealer.unseal(`${sealed}A`, row), UnsealError);
    assert.throws(() => sealer.unseal(`${sealed}=`, row), UnsealError);
    assert.throws(() => sealer.unseal(`${sealed}\n`, row), UnsealError);
  });

  test('does not open in the row of another person', () => {
    const sealed = sealer.seal('secret', row);

    assert.throws(
      () => sealer.unseal(sealed, 'authenticators:usr_ben:ath_phone:totp'),
      UnsealError,
    );
  });

  test('is another one each time', () => {
    assert.notEqual(sealer.seal('secret', row), sealer.seal('secret', row));
  });

  test('does not show its content, not even its beginning', () => {
    assert.doesNotMatch(sealer.seal('AAAAAAAAAAAAAAAA', row), /QUFB|AAAAAA/);
  });

  test('names the key that is missing when it was sealed under another', () => {
    const sealed = createSealer([secondKey], seededRandom()).seal('secret', row);

    assert.throws(
      () => sealer.unseal(sealed, row),
      (thrown) => thrown instanceof UnsealError && /under key [0-9a-f]{12}/.test(thrown.message),
    );
  });
});

describe('several keys', () => {
  test('open what each of them sealed; the newest seals', () => {
    const before = createSealer([firstKey], seededRandom());
    const sealedBefore = before.seal('old', row);
    const rotated = createSealer([secondKey, firstKey], seededRandom());

    assert.equal(rotated.unseal(sealedBefore, row).toString(), 'old');
    assert.throws(() => before.unseal(rotated.seal('new', row), row), UnsealError);
  });

  test('derive one key each for a purpose, newest first', () => {
    const rotated = createSealer([secondKey, firstKey], seededRandom());
    const before = createSealer([firstKey], seededRandom());

    assert.deepEqual(rotated.deriveKeys('cookie')[0], rotated.deriveKey('cookie'));
    assert.deepEqual(rotated.deriveKeys('cookie')[1], before.deriveKey('cookie'));
  });

  test('none at all is refused', () => {
    assert.throws(() => createSealer([], seededRandom()), KeyFileError);
  });
});

describe('a derived key', () => {
  test('has 32 bytes, is the same every time and another for each purpose', () => {
    const sealer = createSealer([firstKey], seededRandom());

    assert.equal(sealer.deriveKey('cookie').length, 32);
    assert.deepEqual(sealer.deriveKey('cookie'), sealer.deriveKey('cookie'));
    assert.notDeepEqual(sealer.deriveKey('cookie'), sealer.deriveKey('csrf'));
    assert.notDeepEqual(sealer.deriveKey('cookie'), firstKey);
  });
});

describe('the key file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-seal-'));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const fileWith = (name: string, content: Buffer, mode = 0o600) => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    chmodSync(file, mode);
    return file;
  };

  test('is made with its folder when there is none: 32 bytes that only the owner can read', () => {
    const file = path.join(folder, 'data', 'encryption.key');

    const { key, wasCreated } = readOrCreateKeyFile(file, systemRandom);

    assert.equal(wasCreated, true);
    assert.equal(key.length, 32);
    assert.equal(statSync(file).size, 32);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path.dirname(file)), ['encryption.key']);
  });

  test('is read, never replaced, when there is one', () => {
    const file = fileWith('there.key', firstKey);

    assert.deepEqual(readOrCreateKeyFile(file, systemRandom), { key: firstKey, wasCreated: false });
  });

  const refused = [
    ['empty', Buffer.alloc(0), 0o600, /holds 0\./],
    ['one byte short', firstKey.subarray(1), 0o600, /holds 31\./],
    ['one byte long', Buffer.concat([firstKey, Buffer.from('\n')]), 0o600, /holds 33\./],
    ['written in hexadecimal', Buffer.from(firstKey.toString('hex')), 0o600, /holds 64\./],
    ['written in base64', Buffer.from(firstKey.toString('base64')), 0o600, /holds 44\./],
    ['all zeros', Buffer.alloc(32), 0o600, /no secret/],
    ['readable by everybody', firstKey, 0o644, /chmod 600/],
    ['writable by the group', firstKey, 0o660, /chmod 600/],
  ] as const;
  for (const [what, content, mode, expected] of refused) {
    test(`is refused when it is ${what}, with what to do`, () => {
      const file = fileWith(`${what.replaceAll(' ', '-')}.key`, content, mode);

      assert.throws(
        () => readOrCreateKeyFile(file, systemRandom),
        (thrown) => thrown instanceof KeyFileError && expected.test(thrown.message),
      );
      assert.equal(statSync(file).size, content.length);
    });
  }

  test('may be read by its group, as mounted secrets are', () => {
    const file = fileWith('group.key', firstKey, 0o640);

    assert.deepEqual(readOrCreateKeyFile(file, systemRandom).key, firstKey);
  });

  test('is refused when its name is that of a folder', () => {
    mkdirSync(path.join(folder, 'folder.key'), { mode: 0o700 });

    assert.throws(
      () => readOrCreateKeyFile(path.join(folder, 'folder.key'), systemRandom),
      /There is a folder/,
    );
  });

  test('is refused when a part of its path is a file', () => {
    const file = fileWith('file', firstKey);

    assert.throws(
      () => readOrCreateKeyFile(path.join(file, 'encryption.key'), systemRandom),
      KeyFileError,
    );
    assert.equal(existsSync(path.join(file, 'encryption.key')), false);
  });
});
