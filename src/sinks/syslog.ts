/**
 * A syslog collector over TCP (RFC 6587) or TLS (RFC 5425).
 *
 * Syslog knows no receipts. What is written lies with the operating system, the network and the
 * collector's own buffers before anybody reads it, so a connection that breaks puts what was
 * written to it lately in doubt: that is handed over once more. A collector that stops reading is
 * noticed when nothing more can be written.
 */

import { once } from 'node:events';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

import type { SyslogSettings } from '../config/config.ts';
import type { Clock } from '../platform/clock.ts';
import type { NumberedEvent } from '../stores/types/audit-trail.ts';
import { SinkFailure, type AuditSink } from './sink.ts';
import { octetCounted, syslogMessage, type SyslogOrigin } from './syslog-message.ts';

/** What may be shorter in tests. */
export interface SyslogPatience {
  /** Until a connection stands, its TLS included. */
  readonly connectMilliseconds: number;
  /** Without the collector taking anything. */
  readonly stallMilliseconds: number;
  /** Until the collector closes its side after we closed ours. */
  readonly farewellMilliseconds: number;
}

const defaultPatience: SyslogPatience = {
  connectMilliseconds: 10_000,
  stallMilliseconds: 15_000,
  farewellMilliseconds: 2000,
};

/**
 * How far back doubts reach. A collector that closes in good order has read what came some seconds
 * ago. One that is killed may have read nothing for long, and where a line dies in silence the
 * operating system tries for a quarter of an hour before it says so.
 */
const doubtMilliseconds = { closed: 5000, broken: 16 * 60_000 } as const;

/** So many octets are written in one go; after each the collector must have taken the one before. */
const chunkOctets = 65_536;

const keepAliveMilliseconds = 30_000;

/** Longer than news of a collector's end are under way. */
const quietMilliseconds = 100;

/** Events that were written, and when. */
interface Written {
  /** The number of the event before the first. */
  readonly afterSeq: number;
  readonly at: number;
}

interface Connection {
  readonly socket: Socket;
  /** What was written to it, oldest first, as far back as doubts reach. */
  written: readonly Written[];
}

/** Makes the sink. Nothing is opened before the first delivery. */
export function syslogSink(
  settings: SyslogSettings,
  parts: {
    readonly clock: Clock;
    readonly hostname: () => string;
    readonly processId: number;
    readonly patience?: Partial<SyslogPatience>;
  },
): AuditSink {
  const { clock } = parts;
  const patience = { ...defaultPatience, ...parts.patience };
  let connection: Connection | null = null;
  let doubt: number | null = null;

  function doubtWhatWasWritten({ written }: Connection, milliseconds: number): void {
    const since = clock.now() - milliseconds;
    const first = written.find(({ at }) => at >= since);
    if (first !== undefined) doubt = Math.min(doubt ?? first.afterSeq, first.afterSeq);
  }

  /** Lets go of a connection for good. */
  function drop(lost: Connection, kind: keyof typeof doubtMilliseconds): void {
    if (connection !== lost) return;
    connection = null;
    lost.socket.destroy();
    doubtWhatWasWritten(lost, doubtMilliseconds[kind]);
  }

  async function connected(signal: AbortSignal): Promise<Connection> {
    if (connection !== null) return connection;
    const socket = await open(settings, patience.connectMilliseconds, signal);
    const opened: Connection = { socket, written: [] };
    connection = opened;
    // Collectors say nothing; what they say is thrown away, but its end must be heard.
    socket.resume();
    socket.on('error', () => drop(opened, 'broken'));
    socket.on('end', () => drop(opened, 'closed'));
    socket.on('close', () => drop(opened, 'closed'));
    return opened;
  }

  function origin(): SyslogOrigin {
    const { facility } = settings;
    return { facility, hostname: parts.hostname(), processId: parts.processId };
  }

  return {
    async deliver(events, signal) {
      const [first] = events;
      if (first === undefined) return;
      const to = await connected(signal);
      const since = clock.now() - doubtMilliseconds.broken;
      const earlier = to.written.filter(({ at }) => at >= since);
      to.written = [...earlier, { afterSeq: first.seq - 1, at: clock.now() }];
      const octets = octetsOf(events, origin());
      try {
        for (let from = 0; from < octets.length; from += chunkOctets) {
          const chunk = octets.subarray(from, from + chunkOctets);
          await written(to.socket, chunk, patience.stallMilliseconds, signal);
        }
      } catch (error) {
        drop(to, 'broken');
        throw failureOf(error, settings);
      }
      if (connection !== to) throw new SinkFailure(`${placeOf(settings)} closed the connection`);
    },

    takeDoubt() {
      const taken = doubt;
      doubt = null;
      return taken;
    },

    async close() {
      // A collector that is going says so before it hears us: its end is no receipt then.
      if (connection !== null) await pause(quietMilliseconds);
      const last = connection;
      connection = null;
      if (last === null) return;
      const hasTakenAll = await farewell(last.socket, patience.farewellMilliseconds);
      last.socket.destroy();
      if (!hasTakenAll) doubtWhatWasWritten(last, doubtMilliseconds.broken);
    },
  };
}

function octetsOf(events: readonly NumberedEvent[], origin: SyslogOrigin): Buffer {
  return Buffer.concat(events.map(({ event }) => octetCounted(syslogMessage(event, origin))));
}

async function open(
  settings: SyslogSettings,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Socket> {
  let socket: Socket | null = null;
  try {
    socket = socketTo(settings);
    // Without a listener, an error at the wrong moment would end the process.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMilliseconds);
    const until = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
    await once(socket, settings.isTls ? 'secureConnect' : 'connect', { signal: until });
    return socket;
  } catch (error) {
    socket?.destroy();
    throw failureOf(error, settings);
  }
}

function socketTo({ host, port, isTls, certificates }: SyslogSettings): Socket {
  if (!isTls) return connectPlain({ host, port });
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    // RFC 6066 §3: only names are announced. The certificate is checked against either.
    ...(isIP(host) === 0 && { servername: host }),
    ...(certificates !== null && { ca: certificates }),
  });
}

/** The collector took nothing for too long. */
class Stalled extends Error {}

/** Resolves once the operating system has taken the octets. */
async function written(
  socket: Socket,
  octets: Buffer,
  stallMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stalled = (): void => settle(new Stalled());
    const aborted = (): void => settle(signal.reason);
    const closed = (): void => settle(new Error('closed'));
    const timer = setTimeout(stalled, stallMilliseconds);
    const settle = (error: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.removeListener('close', closed);
      if (error === undefined || error === null) resolve();
      else reject(error);
    };
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('close', closed);
    socket.write(octets, settle);
  });
}

/** Closes our side and waits for the other, which has then read everything. */
async function farewell(socket: Socket, milliseconds: number): Promise<boolean> {
  if (socket.destroyed) return false;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    const settle = (hasEnded: boolean) => () => {
      clearTimeout(timer);
      resolve(hasEnded);
    };
    socket.once('end', settle(true));
    socket.on('error', settle(false));
    socket.once('close', settle(false));
    socket.end();
  });
}

function failureOf(error: unknown, settings: SyslogSettings): SinkFailure {
  const place = placeOf(settings);
  if (error instanceof SinkFailure) return error;
  if (error instanceof Stalled) return new SinkFailure(`${place} takes nothing any more`);
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new SinkFailure(`${place} does not answer`, { cause: error });
  }
  return new SinkFailure(`${place} cannot be written to (${code ?? 'connection closed'})`, {
    cause: error,
  });
}

function placeOf({ host, port, isTls }: SyslogSettings): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return `${isTls ? 'tls' : 'tcp'}://${shown}:${String(port)}`;
}
