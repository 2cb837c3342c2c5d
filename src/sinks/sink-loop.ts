/**
 * Hands the audit trail to one sink, in order, each event at least once.
 *
 * One instance at a time holds a sink, by a lease. The cursor moves only after the sink has taken
 * the events before it; whoever is killed in between hands the same events over once more.
 */

import { addSeconds, type EpochMs } from '../core/time.ts';
import type { NewAuditEvent, Severity } from '../core/audit-event.ts';
import { defaultTenant } from '../core/ids.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { AuditStore } from '../stores/types.ts';
import type { AuditSinkStore, NumberedEvent } from '../stores/types/audit-trail.ts';
import { SinkFailure, type AuditSink, type SinkName } from './sink.ts';

/** What a loop works with. */
export interface SinkLoopParts {
  readonly sinks: AuditSinkStore;
  readonly audit: Pick<AuditStore, 'appendAll'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The name of this instance. */
  readonly holder: string;
  /** So many wait for some sink that changes are refused. */
  readonly isFull: () => boolean;
  /** For metrics. */
  readonly count: (sink: SinkName, outcome: SinkOutcome, events: number) => void;
}

/** What became of a delivery. */
export type SinkOutcome = 'handed-over' | 'failed';

/** One sink at work. */
export interface SinkLoop {
  /** Hands over all that waits, unless it is too early or another instance does. Never rejects. */
  step(signal: AbortSignal): Promise<void>;
  /** Closes the sink and lets go of it. */
  stop(): Promise<void>;
}

/** So many events are handed over in one go. */
const batchMax = 500;

/** What fails so often may be too much at once: then less is tried. */
const unchangedTriesMax = 4;

/** How long one delivery may take, whatever the sink makes of it. */
const deliverySeconds = 30;

/** How long a sink is held, and what must be left of it when a delivery begins. */
const lease = { seconds: 60, leftSeconds: deliverySeconds + 5 } as const;

/** How often an instance looks whether another has let go of a sink. */
const elsewhereSeconds = 5;

/** The first and the longest time between two tries; each time is twice the one before. */
const patience = {
  unreachable: { firstSeconds: 1, longestSeconds: 30 },
  'too-large': { firstSeconds: 0, longestSeconds: 30 },
  refused: { firstSeconds: 60, longestSeconds: 300 },
} as const;

/** We wait as long as a sink asks us to, but not for ever. */
const retryAfterSecondsMax = 600;

/** Trouble that lasts so long is an event of the trail itself. */
const toldAfterSeconds = 60;

interface Trouble {
  readonly since: EpochMs;
  readonly failure: SinkFailure;
  readonly tries: number;
  readonly told: Severity | null;
}

/** Makes the loop of a sink. */
export function sinkLoop(parts: SinkLoopParts, name: SinkName, sink: AuditSink): SinkLoop {
  const { sinks, clock, log } = parts;
  const { holder } = parts;
  /** The number of the last event that was handed over; null: another instance holds the sink. */
  let position: number | null = null;
  let heldUntil: EpochMs = 0;
  let elsewhereUntil: EpochMs = 0;
  let dueAt: EpochMs = 0;
  let limit = batchMax;
  /** What failed last: tried again as it was, so that a sink knows it again. */
  let unsent: readonly NumberedEvent[] | null = null;
  let trouble: Trouble | null = null;
  let isStoreAway = false;

  async function hold(): Promise<boolean> {
    const now = clock.now();
    if (position !== null && heldUntil >= addSeconds(now, lease.leftSeconds)) return true;
    const leaseUntil = addSeconds(now, lease.seconds);
    const state = await sinks.take({ sink: name, holder, now, leaseUntil });
    if (state === null) {
      await letGo();
      elsewhereUntil = addSeconds(now, elsewhereSeconds);
      return false;
    }
    heldUntil = leaseUntil;
    // Somebody may have had the sink forgotten meanwhile.
    if (state.lastSeq !== position) unsent = null;
    position = state.lastSeq;
    return true;
  }

  async function letGo(): Promise<void> {
    const wasHeld = position !== null;
    position = null;
    unsent = null;
    trouble = null;
    if (wasHeld) await sink.close();
    sink.takeDoubt();
  }

  async function takeBackWhatIsInDoubt(): Promise<void> {
    const doubt = sink.takeDoubt();
    if (doubt === null || position === null || doubt >= position) return;
    log.warn({ sink: name, events: position - doubt }, 'audit events are handed over once more');
    position = doubt;
    unsent = null;
    await sinks.takeBack(name, holder, doubt);
  }

  /** Hands over one batch; false when there is none, or when this instance holds the sink no more. */
  async function handOver(after: number, signal: AbortSignal): Promise<boolean> {
    const events = unsent ?? (await sinks.read(after, limit));
    const last = events.at(-1);
    if (last === undefined) return false;
    unsent = events;
    await sink.deliver(
      events,
      AbortSignal.any([signal, AbortSignal.timeout(deliverySeconds * 1000)]),
    );
    unsent = null;
    parts.count(name, 'handed-over', events.length);
    if (!(await sinks.advance(name, holder, last.seq, clock.now()))) {
      await letGo();
      return false;
    }
    position = last.seq;
    limit = Math.min(batchMax, limit * 2);
    if (trouble !== null) {
      log.info({ sink: name, afterTries: trouble.tries }, 'the audit trail is sent on again');
      trouble = null;
    }
    return true;
  }

  async function failed(failure: SinkFailure): Promise<void> {
    const now = clock.now();
    parts.count(name, 'failed', 0);
    const isFirst = trouble === null;
    const tries = (trouble?.tries ?? 0) + 1;
    trouble = { since: trouble?.since ?? now, failure, tries, told: trouble?.told ?? null };
    const isTooLarge = failure.kind === 'too-large' && limit > 1;
    if (!isTooLarge) dueAt = addSeconds(now, secondsUntilNext(failure, tries, parts.random));
    if (isTooLarge || tries >= unchangedTriesMax) {
      limit = Math.max(1, Math.floor(limit / 2));
      unsent = null;
    }
    const facts = { sink: name, tries, failure: failure.message, err: failure.cause };
    if (failure.kind === 'refused') log.error(facts, 'the audit trail is refused');
    else if (isFirst) log.warn(facts, 'the audit trail cannot be sent on');
    await takeBackWhatIsInDoubt();
    const { since } = trouble;
    await sinks.noteTrouble(name, holder, { since, failure: failure.message });
    await tell();
  }

  /** Writes trouble that lasts into the trail; once, and once more when it makes changes impossible. */
  async function tell(): Promise<void> {
    if (trouble === null) return;
    const isFull = parts.isFull();
    const severity = isFull ? 'high' : 'warning';
    const lasts = clock.now() >= addSeconds(trouble.since, toldAfterSeconds);
    if (!(isFull || lasts) || trouble.told === 'high' || trouble.told === severity) return;
    const { since, failure } = trouble;
    trouble = { ...trouble, told: severity };
    await parts.audit.appendAll([sinkFailed(clock.now(), severity, { name, since, failure })]);
  }

  return {
    async step(signal) {
      try {
        // It is held while it is left alone too, or every instance would try in turn.
        if (clock.now() < elsewhereUntil || !(await hold()) || clock.now() < dueAt) return;
        await takeBackWhatIsInDoubt();
        isStoreAway = false;
        while (position !== null && (await handOver(position, signal))) {
          if (signal.aborted || !(await hold())) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof SinkFailure)) {
          // Said once, not every second for as long as the store is away.
          if (!isStoreAway) log.warn({ err: error, sink: name }, 'the audit trail cannot be read');
          isStoreAway = true;
          return;
        }
        await failed(error).catch((noted: unknown) => {
          log.warn({ err: noted, sink: name }, 'the state of a sink could not be written');
        });
      }
    },

    async stop() {
      await sink.close();
      if (position === null) return;
      await takeBackWhatIsInDoubt();
      position = null;
      await sinks.release(name, holder);
    },
  };
}

function secondsUntilNext(failure: SinkFailure, tries: number, random: Random): number {
  const { firstSeconds, longestSeconds } = patience[failure.kind];
  // Sixteen doublings are beyond any longest time, and no number grows without bound.
  const longest = Math.min(longestSeconds, firstSeconds * 2 ** Math.min(tries - 1, 16));
  const asked = Math.min(failure.retryAfterSeconds ?? 0, retryAfterSecondsMax);
  const share = (random.bytes(1)[0] ?? 0) / 255;
  return asked + longest * (0.5 + share / 2);
}

function sinkFailed(
  at: EpochMs,
  severity: Severity,
  { name, since, failure }: { readonly name: SinkName } & Pick<Trouble, 'since' | 'failure'>,
): NewAuditEvent {
  return {
    at,
    type: 'audit.sink-failed',
    severity,
    actor: 'system',
    subject: null,
    tenant: defaultTenant,
    ip: null,
    userAgent: null,
    session: null,
    requestId: null,
    details: {
      sink: name,
      failure: failure.message,
      since: new Date(since).toISOString(),
      changesRefused: severity === 'high',
    },
  };
}
