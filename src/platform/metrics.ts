/**
 * What operators can count: the metrics of the management listener, in Prometheus' text format.
 *
 * Every name and label is fixed here. Labels hold names from the configuration and codes from
 * closed lists, never anything that a client can choose: each new value would be a new series.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { auditTrailMetrics, type AuditTrailMetrics } from './audit-trail-metrics.ts';

/** Where numbers are reported to. */
export interface Metrics {
  decided(labels: DecisionLabels): void;
  authenticated(method: string, outcome: string): void;
  requestTook(route: string, seconds: number): void;
  upstreamTook(route: string, seconds: number): void;
  /** Says how to count what is open; asked when somebody reads the metrics. */
  countOpenStreamsBy(count: () => number): void;
  storeFailed(): void;
  audited(type: string, severity: string): void;
  /** One try to send a mail. */
  mailed(kind: string, outcome: string): void;
  /** About the audit trail as a whole. */
  readonly auditTrail: AuditTrailMetrics;
  /** The whole registry as text, with the content type that belongs to it. */
  read(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** One decision, as counted. */
export interface DecisionLabels {
  readonly decision: string;
  readonly reason: string;
  /** The name of the route; `none` where there was none. */
  readonly route: string;
}

/** Streams and model answers take minutes, cached pages less than a millisecond. */
const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Makes the metrics. `countActiveSessions` is asked when somebody reads them; where it fails, the
 * last known number stands.
 */
export function createMetrics(options: {
  readonly countActiveSessions: () => Promise<number>;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];

  const decisions = new Counter({
    name: 'sallyport_decisions_total',
    help: 'Decisions, by outcome, reason and route.',
    labelNames: ['decision', 'reason', 'route'] as const,
    registers,
  });
  const authentications = new Counter({
    name: 'sallyport_authentications_total',
    help: 'Attempts to authenticate, by method and outcome.',
    labelNames: ['method', 'outcome'] as const,
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'sallyport_request_duration_seconds',
    help: 'From the first look at a request to the end of its answer.',
    labelNames: ['route'] as const,
    buckets: secondsBuckets,
    registers,
  });
  const upstreamSeconds = new Histogram({
    name: 'sallyport_upstream_duration_seconds',
    help: 'From passing a request on to the first line of the answer.',
    labelNames: ['route'] as const,
    buckets: secondsBuckets,
    registers,
  });
  const openStreams = new Gauge({
    name: 'sallyport_open_streams',
    help: 'WebSockets that are open and answers that are being passed on.',
    registers,
  });
  const storeErrors = new Counter({
    name: 'sallyport_store_errors_total',
    help: 'Requests that failed because a store did not answer.',
    registers,
  });
  const auditEvents = new Counter({
    name: 'sallyport_audit_events_total',
    help: 'Audit events, by type and severity.',
    labelNames: ['type', 'severity'] as const,
    registers,
  });
  const mails = new Counter({
    name: 'sallyport_mails_total',
    help: 'Tries to send a mail, by kind and outcome.',
    labelNames: ['kind', 'outcome'] as const,
    registers,
  });
  const activeSessions = new Gauge({
    name: 'sallyport_active_sessions',
    help: 'Sessions that are neither expired nor ended.',
    registers,
  });
  let countOpenStreams: (() => number) | null = null;

  // Resolving labels costs more than counting, and there are few combinations.
  const decisionCounters = new Map<string, { inc(): void }>();
  const requestTimers = new Map<string, { observe(seconds: number): void }>();
  const upstreamTimers = new Map<string, { observe(seconds: number): void }>();

  return {
    decided({ decision, reason, route }) {
      const key = `${decision} ${reason} ${route}`;
      once(decisionCounters, key, () => decisions.labels(decision, reason, route)).inc();
    },
    authenticated(method, outcome) {
      authentications.labels(method, outcome).inc();
    },
    requestTook(route, seconds) {
      once(requestTimers, route, () => requestSeconds.labels(route)).observe(seconds);
    },
    upstreamTook(route, seconds) {
      once(upstreamTimers, route, () => upstreamSeconds.labels(route)).observe(seconds);
    },
    countOpenStreamsBy(count) {
      countOpenStreams = count;
    },
    storeFailed() {
      storeErrors.inc();
    },
    audited(type, severity) {
      auditEvents.labels(type, severity).inc();
    },
    mailed(kind, outcome) {
      mails.labels(kind, outcome).inc();
    },
    auditTrail: auditTrailMetrics(registry),
    async read() {
      openStreams.set(countOpenStreams?.() ?? 0);
      const count = await options.countActiveSessions().catch(() => null);
      if (count !== null) activeSessions.set(count);
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

function once<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}
