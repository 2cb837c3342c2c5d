/** Waits for something that is going to be true; the test's own timeout is the limit. */

import { setTimeout as pause } from 'node:timers/promises';

/** Resolves once the question is answered with true. */
export async function untilTrue(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await pause(10);
}
