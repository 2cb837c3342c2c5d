/**
 * The encryption keys of a program that runs: what changes on the disk is taken up, and no mistake
 * there costs it a key (F36).
 */

import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import {
  activatePreparedKey,
  type KeyFileError,
  prepareKey,
  removeOldKey,
} from '../../../src/platform/key-files.ts';
import { type KeyRing, openKeyRing } from '../../../src/platform/key-ring.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { createSealer, rootKeyOf } from '../../../src/platform/seal.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const firstKey = seededRandom('first').bytes(32);
const firstId = rootKeyOf(firstKey).id;

let folder: TemporaryFolder;
let file: string;
let now: number;
let troubles: KeyFileError[];
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder.path, 'encryption.key');
  writeFileSync(file, firstKey, { mode: 0o600 });
  now = 0;
  troubles = [];
});
afterEach(() => folder.remove());

function open(): KeyRing {
  return openKeyRing(file, {
    trouble: (error) => void troubles.push(error),
    monotonic: () => now,
  });
}

/** Looks a second later. */
function lookLater(ring: KeyRing): boolean {
  now += 1000;
  return ring.lookAgain();
}

function idsOf(ring: KeyRing): readonly string[] {
  return ring.current().map(({ id }) => id);
}

describe('a key ring', () => {
  test('takes up a prepared key behind the one that seals, and then before it', () => {
    const ring = open();

    const { id } = prepareKey(file, systemRandom);
    assert.equal(lookLater(ring), true);
    assert.deepEqual(idsOf(ring), [firstId, id]);

    activatePreparedKey(file, systemRandom);
    assert.equal(lookLater(ring), true);
    assert.deepEqual(idsOf(ring), [id, firstId]);
    assert.equal(lookLater(ring), false);
  });

  test('forgets a key that was removed (F36)', () => {
    const ring = open();
    const { id } = prepareKey(file, systemRandom);
    activatePreparedKey(file, systemRandom);
    lookLater(ring);

    removeOldKey(file, firstId);
    assert.equal(lookLater(ring), true);
    assert.deepEqual(idsOf(ring), [id]);
  });

  test('is looked at by strangers four times a second at most', () => {
    const ring = open();
    prepareKey(file, systemRandom);

    now += 249;
    assert.equal(ring.lookAgain(), false);
    now += 1;
    assert.equal(ring.lookAgain(), true);
  });

  test('makes what others sealed under a new key open at once', () => {
    const ring = open();
    const sealer = createSealer(ring, systemRandom);
    const { root } = prepareKey(file, systemRandom);
    const sealed = createSealer([root], systemRandom).seal('new', 'row');

    now += 1000;
    assert.equal(sealer.unseal(sealed, 'row').toString(), 'new');
  });

  test('keeps its keys while a file beside them is open to others, and complains once', () => {
    const ring = open();
    const { id } = prepareKey(file, systemRandom);
    chmodSync(`${file}.${id}.next`, 0o666);

    assert.equal(lookLater(ring), false);
    assert.equal(lookLater(ring), false);
    assert.deepEqual(idsOf(ring), [firstId]);
    assert.equal(troubles.length, 1);

    chmodSync(`${file}.${id}.next`, 0o600);
    // A mode changes nothing that is looked at; the next change of the folder does.
    writeFileSync(path.join(folder.path, 'anything'), '');
    assert.equal(lookLater(ring), true);
    assert.deepEqual(idsOf(ring), [firstId, id]);
  });

  test('keeps its keys when the file is gone, and complains once', () => {
    const ring = open();
    rmSync(file);

    assert.equal(lookLater(ring), false);
    assert.equal(lookLater(ring), false);
    assert.deepEqual(idsOf(ring), [firstId]);
    assert.equal(troubles.length, 1);
  });

  test('does not seal under a key that came in place of the one in use', () => {
    const ring = open();
    writeFileSync(file, seededRandom('stranger').bytes(32));

    assert.equal(lookLater(ring), false);
    assert.deepEqual(idsOf(ring), [firstId]);
    assert.match(troubles[0]?.message ?? '', new RegExp(`${firstId}\\.old`));
  });
});

describe('a rotation that was settled on another machine', () => {
  test('has a prepared key seal here too, before and after the files say so', () => {
    const { id } = prepareKey(file, systemRandom);
    const ring = open();

    assert.equal(ring.adopt(id), 'adopted');
    assert.deepEqual(idsOf(ring), [id, firstId]);
    writeFileSync(path.join(folder.path, 'anything'), '');
    lookLater(ring);
    assert.deepEqual(idsOf(ring), [id, firstId]);

    activatePreparedKey(file, systemRandom);
    lookLater(ring);
    assert.deepEqual(idsOf(ring), [id, firstId]);
    assert.equal(ring.adopt(id), 'known');
    assert.deepEqual(troubles, []);
  });

  test('never leads back to an old key', () => {
    const { id } = prepareKey(file, systemRandom);
    activatePreparedKey(file, systemRandom);
    const ring = open();

    assert.equal(ring.adopt(firstId), 'known');
    assert.deepEqual(idsOf(ring), [id, firstId]);
  });

  test('is told apart from one whose key is not here', () => {
    assert.equal(open().adopt('0123456789ab'), 'unknown');
  });

  test('keeps sealing under its key when the prepared file goes away', () => {
    const { id } = prepareKey(file, systemRandom);
    const ring = open();
    ring.adopt(id);

    renameSync(`${file}.${id}.next`, path.join(folder.path, 'elsewhere'));
    lookLater(ring);
    assert.deepEqual(idsOf(ring), [id, firstId]);
    assert.equal(troubles.length, 1);
  });
});
