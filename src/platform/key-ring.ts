/**
 * The encryption keys of a program that runs: read from their files, and read again when those
 * change, so that keys are rotated without a restart.
 *
 * What cannot be read keeps the keys as they are: a running gateway never loses a key to a mistake
 * beside it, and never begins to seal under a key that would leave it without the one before.
 */

import { KeyFileError, type KeyFiles, readKeyFiles, signatureOf } from './key-files.ts';
import type { RootKey, RootKeys } from './seal.ts';

/** The keys of a running program. */
export interface KeyRing extends RootKeys {
  /** The file that the configuration names. */
  readonly file: string;
  /** Reads the files now, whether or not they seem to have changed. Throws `KeyFileError`. */
  read(): KeyFiles;
  /**
   * The installation seals under this key, as was settled on some machine. A prepared one seals
   * here too from now on; an old one is never gone back to. `unknown`: it is not here.
   */
  adopt(id: string): 'known' | 'adopted' | 'unknown';
}

/** What a ring is made with. */
export interface KeyRingParts {
  /** Hears of files that changed and cannot be used; the keys stay as they were. */
  readonly trouble: (error: KeyFileError) => void;
  /** Milliseconds since whenever; only grows. */
  readonly monotonic?: () => number;
}

/** Strangers can make us look by bytes that nobody of us made: so often and no more. */
const lookMillisecondsMin = 250;

/** Opens the keys. Throws `KeyFileError` when a file cannot be used. */
export function openKeyRing(
  file: string,
  { trouble, monotonic = () => performance.now() }: KeyRingParts,
): KeyRing {
  let signature = signatureNow(file);
  let files = readKeyFiles(file);
  let adopted: string | null = null;
  let keys: readonly RootKey[] = inOrder(files, adopted);
  let lookedAt = monotonic();

  function take(read: KeyFiles): boolean {
    const isAdoptedStillWaiting = read.prepared.some(({ id }) => id === adopted);
    const ordered = inOrder(read, isAdoptedStillWaiting ? adopted : null);
    const before = first(keys);
    if (!ordered.some(({ id }) => id === before.id)) {
      throw new KeyFileError(
        `${file} holds another key than before, and the one it held, ${before.id}, is not beside ` +
          `it. Put that one back as ${file}.${before.id}.old, or restore the folder.`,
      );
    }
    files = read;
    if (idsOf(ordered) === idsOf(keys)) return false;
    keys = ordered;
    return true;
  }

  function look(): boolean {
    const now = signatureNow(file);
    if (now === signature) return false;
    // Noted first: what is wrong is complained of once, and looked at again when it changes.
    signature = now;
    try {
      return take(readTwice(file));
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      trouble(error);
      return false;
    }
  }

  return {
    file,
    current: () => keys,

    lookAgain() {
      const now = monotonic();
      if (now - lookedAt < lookMillisecondsMin) return false;
      lookedAt = now;
      return look();
    },

    read() {
      signature = signatureNow(file);
      take(readTwice(file));
      return files;
    },

    adopt(id) {
      const isWaiting = files.prepared.some((prepared) => prepared.id === id);
      if (first(keys).id === id || !isWaiting) {
        return keys.some((known) => known.id === id) ? 'known' : 'unknown';
      }
      adopted = id;
      keys = inOrder(files, adopted);
      return 'adopted';
    },
  };
}

function signatureNow(file: string): string {
  try {
    return signatureOf(file);
  } catch {
    return 'gone';
  }
}

/** Newest first: the one that seals, those that are about to, and those that did. */
function inOrder({ newest, prepared, old }: KeyFiles, adopted: string | null): readonly RootKey[] {
  const all = [newest, ...prepared, ...old];
  const sealing = all.filter(({ id }) => id === adopted);
  return [...sealing, ...all.filter(({ id }) => id !== adopted)].filter(
    ({ id }, at, keys) => keys.findIndex((key) => key.id === id) === at,
  );
}

/** A file may be renamed between being listed and being read. */
function readTwice(file: string): KeyFiles {
  try {
    return readKeyFiles(file);
  } catch {
    return readKeyFiles(file);
  }
}

function idsOf(keys: readonly RootKey[]): string {
  return keys.map(({ id }) => id).join(' ');
}

function first(keys: readonly RootKey[]): RootKey {
  const [key] = keys;
  if (key === undefined) throw new KeyFileError('There is no encryption key.');
  return key;
}
