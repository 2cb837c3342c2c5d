/**
 * Worker threads that compute argon2id, and the bounded queue in front of them.
 *
 * A storm of sign-ins must neither stall the event loop nor fill the memory: what does not fit the
 * queue is refused at once, and the caller says "too busy" instead of timing out.
 */

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { Problem } from '../../core/problem.ts';
import type { Argon2Job } from './argon2-worker.ts';

/** How many threads work and how many passwords may wait for one. */
export interface Argon2PoolOptions {
  readonly workers: number;
  readonly waitingMax: number;
}

/** One thread fewer than there are cores, at least one; 64 may wait. */
export const defaultArgon2PoolOptions: Argon2PoolOptions = {
  workers: Math.max(1, availableParallelism() - 1),
  waitingMax: 64,
};

/** Hashes in worker threads. */
export interface Argon2Pool {
  /** The tag. Throws the problem `too-busy` when the queue is full or the thread died. */
  compute(job: Argon2Job): Promise<Buffer>;
  /** Ends the threads; what still waits is refused. */
  close(): Promise<void>;
}

interface Task {
  readonly job: Argon2Job;
  readonly resolve: (tag: Buffer) => void;
  readonly reject: (problem: Problem) => void;
}

const retryAfterSeconds = 5;

// The checkout runs TypeScript as it is, the package carries JavaScript beside the same name.
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './argon2-worker.ts' : './argon2-worker.js',
  import.meta.url,
);

/** Makes a pool. Threads start with the first password, so that nothing else waits for them. */
export function createArgon2Pool(options: Argon2PoolOptions): Argon2Pool {
  const waiting: Task[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Task>();
  let isClosed = false;

  function startWorker(): Worker {
    const worker = new Worker(workerFile, {
      name: 'argon2',
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    worker.on('message', (tag: Uint8Array) => {
      const task = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      worker.unref();
      task?.resolve(Buffer.from(tag));
      dispatch();
    });
    // An error is followed by `exit`; without a listener it would end the process.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      const task = busy.get(worker);
      busy.delete(worker);
      const position = idle.indexOf(worker);
      if (position >= 0) idle.splice(position, 1);
      task?.reject(tooBusy());
      dispatch();
    });
    return worker;
  }

  function dispatch(): void {
    if (isClosed) return;
    for (;;) {
      const hasRoom = busy.size + idle.length < options.workers;
      if (waiting.length === 0 || (idle.length === 0 && !hasRoom)) return;
      const worker = idle.pop() ?? startWorker();
      const task = waiting.shift();
      assert(task !== undefined);
      busy.set(worker, task);
      // A thread with work keeps the process alive, an idle one does not.
      worker.ref();
      worker.postMessage(task.job, []);
    }
  }

  return {
    compute(job) {
      return new Promise((resolve, reject) => {
        if (isClosed || waiting.length >= options.waitingMax) {
          reject(tooBusy());
          return;
        }
        waiting.push({ job, resolve, reject });
        dispatch();
      });
    },

    async close() {
      isClosed = true;
      for (const task of waiting.splice(0)) task.reject(tooBusy());
      await Promise.all([...idle, ...busy.keys()].map((worker) => worker.terminate()));
    },
  };
}

function tooBusy(): Problem {
  return new Problem('too-busy', {
    detail: 'Wait a few seconds and try again.',
    retryAfterSeconds,
  });
}
