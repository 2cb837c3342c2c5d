/**
 * Computes argon2id in a thread of its own, one password at a time.
 *
 * Proxied requests come first: this thread asks the system for a lower priority. On Linux that
 * holds for the calling thread alone (sched(7)), which is what we want.
 */

import { argon2Sync } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';

/** One password to hash. */
export interface Argon2Job {
  readonly message: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly tagBytes: number;
}

if (process.platform === 'linux') {
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox that forbids this costs fairness, not correctness.
  }
}

parentPort?.on('message', (job: Argon2Job) => {
  const tag = argon2Sync('argon2id', {
    message: job.message,
    nonce: job.salt,
    parallelism: job.parallelism,
    tagLength: job.tagBytes,
    memory: job.memoryKib,
    passes: job.passes,
  });
  const bytes = Uint8Array.from(tag);
  parentPort?.postMessage(bytes, [bytes.buffer]);
});
