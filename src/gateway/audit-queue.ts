/**
 * Denials on their way to the audit chain.
 *
 * They belong to no change, so they are appended in batches beside the requests. A flood of the
 * same denial is told once and then counted: whoever is refused must not be able to fill the disk.
 * When the store does not answer they wait, up to a bound; what is beyond it is counted and said.
 */

import type { NewAuditEvent } from '../core/audit-event.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { AuditStore } from '../stores/types.ts';

/** Takes events and sees that they are appended. */
export interface AuditQueue {
  /**
   * Takes an event. Those that are alike in `sameness` are told once, and once more ten seconds
   * later with their number; null: each is told.
   */
  add(event: NewAuditEvent, sameness: string | null): void;
  /** Appends everything that waits; resolves when it is done or has failed once more. */
  flush(): Promise<void>;
}

const waitMilliseconds = 200;
const batchMax = 500;
const waitingMax = 10_000;
const repeatWindowMilliseconds = 10_000;
const repeatsKept = 5000;

interface Repeats {
  readonly startedAt: number;
  readonly last: NewAuditEvent;
  readonly count: number;
}

/** Makes the queue. */
export function createAuditQueue(deps: {
  readonly audit: Pick<AuditStore, 'appendAll'>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'storeFailed'>;
}): AuditQueue {
  const repeats = new Map<string, Repeats>();
  let waiting: NewAuditEvent[] = [];
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | null = null;

  function enqueue(event: NewAuditEvent): void {
    if (waiting.length >= waitingMax) dropped += 1;
    else waiting.push(event);
    schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, waitMilliseconds);
    timer.unref();
  }

  function flush(): Promise<void> {
    writing ??= write().finally(() => {
      writing = null;
      if (waiting.length > 0) schedule();
    });
    return writing;
  }

  async function write(): Promise<void> {
    tellRepeats();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      try {
        await deps.audit.appendAll(batch);
      } catch (error) {
        deps.metrics.storeFailed();
        deps.log.error({ err: error, waiting: waiting.length, dropped }, 'audit events wait');
        return;
      }
      waiting = waiting.slice(batch.length);
    }
    if (dropped > 0) {
      deps.log.error({ dropped }, 'audit events were lost: the store was away for too long');
      dropped = 0;
    }
  }

  /** Tells what was counted in windows that are over. */
  function tellRepeats(): void {
    for (const [sameness, { startedAt, last, count }] of repeats) {
      const newest = performance.now();
      if (newest - startedAt < repeatWindowMilliseconds) continue;
      repeats.delete(sameness);
      if (count > 0) waiting.push({ ...last, details: { ...last.details, repeated: count } });
    }
    if (repeats.size > 0) schedule();
  }

  return {
    add(event, sameness) {
      const known = sameness === null ? undefined : repeats.get(sameness);
      if (sameness !== null && known !== undefined) {
        repeats.set(sameness, { ...known, last: event, count: known.count + 1 });
        return;
      }
      if (sameness !== null && repeats.size < repeatsKept) {
        repeats.set(sameness, { startedAt: performance.now(), last: event, count: 0 });
      }
      enqueue(event);
    },
    flush,
  };
}
