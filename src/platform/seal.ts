/**
 * Sealing: secrets are encrypted before they are stored, with a key that is not in the database.
 *
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. Whatever row a sealed text belongs to
 * is authenticated with it, so nobody who can write to the database can move one person's secret
 * into another's row. A root key has 32 bytes; AES and everything else use keys that HKDF
 * (RFC 5869) derives from them, each for one purpose.
 */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

import type { Random } from './random.ts';

const nonceBytes = 12;
const tagBytes = 16;

/** A root key, known by a name that says nothing about it. */
export interface RootKey {
  /** Twelve hexadecimal digits; sealed texts carry it. */
  readonly id: string;
  readonly root: Buffer;
}

/** The root keys at hand. Which they are may change while the program runs. */
export interface RootKeys {
  /** The one that seals first; never empty. The same list until something changes. */
  current(): readonly RootKey[];
  /** Looks whether there are others by now; true when there are. Cheap, however often it is asked. */
  lookAgain(): boolean;
}

/** A key for one purpose, and the root key that it was derived from. */
export interface DerivedKey {
  readonly rootId: string;
  readonly key: Buffer;
}

/** Seals and unseals, and derives keys for other purposes from the same root. */
export interface Sealer {
  /** The associated data names the row (core/sealed-rows.ts). */
  seal(plain: Buffer | string, associatedData: string): string;
  /**
   * Opens a sealed text. Throws `UnsealError` when it was altered, belongs to another row, or was
   * sealed under a key that is not at hand.
   */
  unseal(sealed: string, associatedData: string): Buffer;
  /** A 32-byte key for one purpose, from the newest root key. Ask each time: it changes. */
  deriveKey(purpose: string): Buffer;
  /** The same from every root key, newest first: what an older key made can still be checked. */
  deriveKeys(purpose: string): readonly Buffer[];
  /** The same with the names of their root keys. */
  derivedKeys(purpose: string): readonly DerivedKey[];
  /**
   * The key for a purpose that something was made with, or null when none of ours fits. Another
   * process may have begun to use a new key: it is looked for before the answer is null.
   */
  findKey(purpose: string, fits: (key: Buffer) => boolean): Buffer | null;
  /** Says whether a sealed text is one under the key that seals now. */
  isNewest(sealed: string): boolean;
}

/** A sealed text that cannot be opened. Says which key is missing, never what was inside. */
export class UnsealError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsealError';
  }
}

/** Names a root key. */
export function rootKeyOf(root: Buffer): RootKey {
  return { id: derive(root, 'sealing key id').subarray(0, 6).toString('hex'), root };
}

/** The beginning of every text that is sealed under a root key. */
export function sealedHead(rootId: string): string {
  return `s1.${rootId}.`;
}

/** The name of the root key that a text was sealed under, or null when it is no sealed text. */
export function rootIdIn(sealed: string): string | null {
  return sealedPattern.exec(sealed)?.groups?.['id'] ?? null;
}

const sealedPattern = /^(?<head>s1\.(?<id>[0-9a-f]{12})\.)(?<body>[\w-]+)$/;

/** Makes a sealer. The first key seals; the others are older ones that can still be opened with. */
export function createSealer(keys: readonly Buffer[] | RootKeys, random: Random): Sealer {
  const roots = 'current' in keys ? keys : fixedKeys(keys);
  const derived = rememberingDerived(roots);

  const sealingKey = (id: string): Buffer | null =>
    derived('sealing').find(({ rootId }) => rootId === id)?.key ?? null;

  const sealer: Sealer = {
    seal(plain, associatedData) {
      const { rootId, key } = first(derived('sealing'));
      const nonce = random.bytes(nonceBytes);
      const head = sealedHead(rootId);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
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
      const match = sealedPattern.exec(sealed);
      if (match?.groups === undefined) throw new UnsealError('This is not a sealed text.');
      const { head = '', id = '', body: text = '' } = match.groups;

      const key = sealingKey(id) ?? (roots.lookAgain() ? sealingKey(id) : null);
      if (key === null) {
        throw new UnsealError(`Sealed under key ${id}, which is not at hand.`);
      }
      const body = Buffer.from(text, 'base64url');
      // The last character of base64 carries bits that decoding drops; a text with any of them
      // turned over would open all the same.
      if (body.toString('base64url') !== text || body.length < nonceBytes + tagBytes) {
        throw new UnsealError('This is not a sealed text.');
      }
      const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, nonceBytes), {
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

    deriveKey: (purpose) => first(sealer.derivedKeys(purpose)).key,
    deriveKeys: (purpose) => sealer.derivedKeys(purpose).map(({ key }) => key),
    derivedKeys: (purpose) => derived(`derived ${purpose}`),

    findKey(purpose, fits) {
      const find = (): Buffer | null => sealer.deriveKeys(purpose).find(fits) ?? null;
      return find() ?? (roots.lookAgain() ? find() : null);
    },

    isNewest: (sealed) => sealed.startsWith(sealedHead(first(roots.current()).id)),
  };
  return sealer;
}

function fixedKeys(keys: readonly Buffer[]): RootKeys {
  const roots = keys.map(rootKeyOf);
  first(roots);
  return { current: () => roots, lookAgain: () => false };
}

/** Keys are derived once for each purpose and each list of root keys. */
function rememberingDerived(roots: RootKeys): (purpose: string) => readonly DerivedKey[] {
  let derivedFrom: readonly RootKey[] = [];
  const known = new Map<string, readonly DerivedKey[]>();
  return (purpose) => {
    const current = roots.current();
    if (current !== derivedFrom) {
      known.clear();
      derivedFrom = current;
    }
    const remembered = known.get(purpose);
    if (remembered !== undefined) return remembered;
    const keys = current.map(({ id, root }) => ({ rootId: id, key: derive(root, purpose) }));
    known.set(purpose, keys);
    return keys;
  };
}

function first<Value>(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined) throw new UnsealError('There is no encryption key.');
  return value;
}

function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `sallyport v1 ${purpose}`, 32));
}
