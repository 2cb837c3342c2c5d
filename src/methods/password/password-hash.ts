/**
 * Stored password hashes as text: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>` (the PHC string
 * format, base64 without padding), so that other software can read them.
 */

import assert from 'node:assert/strict';

/** What makes a hash expensive. */
export interface Argon2Parameters {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** A stored hash, taken apart. */
export interface PasswordHash extends Argon2Parameters {
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const format =
  /^\$argon2id\$v=19\$m=(?<m>\d{1,7}),t=(?<t>\d{1,3}),p=(?<p>\d{1,2})\$(?<salt>[\w+/]{11,86})\$(?<tag>[\w+/]{22,86})$/;

/** Writes a hash for storing. */
export function formatPasswordHash(hash: PasswordHash): string {
  const cost = `m=${String(hash.memoryKib)},t=${String(hash.passes)},p=${String(hash.parallelism)}`;
  return `$argon2id$v=19$${cost}$${base64(hash.salt)}$${base64(hash.tag)}`;
}

/** Reads a stored hash. What stands in the store was written by us: anything else is a bug. */
export function parsePasswordHash(text: string): PasswordHash {
  const groups = format.exec(text)?.groups;
  assert(groups !== undefined, 'a stored password hash is not in PHC format');
  return {
    memoryKib: Number(groups['m']),
    passes: Number(groups['t']),
    parallelism: Number(groups['p']),
    salt: Buffer.from(groups['salt'] ?? '', 'base64'),
    tag: Buffer.from(groups['tag'] ?? '', 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
