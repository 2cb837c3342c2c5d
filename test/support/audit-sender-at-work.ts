/** Senders of the audit trail over a database of their own, by the test's clock. */

import { Buffer } from 'node:buffer';

import type { AuditTrailSettings } from '../../src/config/config.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Logger } from '../../src/platform/log.ts';
import { systemRandom, type Random } from '../../src/platform/random.ts';
import { startAuditSender, type AuditSender } from '../../src/sinks/audit-sender.ts';
import type { SinkName } from '../../src/sinks/sink.ts';
import { syslogSink, type SyslogPatience } from '../../src/sinks/syslog.ts';
import { createWaitingGate, type WaitingGate } from '../../src/sinks/waiting-gate.ts';
import { webhookSink } from '../../src/sinks/webhook.ts';
import type { Stores } from '../../src/stores/types.ts';
import { aNewEvent } from './audit-events.ts';
import type { FixedClock } from './fixed-clock.ts';
import { quietLog } from './quiet-log.ts';

/** A sender, and what it told of. */
export interface AuditSenderAtWork extends AuditSender {
  readonly gate: WaitingGate;
  /** `syslog handed-over 3`, in the order it happened. */
  readonly outcomes: readonly string[];
}

/** Nothing is sent anywhere and nothing is full. */
export const noSinks: AuditTrailSettings = {
  keptSeconds: null,
  syslog: null,
  webhook: null,
  waitingMax: 100_000,
  whenFull: 'pass',
};

/** Waits in tests are short. */
const patience: SyslogPatience = {
  connectMilliseconds: 1000,
  stallMilliseconds: 500,
  farewellMilliseconds: 500,
};

/** Jitter that is always the longest, so that a test can say when a try is due. */
const noJitter: Random = {
  bytes: (count) => (count === 1 ? Buffer.from([255]) : systemRandom.bytes(count)),
};

/** Starts a sender. */
export function auditSenderAtWork(options: {
  readonly stores: Pick<Stores, 'audit' | 'auditSinks'>;
  readonly clock: FixedClock;
  readonly settings: () => Partial<AuditTrailSettings>;
  readonly log?: Logger;
  readonly patience?: Partial<SyslogPatience>;
  readonly webhookMilliseconds?: number;
}): AuditSenderAtWork {
  const { stores, clock, log = quietLog } = options;
  const outcomes: string[] = [];
  const settings = (): AuditTrailSettings => ({ ...noSinks, ...options.settings() });
  const gate = createWaitingGate({ sinks: stores.auditSinks, settings, log });
  const sender = startAuditSender({
    sinks: stores.auditSinks,
    audit: stores.audit,
    clock,
    random: noJitter,
    log,
    settings,
    gate,
    count: (sink: SinkName, outcome, events) => outcomes.push(`${sink} ${outcome} ${events}`),
    openSyslog: (of) =>
      syslogSink(of, {
        clock,
        hostname: () => 'id.example.com',
        processId: 4711,
        patience: { ...patience, ...options.patience },
      }),
    openWebhook: (of) =>
      webhookSink(of, { clock, timeoutMilliseconds: options.webhookMilliseconds ?? 500 }),
  });
  return { ...sender, gate, outcomes };
}

/** Appends so many events and says their ids. */
export async function appendEvents(
  stores: Pick<Stores, 'audit'>,
  count: number,
  name = 'anna',
): Promise<readonly string[]> {
  const events: AuditEvent[] = [];
  for (let at = 0; at < count; at += 1) {
    events.push(await stores.audit.append(aNewEvent({ actor: `${name}-${String(at)}` })));
  }
  return events.map(({ id }) => id);
}

/** All ids of the trail that are not about the trail itself, in order. */
export async function trailOf(stores: Pick<Stores, 'audit'>): Promise<readonly string[]> {
  const events = await Array.fromAsync(stores.audit.read({ since: null }));
  return events.map(({ id }) => id);
}
