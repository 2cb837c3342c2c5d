/**
 * The files of the encryption keys: 32 raw bytes each and nothing else.
 *
 * `encryption.key` is the key that seals. Beside it, each with its name in the file's name, lie
 * `encryption.key.<id>.next`, a key that is only read yet, and `encryption.key.<id>.old`, keys that
 * seal no more. `encryption.key.<id>.unfinished` holds nothing and says that not everything was
 * sealed anew under this key. At every instant, a kill included, each key that anything was sealed under is
 * complete on the disk: a file gets its name when it is whole, and a key is copied to its old name
 * before the new one takes its place.
 */

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

import type { Random } from './random.ts';
import { type RootKey, rootKeyOf } from './seal.ts';

/** Bytes of an encryption key. */
const encryptionKeyBytes = 32;

/** The encryption key files cannot be used. The message is for the operator and says what to do. */
export class KeyFileError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KeyFileError';
  }
}

/** The keys as their files name them. */
export interface KeyFiles {
  /** The one in the file that the configuration names. */
  readonly newest: RootKey;
  readonly prepared: readonly RootKey[];
  readonly old: readonly RootKey[];
  /** The rotation to the newest key has not come to its end. */
  readonly isUnfinished: boolean;
}

/**
 * Reads the encryption key, and makes one when there is no file. Throws `KeyFileError` when the
 * file cannot be read, is not exactly 32 bytes, or may be read or changed by everybody.
 */
export function readOrCreateKeyFile(
  file: string,
  random: Random,
): { readonly key: Buffer; readonly wasCreated: boolean } {
  const wasCreated =
    !existsAt(file) && createKeyFile(file, random.bytes(encryptionKeyBytes), random);
  return { key: readKeyFile(file), wasCreated };
}

/**
 * Reads all keys. Throws `KeyFileError` when one of them cannot be used: whoever cannot read an old
 * key would find out only when somebody needs it.
 */
export function readKeyFiles(file: string): KeyFiles {
  const newest = rootKeyOf(readKeyFile(file));
  const beside = (kind: 'next' | 'old'): readonly RootKey[] =>
    idsBeside(file, kind)
      .map((id) => namedKey(file, id, kind))
      .filter(({ id }) => id !== newest.id);
  const isUnfinished = idsBeside(file, 'unfinished').includes(newest.id);
  return { newest, prepared: beside('next'), old: beside('old'), isUnfinished };
}

/**
 * Makes a key that is read and does not seal yet, unless there is one, and says which it is. Owner
 * and mode are those of the key in use: whoever reads that must be able to read this.
 */
export function prepareKey(file: string, random: Random): RootKey {
  assertRotatable(file);
  const [waiting, ...more] = readKeyFiles(file).prepared;
  if (more.length > 0) throw twoPrepared(file);
  if (waiting !== undefined) return waiting;
  removeDrafts(file);
  const key = rootKeyOf(random.bytes(encryptionKeyBytes));
  createKeyFile(fileOf(file, key.id, 'next'), key.root, random, statSync(file));
  return key;
}

/**
 * Has the prepared key seal; the one before it becomes an old one. Null: none is prepared. The
 * rotation is unfinished until `endRotation`.
 */
export function activatePreparedKey(file: string, random: Random): RootKey | null {
  assertRotatable(file);
  const { newest, prepared } = readKeyFiles(file);
  const [next, ...more] = prepared;
  if (next === undefined) {
    // Somebody copied the key that is in use to its earlier name.
    for (const id of idsBeside(file, 'next')) removeIfThere(fileOf(file, id, 'next'));
    return null;
  }
  if (more.length > 0) throw twoPrepared(file);
  createKeyFile(fileOf(file, newest.id, 'old'), newest.root, random, statSync(file));
  changing(file, () => {
    closeSync(openSync(fileOf(file, next.id, 'unfinished'), 'a', 0o600));
    syncFolder(path.dirname(file));
    renameSync(fileOf(file, next.id, 'next'), file);
    syncFolder(path.dirname(file));
  });
  return next;
}

/** The rotation has come to its end. */
export function endRotation(file: string): void {
  changing(file, () => {
    for (const id of idsBeside(file, 'unfinished')) {
      removeIfThere(fileOf(file, id, 'unfinished'));
    }
    syncFolder(path.dirname(file));
  });
}

/** Removes an old key for good. */
export function removeOldKey(file: string, id: string): void {
  changing(file, () => {
    unlinkSync(fileOf(file, id, 'old'));
    syncFolder(path.dirname(file));
  });
}

/**
 * Puts a key that nothing opens with aside and makes another; says where the first one is now.
 * What follows is unfinished until `endRotation`.
 */
export function replaceKey(
  file: string,
  random: Random,
): { readonly key: RootKey; readonly aside: string | null } {
  assertRotatable(file);
  const key = rootKeyOf(random.bytes(encryptionKeyBytes));
  const aside = existsAt(file) ? `${file}.${random.bytes(6).toString('hex')}.useless` : null;
  const draft = fileOf(file, key.id, 'next');
  createKeyFile(draft, key.root, random);
  changing(file, () => {
    if (aside !== null) linkSync(file, aside);
    closeSync(openSync(fileOf(file, key.id, 'unfinished'), 'a', 0o600));
    syncFolder(path.dirname(file));
    renameSync(draft, file);
    syncFolder(path.dirname(file));
  });
  return { key, aside };
}

/** Changes whenever one of the files may have; throws when the key in use is not there. */
export function signatureOf(file: string): string {
  const folder = statSync(path.dirname(file));
  const key = statSync(file);
  return [folder.mtimeMs, folder.ctimeMs, key.ino, key.size, key.mtimeMs, key.ctimeMs].join(' ');
}

type Kind = 'next' | 'old' | 'unfinished';

function fileOf(file: string, id: string, kind: Kind): string {
  return `${file}.${id}.${kind}`;
}

/** The ids in the names of the files of a kind. */
function idsBeside(file: string, kind: Kind): readonly string[] {
  const head = `${path.basename(file)}.`;
  return namesIn(file)
    .filter((name) => name.startsWith(head) && name.endsWith(`.${kind}`))
    .map((name) => name.slice(head.length, -(kind.length + 1)))
    .filter((id) => /^[0-9a-f]{12}$/.test(id))
    .toSorted();
}

function namesIn(file: string): readonly string[] {
  try {
    return readdirSync(path.dirname(file));
  } catch (cause) {
    throw new KeyFileError(`The folder of ${file} cannot be read. ${reasonOf(cause)}`, { cause });
  }
}

function namedKey(file: string, id: string, kind: 'next' | 'old'): RootKey {
  const named = fileOf(file, id, kind);
  const key = rootKeyOf(readKeyFile(named));
  if (key.id === id) return key;
  throw new KeyFileError(
    `The file ${named} holds another key, ${key.id}. Restore it from its backup; when there is ` +
      'nothing that needs it, remove it.',
  );
}

function readKeyFile(file: string): Buffer {
  let mode: number;
  let key: Buffer;
  try {
    ({ mode } = statSync(file));
    key = readFileSync(file);
  } catch (cause) {
    throw new KeyFileError(`The encryption key file ${file} cannot be read. ${reasonOf(cause)}`, {
      cause,
    });
  }
  if ((mode & 0o007) !== 0 || (mode & 0o020) !== 0) {
    throw new KeyFileError(
      `The encryption key file ${file} is open to other users. Close it: chmod 600 ${file}`,
    );
  }
  if (key.length !== encryptionKeyBytes) {
    throw new KeyFileError(
      `The encryption key file ${file} must hold exactly 32 raw bytes; it holds ` +
        `${String(key.length)}. Restore it from its backup. For a new installation make one ` +
        `with: head -c 32 /dev/urandom > ${file}`,
    );
  }
  if (key.every((byte) => byte === key[0])) {
    throw new KeyFileError(
      `The encryption key file ${file} holds one byte 32 times, which is no secret. ` +
        `Make one with: head -c 32 /dev/urandom > ${file}`,
    );
  }
  return key;
}

// The key is complete before it gets its name, and a name that exists is never replaced: of two
// processes that start together one makes the key and both use it, and a process that is killed
// here leaves no half a key behind.
function createKeyFile(file: string, key: Buffer, random: Random, like?: Stats): boolean {
  const draft = `${file}.${random.bytes(6).toString('hex')}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    try {
      writeDraft(draft, key, like);
      linkSync(draft, file);
    } finally {
      removeIfThere(draft);
    }
    syncFolder(path.dirname(file));
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw new KeyFileError(
      `The encryption key file ${file} does not exist and cannot be made. ${reasonOf(cause)}`,
      { cause },
    );
  }
}

function writeDraft(draft: string, key: Buffer, like: Stats | undefined): void {
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    if (like !== undefined) {
      // As root the command may make what the gateway's user has to read.
      const own = statSync(draft);
      if (own.uid !== like.uid || own.gid !== like.gid) {
        fchownSync(descriptor, like.uid, like.gid);
      }
      fchmodSync(descriptor, 0o600 | (like.mode & 0o040));
    }
    if (writeSync(descriptor, key) !== key.length) throw new Error('the disk took half a key');
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a process that was killed was about to write; nothing was ever sealed under it. */
function removeDrafts(file: string): void {
  const head = `${path.basename(file)}.`;
  for (const name of namesIn(file)) {
    if (name.startsWith(head) && /\.[0-9a-f]{12}\.new$/.test(name)) {
      removeIfThere(path.join(path.dirname(file), name));
    }
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
  }
}

function assertRotatable(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new KeyFileError(
    `${file} is a symbolic link, as where secrets are mounted. Rotate where the files themselves ` +
      'are, and hand all of them over.',
  );
}

function twoPrepared(file: string): KeyFileError {
  return new KeyFileError(
    `There are several prepared keys beside ${file}. Keep the one that every machine has, and ` +
      'remove the others (*.next); nothing is sealed under them.',
  );
}

function changing(file: string, change: () => void): void {
  try {
    change();
  } catch (cause) {
    throw new KeyFileError(`The keys beside ${file} cannot be changed. ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function existsAt(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw new KeyFileError(`The encryption key file ${file} cannot be read. ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

function reasonOf(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
      return 'This user may not do that there; look at the owner and mode of file and folder.';
    case 'ENOENT':
      return 'It is not there.';
    case 'EISDIR':
      return 'There is a folder of that name.';
    case 'ENOTDIR':
      return 'A part of its path is a file, not a folder.';
    case 'EROFS':
      return 'The file system is read-only.';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full.';
    default:
      return `The system says ${codeOf(cause)}.`;
  }
}
