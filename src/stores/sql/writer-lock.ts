/** A lock that hands itself on in the order of asking and lets nobody wait for ever. */

import { StoreUnavailable } from '../types.ts';

/** Lets one holder in at a time. */
export class WriterLock {
  readonly #waitMs: number;
  readonly #waiting = new Set<() => void>();
  #isHeld = false;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Resolves when the lock is the caller's; throws `StoreUnavailable` when that takes too long. */
  acquire(): Promise<void> {
    if (!this.#isHeld) {
      this.#isHeld = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(enter);
        reject(new StoreUnavailable('The database (busy with earlier writes)'));
      }, this.#waitMs);
      this.#waiting.add(enter);
    });
  }

  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#isHeld = false;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
