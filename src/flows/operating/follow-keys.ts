/**
 * Keeps the encryption keys of a running gateway up to date: with the files beside it, and with
 * what was settled on another machine.
 *
 * Where several machines share a database, each has its own copy of the files. A rotation on one
 * of them makes a signing key that is sealed under the new key; whoever reads it and has that key
 * seals under it from then on.
 */

import type { KeyRing } from '../../platform/key-ring.ts';
import type { Logger } from '../../platform/log.ts';
import { type Stores, StoreUnavailable } from '../../stores/types.ts';
import { newestRoot } from './open-keys.ts';

/** Every process on this machine has noticed new files after so long. */
export const filesNoticedSeconds = 2;

/** Every machine has noticed a rotation after so long, if it has the key. */
export const rotationNoticedSeconds = 10;

/** What following needs. */
export interface FollowKeysParts {
  readonly keys: KeyRing;
  readonly stores: Pick<Stores, 'signingKeys' | 'sealedValues'>;
  readonly log: Logger;
}

/** Begins to follow; what is returned ends it. */
export function followKeys({ keys, stores, log }: FollowKeysParts): () => void {
  let missing: string | null = null;
  let looks = 0;

  async function lookForRotation(): Promise<void> {
    const root = await newestRoot(stores);
    const answer = root === null ? 'known' : keys.adopt(root);
    if (answer === 'adopted') {
      log.warn(
        { key: root },
        'another machine rotated the keys; this one seals under the new key too. Have it do so ' +
          'after a restart: sallyport keys rotate',
      );
    }
    if (answer === 'unknown' && missing !== root) {
      log.error(
        { key: root, file: keys.file },
        'the database is sealed under an encryption key that this machine does not have; copy ' +
          'the key files from the machine where the keys were rotated',
      );
    }
    missing = answer === 'unknown' ? root : null;
  }

  const timer = setInterval(() => {
    if (keys.lookAgain()) {
      log.info({ keys: keys.current().map(({ id }) => id) }, 'the encryption keys changed');
    }
    looks += 1;
    if (looks % (rotationNoticedSeconds / filesNoticedSeconds) !== 0) return;
    lookForRotation().catch((error: unknown) => {
      // That the database is away is told by everything else.
      if (!(error instanceof StoreUnavailable))
        log.error({ err: error }, 'looking for keys failed');
    });
  }, filesNoticedSeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
