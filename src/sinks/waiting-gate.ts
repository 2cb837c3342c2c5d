/**
 * Says whether too many audit events wait to be sent on (security F12). Then nothing is done that
 * has to be audited, and proxied requests pass or not, as the configuration says.
 *
 * The number comes from the database, so that every instance says the same; it is read once a
 * second, so that asking costs nothing.
 */

import type { AuditTrailSettings } from '../config/config.ts';
import type { EpochMs } from '../core/time.ts';
import type { Logger } from '../platform/log.ts';
import type { AuditSinkStore, KnownSink } from '../stores/types/audit-trail.ts';
import { sinkNames, type SinkName } from './sink.ts';

/** What is told of the sinks, for metrics. */
export interface WaitingReport {
  readonly waiting: (sink: SinkName, events: number) => void;
  readonly handedOver: (sink: SinkName, at: EpochMs) => void;
  readonly full: (isFull: boolean) => void;
  /** Nothing is sent there any more. */
  readonly gone: (sink: SinkName) => void;
}

/** Whether there is room for what has to be audited. */
export interface WaitingGate {
  /** As of the last look. */
  isFull(): boolean;
  /** How many wait for the slowest of the configured sinks, as of the last look. */
  waiting(): number;
  /** Looks now. The answer before stands where the database does not answer. */
  look(): Promise<void>;
}

/** Makes the gate. Before it has looked once there is room. */
export function createWaitingGate(parts: {
  readonly sinks: Pick<AuditSinkStore, 'list'>;
  readonly settings: () => AuditTrailSettings;
  readonly log: Logger;
  readonly report?: WaitingReport;
}): WaitingGate {
  const { sinks, settings, log, report } = parts;
  let waiting = 0;
  let isFull = false;
  let isStoreAway = false;
  let looking: Promise<void> | null = null;

  async function readAnew(): Promise<void> {
    const names = sinksOf(settings());
    const known = names.length === 0 ? [] : await sinks.list();
    const current = known.filter(({ sink }) => names.includes(sink as SinkName));
    for (const sink of current) tell(sink);
    for (const name of sinkNames) if (!names.includes(name)) report?.gone(name);
    waiting = Math.max(0, ...current.map((sink) => sink.waiting));
    isFull = waiting > settings().waitingMax;
    report?.full(isFull);
    isStoreAway = false;
  }

  function tell({ sink, waiting, handedOverAt }: KnownSink): void {
    report?.waiting(sink as SinkName, waiting);
    if (handedOverAt !== null) report?.handedOver(sink as SinkName, handedOverAt);
  }

  function look(): Promise<void> {
    looking ??= readAnew()
      .catch((error: unknown) => {
        // Said once, not every second for as long as the store is away.
        if (!isStoreAway) log.warn({ err: error }, 'audit sinks cannot be looked at');
        isStoreAway = true;
      })
      .finally(() => {
        looking = null;
      });
    return looking;
  }

  return {
    isFull: () => isFull,
    waiting: () => waiting,
    look,
  };
}

/** The sinks that a configuration names. */
export function sinksOf(settings: AuditTrailSettings): readonly SinkName[] {
  return sinkNames.filter((name) => settings[name] !== null);
}
