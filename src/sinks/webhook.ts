/**
 * A receiver of events by POST. A 2xx is its receipt; nothing else is.
 *
 * Each delivery is signed with the time it was made, so that a receiver can tell ours from others
 * and old from new; a delivery that is tried again has the same key, so that it counts once.
 */

import { createHmac } from 'node:crypto';

import type { WebhookSettings } from '../config/config.ts';
import { jsonLine } from '../core/audit-formats.ts';
import type { SteadyClock } from '../platform/clock.ts';
import type { NumberedEvent } from '../stores/types/audit-trail.ts';
import { SinkFailure, type AuditSink } from './sink.ts';

/** How long one delivery may take. */
const deliveryMilliseconds = 10_000;

/** Makes the sink. */
export function webhookSink(
  settings: WebhookSettings,
  parts: {
    /** Receivers compare with the wall, and so must we. */
    readonly clock: Pick<SteadyClock, 'wallNow'>;
    readonly timeoutMilliseconds?: number;
  },
): AuditSink {
  const { timeoutMilliseconds = deliveryMilliseconds } = parts;
  return {
    async deliver(events, signal) {
      const body = bodyOf(events);
      const response = await post(settings, {
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'sallyport',
          'idempotency-key': deliveryKey(events),
          'sallyport-signature': signatureOf(settings, body, parts.clock.wallNow()),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMilliseconds)]),
      });
      // Whatever it says, the status is the answer.
      await response.body?.cancel().catch(() => undefined);
      if (!response.ok) throw refusalOf(settings, response, parts.clock.wallNow());
    },
    takeDoubt: () => null,
    close: async () => undefined,
  };
}

/** The text of a delivery, oldest event first; each is what a line of `audit export` is. */
export function bodyOf(events: readonly NumberedEvent[]): string {
  return `{"events":[${events.map(({ event }) => jsonLine(event)).join(',')}]}`;
}

/** The same for the same events, and for no others. */
function deliveryKey(events: readonly NumberedEvent[]): string {
  return `${events.at(0)?.event.id ?? ''}-${events.at(-1)?.event.id ?? ''}`;
}

function signatureOf({ secret }: WebhookSettings, body: string, wallNow: number): string {
  const seconds = String(Math.floor(wallNow / 1000));
  const mac = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}

async function post(
  settings: WebhookSettings,
  request: {
    readonly body: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<Response> {
  try {
    // Security: a redirect could lead events to anybody; it is answered as a refusal.
    return await fetch(settings.url, { ...request, method: 'POST', redirect: 'manual' });
  } catch (error) {
    throw new SinkFailure(`${placeOf(settings)} ${troubleOf(error)}`, { cause: error });
  }
}

function troubleOf(error: unknown): string {
  const { name, cause } = error as Error;
  if (name === 'TimeoutError' || name === 'AbortError') return 'does not answer';
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return `cannot be reached (${code ?? 'the connection failed'})`;
}

/** Too early, too many, too slow: the same may be right later (RFC 9110, RFC 6585, RFC 8470). */
const passing: readonly number[] = [408, 425, 429];

function refusalOf(settings: WebhookSettings, response: Response, wallNow: number): SinkFailure {
  const { status } = response;
  const answered = `${placeOf(settings)} answered ${String(status)}`;
  const retryAfterSeconds = retryAfterOf(response.headers.get('retry-after'), wallNow);
  if (status >= 500 || passing.includes(status)) {
    return new SinkFailure(answered, { retryAfterSeconds });
  }
  if (status === 413) return new SinkFailure(answered, { kind: 'too-large' });
  const sentence = status >= 300 && status < 400 ? `${answered}, and is not followed` : answered;
  return new SinkFailure(sentence, { kind: 'refused', retryAfterSeconds });
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterOf(text: string | null, wallNow: number): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - wallNow) / 1000));
}

/** Path and query stay out of logs: receivers put secrets there. */
function placeOf({ url }: WebhookSettings): string {
  return new URL(url).origin;
}
