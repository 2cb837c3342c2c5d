/**
 * Sealing: secrets are encrypted before they are stored, with a key that is not in the database.
 *
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. Whatever row a sealed text belongs to
 * is authenticated with it, so nobody who can write to the database can move one person's secret
 * into another's row. The key file holds 32 raw bytes and nothing else; AES and everything else
 * use keys that HKDF (RFC 5869) derives from them, each for one purpose.
 */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

import type { Random } from './random.ts';

/** Bytes of an encryption key. */
const encryptionKeyBytes = 32;

const nonceBytes = 12;
const tagBytes = 16;

/** Seals and unseals, and derives keys for other purposes from the same root. */
export interface Sealer {
  /** The associated data names the row: `authenticators:usr_…:ath_…:totp`. */
  seal(plain: Buffer | string, associatedData: string): string;
  /**
   * Opens a sealed text. Throws `UnsealError` when it was altered, belongs to another row, or was
   * sealed under a key that is not at hand.
   */
  unseal(sealed: string, associatedData: string): Buffer;
  /** A 32-byte key for one purpose, from the newest root key. */
  deriveKey(purpose: string): Buffer;
  /** The same from every root key, newest first: what an older key made can still be checked. */
  deriveKeys(purpose: string): readonly Buffer[];
}

/** A sealed text that cannot be opened. Says which key is missing, never what was inside. */
export class UnsealError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsealError';
  }
}

/** The encryption key file cannot be used. The message is for the operator and says what to do. */
export class KeyFileError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KeyFileError';
  }
}

/** Makes a sealer. The first key seals; the others are older ones that can still be opened with. */
export function createSealer(keys: readonly Buffer[], random: Random): Sealer {
  const ring = keys.map((key) => ({
    root: key,
    id: derive(key, 'sealing key id').subarray(0, 6).toString('hex'),
    sealing: derive(key, 'sealing'),
  }));
  const newest = ring[0];
  if (newest === undefined) throw new KeyFileError('There is no encryption key.');

  return {
    seal(plain, associatedData) {
      const nonce = random.bytes(nonceBytes);
      const head = `s1.${newest.id}.`;
      const cipher = createCipheriv('aes-256-gcm', newest.sealing, nonce, {
        authTagLength: tagBytes,
      });
      cipher.setAAD(Buffer.from(head + associatedData));
      const body = Buffer.concat([
        nonce,
        cipher.update(typeof plain === 'string' ? Buffer.from(plain) : plain),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return head + body.toString('base64url');
    },

    unseal(sealed, associatedData) {
      const match = /^(?<head>s1\.(?<id>[0-9a-f]{12})\.)(?<body>[\w-]+)$/.exec(sealed);
      if (match?.groups === undefined) throw new UnsealError('This is not a sealed text.');
      const { head = '', id = '', body: text = '' } = match.groups;

      const key = ring.find((known) => known.id === id);
      if (key === undefined) {
        throw new UnsealError(`Sealed under key ${id}, which is not the key in use.`);
      }
      const body = Buffer.from(text, 'base64url');
      // The last character of base64 carries bits that decoding drops; a text with any of them
      // turned over would open all the same.
      if (body.toString('base64url') !== text || body.length < nonceBytes + tagBytes) {
        throw new UnsealError('This is not a sealed text.');
      }
      const decipher = createDecipheriv('aes-256-gcm', key.sealing, body.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(head + associatedData));
      decipher.setAuthTag(body.subarray(-tagBytes));
      const plain = decipher.update(body.subarray(nonceBytes, -tagBytes));
      try {
        decipher.final();
      } catch {
        throw new UnsealError('A sealed text was altered or belongs to another row.');
      }
      return plain;
    },

    deriveKey(purpose) {
      return derive(newest.root, `derived ${purpose}`);
    },

    deriveKeys(purpose) {
      return ring.map((key) => derive(key.root, `derived ${purpose}`));
    },
  };
}

/**
 * Reads the encryption key, and makes one when there is no file. Throws `KeyFileError` when the
 * file cannot be read, is not exactly 32 bytes, or may be read or changed by everybody.
 */
export function readOrCreateKeyFile(
  file: string,
  random: Random,
): { readonly key: Buffer; readonly wasCreated: boolean } {
  const wasCreated = createKeyFile(file, random);
  try {
    return { key: readKeyFile(file), wasCreated };
  } catch (cause) {
    if (cause instanceof KeyFileError) throw cause;
    throw new KeyFileError(`The encryption key file ${file} cannot be read. ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function readKeyFile(file: string): Buffer {
  const { mode } = statSync(file);
  const key = readFileSync(file);
  if ((mode & 0o007) !== 0 || (mode & 0o020) !== 0) {
    throw new KeyFileError(
      `The encryption key file ${file} is open to other users. Close it: chmod 600 ${file}`,
    );
  }
  if (key.length !== encryptionKeyBytes) {
    throw new KeyFileError(
      `The encryption key file ${file} must hold exactly 32 raw bytes; it holds ` +
        `${String(key.length)}. Make one with: head -c 32 /dev/urandom > ${file}`,
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
function createKeyFile(file: string, random: Random): boolean {
  const draft = `${file}.${random.bytes(6).toString('hex')}.new`;
  try {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) return false;
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const descriptor = openSync(draft, 'wx', 0o600);
    try {
      writeSync(descriptor, random.bytes(encryptionKeyBytes));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    try {
      linkSync(draft, file);
    } finally {
      unlinkSync(draft);
    }
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw new KeyFileError(
      `The encryption key file ${file} does not exist and cannot be made. ${reasonOf(cause)}`,
      { cause },
    );
  }
}

function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `sallyport v1 ${purpose}`, 32));
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

function reasonOf(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
      return 'This user may not do that there; look at the owner and mode of file and folder.';
    case 'EISDIR':
      return 'There is a folder of that name.';
    case 'ENOTDIR':
      return 'A part of its path is a file, not a folder.';
    case 'EROFS':
      return 'The file system is read-only.';
    case 'ENOSPC':
      return 'The disk is full.';
    default:
      return `The system says ${codeOf(cause)}.`;
  }
}
