/**
 * Sends the audit trail on to the sinks of the configuration, away from everything that people
 * wait for. The trail itself is what waits: nothing is written twice.
 *
 * Once a second it looks how much waits and hands over what is new. A reload that adds, changes or
 * removes a sink counts from the next look on.
 */

import { isDeepStrictEqual } from 'node:util';

import type { AuditTrailSettings, SyslogSettings, WebhookSettings } from '../config/config.ts';
import { Secret } from '../platform/secret.ts';
import { sinkLoop, type SinkLoop, type SinkLoopParts } from './sink-loop.ts';
import { sinkNames, type AuditSink, type SinkName } from './sink.ts';
import type { WaitingGate } from './waiting-gate.ts';

/** What the sender works with. */
export interface AuditSenderParts extends Omit<SinkLoopParts, 'holder' | 'isFull'> {
  readonly settings: () => AuditTrailSettings;
  readonly gate: WaitingGate;
  readonly openSyslog: (settings: SyslogSettings) => AuditSink;
  readonly openWebhook: (settings: WebhookSettings) => AuditSink;
}

/** A sender that runs. */
export interface AuditSender {
  /** Looks now; resolves when nothing is left to do for the moment. */
  look(): Promise<void>;
  /** Hands over what still waits, as far as that is quick, and lets go of the sinks. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** How often it looks by itself. */
const pollMilliseconds = 1000;

/** How long an end waits for what is under way. */
const graceMilliseconds = 5000;

interface Running {
  readonly settings: SyslogSettings | WebhookSettings;
  readonly loop: SinkLoop;
}

/** Starts sending. Nothing that it does fails its caller. */
export function startAuditSender(parts: AuditSenderParts): AuditSender {
  const { gate, log } = parts;
  const holder = `snd_${parts.random.bytes(9).toString('base64url')}`;
  const stopping = new AbortController();
  const running = new Map<SinkName, Running>();
  const underWay = new Map<SinkName, Promise<void>>();
  let isStopped = false;
  let wasFull = false;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    await Promise.all(sinkNames.map(advance));
    await lookAtWhatWaits();
  }

  function lookAtWhatWaits(): Promise<void> {
    looking ??= compareWithBefore().finally(() => {
      looking = null;
    });
    return looking;
  }

  async function compareWithBefore(): Promise<void> {
    await gate.look();
    const isFull = gate.isFull();
    if (isFull === wasFull) return;
    wasFull = isFull;
    const facts = { waiting: gate.waiting(), limit: parts.settings().waitingMax };
    if (isFull) log.error(facts, 'too many audit events wait to be sent on: changes are refused');
    else log.info(facts, 'audit events are sent on again: changes are possible');
  }

  /** One look at one sink at a time: a slow sink keeps no other waiting. */
  function advance(name: SinkName): Promise<void> {
    const current = underWay.get(name);
    if (current !== undefined) return current;
    const step = stepOf(name)
      .catch((error: unknown) => log.warn({ err: error, sink: name }, 'a sink failed'))
      .finally(() => underWay.delete(name));
    underWay.set(name, step);
    return step;
  }

  async function stepOf(name: SinkName): Promise<void> {
    const settings = parts.settings()[name];
    const before = running.get(name);
    if (before !== undefined && (settings === null || !isSame(before.settings, settings))) {
      running.delete(name);
      await before.loop.stop();
    }
    if (settings === null) return;
    const now = running.get(name) ?? { settings, loop: begin(name, settings) };
    running.set(name, now);
    await now.loop.step(stopping.signal);
  }

  function begin(name: SinkName, settings: SyslogSettings | WebhookSettings): SinkLoop {
    const sink = 'url' in settings ? parts.openWebhook(settings) : parts.openSyslog(settings);
    return sinkLoop({ ...parts, holder, isFull: () => gate.isFull() }, name, sink);
  }

  function poll(): void {
    for (const name of sinkNames) void advance(name);
    void lookAtWhatWaits();
  }

  const polling = setInterval(poll, pollMilliseconds);
  polling.unref();
  poll();
  return {
    look,
    async stop(hurry) {
      if (isStopped) return;
      isStopped = true;
      clearInterval(polling);
      const grace = setTimeout(() => stopping.abort(), graceMilliseconds);
      hurry.addEventListener('abort', () => stopping.abort(), { once: true });
      if (hurry.aborted) stopping.abort();
      await Promise.all([looking, ...underWay.values()]);
      // What was written down while everything else ended.
      await Promise.all(sinkNames.map(advance));
      clearTimeout(grace);
      for (const [name, { loop }] of running) {
        await loop.stop().catch((error: unknown) => {
          log.warn({ err: error, sink: name }, 'a sink could not be let go of');
        });
      }
    },
  };
}

function isSame(one: object, other: object): boolean {
  return isDeepStrictEqual(revealed(one), revealed(other));
}

function revealed(settings: object): readonly (readonly [string, unknown])[] {
  return Object.entries(settings).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Secret ? value.reveal() : value,
  ]);
}
