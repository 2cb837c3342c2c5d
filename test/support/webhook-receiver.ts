/** A receiver of webhooks that keeps what it gets and answers as a test says. */

import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

import type { WebhookSettings } from '../../src/config/config.ts';
import { Secret } from '../../src/platform/secret.ts';
import { listening } from './listening.ts';
import { untilTrue } from './until-true.ts';

/** One delivery, as it came. */
export interface Delivery {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly ids: readonly string[];
  readonly status: number | null;
}

/** What it answers; null: nothing, for as long as it is asked. */
export interface Answer {
  readonly status: number | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** It never ends its answer. */
  readonly isEndless?: boolean;
}

/** A receiver that listens. */
export interface TestReceiver {
  readonly origin: string;
  readonly settings: (changes?: Partial<WebhookSettings>) => WebhookSettings;
  readonly deliveries: readonly Delivery[];
  /** The ids of events in deliveries that were answered with 2xx, in order. */
  taken(): readonly string[];
  answer(how: (delivery: Omit<Delivery, 'status'>) => Answer): void;
  /** Forgets what came. */
  forget(): void;
  untilDeliveries(count: number): Promise<void>;
  untilTaken(count: number): Promise<void>;
  close(): Promise<void>;
}

/** What deliveries to it are signed with. */
export const receiverSecret = 'a-secret-of-the-receiver';

/** Starts one on loopback. */
export async function startReceiver(): Promise<TestReceiver> {
  const deliveries: Delivery[] = [];
  let answerOf: (delivery: Omit<Delivery, 'status'>) => Answer = takesAll;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('error', () => undefined);
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { method = '', url: path = '', headers } = req;
      const received = { method, path, headers, body, ids: idsIn(body) };
      const answer = answerOf(received);
      deliveries.push({ ...received, status: answer.status });
      write(res, answer);
    });
  });
  const { origin } = await listening(server);
  const taken = (): readonly string[] =>
    deliveries.filter(({ status }) => status !== null && status < 300).flatMap(({ ids }) => ids);
  return {
    origin,
    settings: (changes = {}) => ({
      url: `${origin}/events`,
      secret: new Secret(receiverSecret),
      ...changes,
    }),
    deliveries,
    taken,
    answer(how) {
      answerOf = how;
    },
    forget() {
      deliveries.length = 0;
    },
    untilDeliveries: (count) => untilTrue(() => deliveries.length >= count),
    untilTaken: (count) => untilTrue(() => taken().length >= count),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function takesAll(): Answer {
  return { status: 204 };
}

/** What a receiver makes of the signature: the time that it was made at, or null. */
export function verifiedAt({ headers, body }: Delivery, secret = receiverSecret): number | null {
  const [, seconds = '', mac = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['sallyport-signature'])) ?? [];
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return mac === expected ? Number(seconds) * 1000 : null;
}

function idsIn(body: string): readonly string[] {
  const { events } = JSON.parse(body) as { readonly events: readonly { readonly id: string }[] };
  return events.map(({ id }) => id);
}

function write(res: ServerResponse, { status, headers = {}, body = '', isEndless }: Answer): void {
  if (status === null) return;
  res.writeHead(status, headers);
  if (isEndless === true) {
    const pour = (): void => {
      while (!res.destroyed && res.write('x'.repeat(65_536)));
      if (!res.destroyed) res.once('drain', pour);
    };
    pour();
    return;
  }
  res.end(body);
}
