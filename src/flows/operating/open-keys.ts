/**
 * Opens the encryption keys beside a database, and only the ones that belong to it.
 *
 * Security: another key beside an old database would look like a working gateway in which nobody's
 * authenticator opens. A key that is missing is a wrong path or a backup to be restored (F37).
 */

import { existsSync } from 'node:fs';

import { KeyFileError, readOrCreateKeyFile } from '../../platform/key-files.ts';
import { type KeyRing, openKeyRing } from '../../platform/key-ring.ts';
import type { Logger } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { rootIdIn } from '../../platform/seal.ts';
import type { Stores } from '../../stores/types.ts';

const readMore = 'see "The encryption key is lost" in docs/operations.md';

/**
 * Opens the keys, and makes the first one for a database that holds nothing sealed yet. Throws
 * `KeyFileError` when a file cannot be used, or holds none of the keys that the database needs.
 */
export async function openKeys(
  file: string,
  {
    stores,
    random,
    log,
    check = 'must-fit',
  }: {
    readonly stores: Stores;
    readonly random: Random;
    readonly log: Logger;
    /** `any`: only for whoever is about to throw away what the keys do not open. */
    readonly check?: 'must-fit' | 'any';
  },
): Promise<KeyRing> {
  const needed = check === 'any' ? null : await newestRoot(stores);
  if (needed !== null && !existsSync(file)) {
    throw new KeyFileError(
      `The encryption key file ${file} is missing, and the database holds what was sealed with ` +
        `it. Restore it from its backup; ${readMore}.`,
    );
  }
  const { wasCreated } = readOrCreateKeyFile(file, random);
  if (wasCreated) log.info({ file }, 'made a new encryption key');
  const keys = openKeyRing(file, {
    trouble: (error) => log.error({ err: error }, 'the encryption keys changed and are not taken'),
  });
  if (needed !== null && keys.adopt(needed) === 'unknown') {
    throw new KeyFileError(
      `The database is sealed under the encryption key ${needed}, and ${file} holds ` +
        `${keys
          .current()
          .map(({ id }) => id)
          .join(', ')}. Restore the right one; where keys were ` +
        `rotated on another machine, copy its key files; ${readMore}.`,
    );
  }
  return keys;
}

/**
 * The root key that the installation seals under: the one of the newest signing key, which each
 * rotation makes. Null: nothing is sealed yet.
 */
export async function newestRoot({
  signingKeys,
  sealedValues,
}: Pick<Stores, 'signingKeys' | 'sealedValues'>): Promise<string | null> {
  const [newest] = await signingKeys.list();
  return newest === undefined ? sealedValues.anyRoot() : rootIdIn(newest.sealedPrivateJwk);
}
