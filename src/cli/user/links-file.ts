/** The file that the one-time links of an import are written to, for whoever hands them over. */

import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';

import type { Invitation } from '../../flows/operating/import/import-people.ts';
import { CommandFailure } from '../cli.ts';

/** A file of links. Each is on the disk when `add` returns. */
export interface LinksFile {
  add(invitations: readonly Invitation[]): void;
  close(): void;
}

/**
 * Opens the file, for its owner alone. One that is there is gone on with, as after an interrupted
 * import, if nobody else may read it.
 */
export function openLinksFile(file: string): LinksFile {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'a', 0o600);
  } catch {
    throw new CommandFailure([`The file ${file} cannot be written.`]);
  }
  const { mode, size } = fstatSync(descriptor);
  if ((mode & 0o077) !== 0) {
    closeSync(descriptor);
    throw new CommandFailure([
      `The file ${file} is open to other users, and links are as good as passwords: chmod 600 ${file}`,
    ]);
  }
  if (size === 0) writeSync(descriptor, 'username,email,link,expires\n');
  return {
    add(invitations) {
      if (invitations.length === 0) return;
      // Usernames and addresses have no commas, quotes or line breaks.
      const lines = invitations.map(({ username, email, url, expiresAt }) =>
        [username, email ?? '', url, new Date(expiresAt).toISOString()].join(','),
      );
      writeSync(descriptor, `${lines.join('\n')}\n`);
      fsyncSync(descriptor);
    },
    close: () => closeSync(descriptor),
  };
}
