/**
 * The files of the encryption keys: whole or not there, closed to others, and at every instant all
 * that anything was sealed under (F36, F37).
 */

import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import {
  activatePreparedKey,
  endRotation,
  KeyFileError,
  prepareKey,
  readKeyFiles,
  readOrCreateKeyFile,
  removeOldKey,
  replaceKey,
} from '../../../src/platform/key-files.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { rootKeyOf } from '../../../src/platform/seal.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const firstKey = seededRandom('first').bytes(32);
const secondKey = seededRandom('second').bytes(32);
const [firstId, secondId] = [rootKeyOf(firstKey).id, rootKeyOf(secondKey).id];

describe('the key file', () => {
  const { path: folder, ...temporary } = temporaryFolder();
  after(() => temporary.remove());
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

/** A folder with a key in use. */
function keyFolder() {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'encryption.key');
  writeFileSync(file, firstKey, { mode: 0o600 });
  return {
    path: folder.path,
    file,
    remove: () => folder.remove(),
    names: () => readdirSync(folder.path).toSorted(),
    put: (name: string, key: Buffer, mode = 0o600) => {
      writeFileSync(`${file}.${name}`, key);
      chmodSync(`${file}.${name}`, mode);
    },
  };
}

describe('a rotation of the key files', () => {
  test('prepares a key that is read, and then has it seal; the one before is kept', () => {
    const { file, names, remove } = keyFolder();

    const prepared = prepareKey(file, systemRandom);
    assert.deepEqual(names(), ['encryption.key', `encryption.key.${prepared.id}.next`]);
    assert.deepEqual(readFileSync(file), firstKey);
    assert.equal(statSync(`${file}.${prepared.id}.next`).mode & 0o777, 0o600);

    assert.deepEqual(activatePreparedKey(file, systemRandom), prepared);
    assert.equal(readKeyFiles(file).isUnfinished, true);
    endRotation(file);
    assert.equal(readKeyFiles(file).isUnfinished, false);
    assert.deepEqual(names(), ['encryption.key', `encryption.key.${firstId}.old`]);
    assert.deepEqual(readFileSync(file), prepared.root);
    assert.deepEqual(readFileSync(`${file}.${firstId}.old`), firstKey);
    assert.equal(statSync(`${file}.${firstId}.old`).mode & 0o777, 0o600);
    assert.equal(activatePreparedKey(file, systemRandom), null);
    remove();
  });

  test('prepares one key, however often it is asked', () => {
    const { file, remove } = keyFolder();

    assert.deepEqual(prepareKey(file, systemRandom), prepareKey(file, systemRandom));
    remove();
  });

  test('goes on where a kill left it between keeping the old key and naming the new one', () => {
    const { file, names, put, remove } = keyFolder();
    put(`${secondId}.next`, secondKey);
    put(`${firstId}.old`, firstKey);

    assert.deepEqual(readKeyFiles(file), {
      newest: rootKeyOf(firstKey),
      prepared: [rootKeyOf(secondKey)],
      old: [],
      isUnfinished: false,
    });
    assert.equal(activatePreparedKey(file, systemRandom)?.id, secondId);
    endRotation(file);
    assert.deepEqual(names(), ['encryption.key', `encryption.key.${firstId}.old`]);
    remove();
  });

  test('removes what a kill left half written, and nothing that has a name', () => {
    const { file, names, put, remove } = keyFolder();
    put('0123456789ab.new', secondKey.subarray(5));
    put(`${secondId}.next.0123456789ab.new`, secondKey);
    put(`${secondId}.old`, secondKey);

    const { id } = prepareKey(file, systemRandom);
    assert.deepEqual(
      names(),
      ['encryption.key', `encryption.key.${secondId}.old`, `encryption.key.${id}.next`].toSorted(),
    );
    remove();
  });

  test('keeps a mode by which the group may read, as the key in use has it', () => {
    const { file, remove } = keyFolder();
    chmodSync(file, 0o640);

    const { id } = prepareKey(file, systemRandom);
    assert.equal(statSync(`${file}.${id}.next`).mode & 0o777, 0o640);
    remove();
  });

  test('is refused where two keys are prepared, before anything is changed', () => {
    const { file, put, remove } = keyFolder();
    put(`${secondId}.next`, secondKey);
    const thirdKey = seededRandom('third').bytes(32);
    put(`${rootKeyOf(thirdKey).id}.next`, thirdKey);

    assert.throws(() => prepareKey(file, systemRandom), /several prepared keys/);
    assert.throws(() => activatePreparedKey(file, systemRandom), /several prepared keys/);
    assert.deepEqual(readFileSync(file), firstKey);
    remove();
  });

  test('is refused where the key is a link to where it is', () => {
    const { path: folder, file, remove } = keyFolder();
    renameSync(file, path.join(folder, 'elsewhere'));
    symlinkSync(path.join(folder, 'elsewhere'), file);

    assert.throws(() => prepareKey(file, systemRandom), /symbolic link/);
    assert.deepEqual(readOrCreateKeyFile(file, systemRandom).key, firstKey);
    remove();
  });

  const unusable = [
    ['open to everybody', `${secondId}.old`, secondKey, 0o644, /chmod 600/],
    ['cut short', `${secondId}.old`, secondKey.subarray(1), 0o600, /holds 31\./],
    ['named after another key', `${secondId}.old`, firstKey.toReversed(), 0o600, /another key/],
    ['prepared and open', `${secondId}.next`, secondKey, 0o602, /chmod 600/],
  ] as const;
  for (const [how, name, key, mode, expected] of unusable) {
    test(`reads no keys while one beside them is ${how}`, () => {
      const { file, put, remove } = keyFolder();
      put(name, Buffer.from(key), mode);

      assert.throws(() => readKeyFiles(file), KeyFileError);
      assert.throws(() => readKeyFiles(file), expected);
      remove();
    });
  }

  test('leaves files of other names alone', () => {
    const { file, put, remove } = keyFolder();
    put('bak', secondKey, 0o644);
    put('0123456789AB.old', secondKey, 0o644);

    assert.deepEqual(readKeyFiles(file), {
      newest: rootKeyOf(firstKey),
      prepared: [],
      old: [],
      isUnfinished: false,
    });
    remove();
  });

  test('takes a copy of the key in use for nothing new', () => {
    const { file, names, remove } = keyFolder();
    copyFileSync(file, `${file}.${firstId}.next`);

    assert.deepEqual(readKeyFiles(file).prepared, []);
    assert.equal(activatePreparedKey(file, systemRandom), null);
    assert.deepEqual(names(), ['encryption.key']);
    remove();
  });

  test('removes an old key when it is told to', () => {
    const { file, names, put, remove } = keyFolder();
    put(`${secondId}.old`, secondKey);

    removeOldKey(file, secondId);
    assert.deepEqual(names(), ['encryption.key']);
    assert.throws(() => removeOldKey(file, secondId), KeyFileError);
    remove();
  });
});

describe('a key that is replaced because it is lost', () => {
  test('is put aside, not thrown away', () => {
    const { file, remove } = keyFolder();

    const { key, aside } = replaceKey(file, systemRandom);
    assert.deepEqual(readFileSync(file), key.root);
    assert.notDeepEqual(key.root, firstKey);
    assert.deepEqual(readFileSync(aside ?? ''), firstKey);
    remove();
  });

  test('may be missing altogether', () => {
    const folder = temporaryFolder();
    const file = path.join(folder.path, 'encryption.key');

    const { key, aside } = replaceKey(file, systemRandom);
    assert.equal(aside, null);
    assert.deepEqual(readFileSync(file), key.root);
    assert.equal(readKeyFiles(file).isUnfinished, true);
    endRotation(file);
    assert.deepEqual(readdirSync(folder.path), ['encryption.key']);
    folder.remove();
  });
});
