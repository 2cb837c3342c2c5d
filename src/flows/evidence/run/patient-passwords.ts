/**
 * Passwords for a run: where too many people sign in at this moment, the run waits its turn. That
 * the queue is full says nothing about what the policy promises.
 */

import { Problem } from '../../../core/problem.ts';
import type { Passwords } from '../../../methods/method.ts';

const triesMax = 60;
const secondsBetween = 1;

/** The same passwords, asked again while they are too busy. */
export function patientPasswords(
  passwords: Passwords,
  pause: (seconds: number) => Promise<void>,
): Passwords {
  const patiently = async <Value>(ask: () => Promise<Value>): Promise<Value> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        const isBusy = error instanceof Problem && error.code === 'too-busy';
        if (!isBusy || tries >= triesMax) throw error;
        await pause(secondsBetween);
      }
    }
  };
  return {
    ...passwords,
    hash: (password) => patiently(() => passwords.hash(password)),
    verify: (password, hash) => patiently(() => passwords.verify(password, hash)),
  };
}
