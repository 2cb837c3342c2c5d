/**
 * Ending in good order: what is under way is finished, what is stored is whole.
 *
 * On SIGTERM the steps run one after the other. After a while they are told to hurry, and at the
 * end of the time allowed the rest is given up; a second signal gives up at once.
 */

import type { Logger } from './log.ts';

/** One step of the drain, such as "stop accepting" or "close the database". */
export interface DrainStep {
  readonly name: string;
  /** Should come to an end soon after the signal is aborted. */
  readonly run: (hurry: AbortSignal) => Promise<void> | void;
}

/** How a drain came out. */
export type DrainOutcome = 'drained' | 'gave-up';

/** How long a drain may take. */
export interface DrainLimits {
  /** After this long, steps are told to hurry. */
  readonly graceSeconds: number;
  /** After this long, whatever is left is given up. */
  readonly secondsMax: number;
}

/** Contract section 1: SIGTERM drains in at most 25 seconds. */
const drainLimits: DrainLimits = { graceSeconds: 20, secondsMax: 25 };

/**
 * Runs the steps in order. One that fails is logged and does not keep the next from running: a
 * stuck stream must not leave the database open.
 */
export async function drain(
  steps: readonly DrainStep[],
  { log, limits = drainLimits }: { readonly log: Logger; readonly limits?: DrainLimits },
): Promise<DrainOutcome> {
  const hurry = new AbortController();
  const grace = setTimeout(() => {
    hurry.abort();
  }, limits.graceSeconds * 1000);
  let giveUp: NodeJS.Timeout | undefined;
  const end = new Promise<DrainOutcome>((resolve) => {
    giveUp = setTimeout(() => {
      resolve('gave-up');
    }, limits.secondsMax * 1000);
  });
  try {
    return await Promise.race([runAll(steps, hurry.signal, log), end]);
  } finally {
    clearTimeout(grace);
    clearTimeout(giveUp);
  }
}

/** Where signals come from: `process`, or a stand-in for it. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * Resolves at the first SIGTERM or SIGINT. Whoever cannot wait sends another: `onSecond` is called
 * then and should end the process.
 */
export function untilToldToStop(source: SignalSource, onSecond: () => void): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = () => {
      if (isStopping) onSecond();
      isStopping = true;
      resolve();
    };
    source.on('SIGTERM', stop);
    source.on('SIGINT', stop);
  });
}

async function runAll(
  steps: readonly DrainStep[],
  hurry: AbortSignal,
  log: Logger,
): Promise<DrainOutcome> {
  for (const step of steps) {
    try {
      await step.run(hurry);
    } catch (error) {
      log.error({ err: error, step: step.name }, 'a step of the drain failed');
    }
  }
  return 'drained';
}
