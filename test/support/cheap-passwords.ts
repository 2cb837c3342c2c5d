/** Passwords that cost next to nothing, for tests that are about something else. */

import { createPasswords } from '../../src/methods/password/password.ts';
import { systemRandom } from '../../src/platform/random.ts';

/** One thread serves all worlds and portals of a test file, and ends with its process. */
export const cheapPasswords = createPasswords(
  systemRandom,
  { workers: 1, waitingMax: 64 },
  { memoryKib: 64, passes: 1, parallelism: 1 },
);
