/** A machine's key files in a folder of their own, and a small world that seals under them. */

import { copyFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { openKeys } from '../../src/flows/operating/open-keys.ts';
import type { RotationParts, RotationProgress } from '../../src/flows/operating/rotate-keys.ts';
import { type KeyFileError, readOrCreateKeyFile } from '../../src/platform/key-files.ts';
import { type KeyRing, openKeyRing } from '../../src/platform/key-ring.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createSealer } from '../../src/platform/seal.ts';
import { createSigner } from '../../src/platform/signing.ts';
import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { openWorld, type World } from './flow-world.ts';
import { quietLog } from './quiet-log.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** One machine: its key files, and the installation as it sees it. */
export interface KeyRoom {
  readonly world: World;
  readonly file: string;
  readonly keys: KeyRing;
  /** What is in the folder, without the name of the key file. */
  names(): readonly string[];
  /** Opens the keys as a program does that starts now. */
  openAnew(): Promise<KeyRing>;
  /** What a command rotates with: nothing is waited for but what the clock of the test says. */
  rotation(heard?: (progress: RotationProgress) => void): RotationParts;
  /** Hands the files of one ending to another machine. */
  give(to: KeyRoom, ending: string): void;
  close(): Promise<void>;
}

/** Makes a machine; `database` is another's, where they share one. */
export async function keyRoom(
  options: { readonly database?: DatabaseLocation; readonly keyOf?: KeyRoom } = {},
): Promise<KeyRoom> {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'encryption.key');
  if (options.keyOf !== undefined) copyFileSync(options.keyOf.file, file);
  readOrCreateKeyFile(file, systemRandom);
  // Always a second later than before: a test looks as often as it likes.
  let monotonicMs = 0;
  const keys = openKeyRing(file, {
    trouble: (error) => {
      throw error;
    },
    monotonic: () => (monotonicMs += 1000),
  });
  const world = await openWorld({
    sealer: createSealer(keys, systemRandom),
    ...(options.database !== undefined && { database: options.database }),
  });
  const { ctx } = world;
  await createSigner({ clock: ctx.clock, keys: ctx.stores.signingKeys, sealer: ctx.sealer });
  return {
    world,
    file,
    keys,
    names: () =>
      readdirSync(folder.path)
        .map((name) => name.replace('encryption.key', ''))
        .filter((name) => name !== '')
        .toSorted(),
    openAnew: () => openKeys(file, { stores: ctx.stores, random: systemRandom, log: quietLog }),
    rotation: (heard = () => {}) => ({
      ctx,
      // As in a process of its own, which reads the files when it begins.
      keys: openKeyRing(file, { trouble: rethrow }),
      pause: async (seconds) => {
        world.clock.advance(seconds);
        keys.lookAgain();
      },
      report: heard,
    }),
    give: (to, ending) => {
      for (const name of readdirSync(folder.path).filter((one) => one.endsWith(ending))) {
        copyFileSync(path.join(folder.path, name), path.join(path.dirname(to.file), name));
      }
    },
    close: async () => {
      await world.close();
      folder.remove();
    },
  };
}

function rethrow(error: KeyFileError): never {
  throw error;
}
