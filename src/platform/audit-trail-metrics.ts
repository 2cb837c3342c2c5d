/** Numbers about the audit trail as a whole: whether it fits, and how it is sent on. */

import { Counter, Gauge, type Registry } from 'prom-client';

import type { EpochMs } from '../core/time.ts';

/** Where these numbers are reported to. */
export interface AuditTrailMetrics {
  /** Whether the chain was found whole when it was checked last. */
  checked(isWhole: boolean): void;
  /** So many events wait for a sink. */
  waiting(sink: string, events: number): void;
  /** When a sink was handed something last. */
  handedOver(sink: string, at: EpochMs): void;
  /** One delivery, with how many events it had. */
  delivered(sink: string, outcome: 'handed-over' | 'failed', events: number): void;
  /** Whether changes are refused because too many events wait. */
  full(isFull: boolean): void;
  /** Nothing is sent to this sink any more. */
  gone(sink: string): void;
}

/** Makes them in a registry. What is not known yet is not there: 0 would be an answer. */
export function auditTrailMetrics(registry: Registry): AuditTrailMetrics {
  const registers = [registry];
  const waiting = new Gauge({
    name: 'sallyport_audit_waiting',
    help: 'Audit events that wait to be sent to a sink.',
    labelNames: ['sink'] as const,
    registers,
  });
  const handedOver = new Gauge({
    name: 'sallyport_audit_handed_over_timestamp_seconds',
    help: 'When audit events were handed to a sink last, by any instance.',
    labelNames: ['sink'] as const,
    registers,
  });
  const events = new Counter({
    name: 'sallyport_audit_handed_over_total',
    help: 'Audit events that this instance handed to a sink.',
    labelNames: ['sink'] as const,
    registers,
  });
  const failures = new Counter({
    name: 'sallyport_audit_sink_failures_total',
    help: 'Tries of this instance to hand audit events to a sink that failed.',
    labelNames: ['sink'] as const,
    registers,
  });
  const full = new Gauge({
    name: 'sallyport_audit_full',
    help: 'Whether changes are refused because too many audit events wait: 1 or 0.',
    registers,
  });
  let whole: Gauge | null = null;
  return {
    checked(isWhole) {
      whole ??= new Gauge({
        name: 'sallyport_audit_chain_ok',
        help: 'Whether the audit chain was whole when it was checked last: 1 or 0.',
        registers,
      });
      whole.set(isWhole ? 1 : 0);
    },
    waiting(sink, count) {
      waiting.labels(sink).set(count);
    },
    handedOver(sink, at) {
      handedOver.labels(sink).set(at / 1000);
    },
    delivered(sink, outcome, count) {
      if (outcome === 'handed-over') events.labels(sink).inc(count);
      else failures.labels(sink).inc();
    },
    gone(sink) {
      waiting.remove(sink);
      handedOver.remove(sink);
    },
    full(isFull) {
      full.set(isFull ? 1 : 0);
    },
  };
}
