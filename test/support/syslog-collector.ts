/** A syslog collector on a socket: reads by the letter of the RFCs, and misbehaves when told to. */

import { once } from 'node:events';
import { createServer as createPlain, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';

import type { SyslogSettings } from '../../src/config/config.ts';
import { readFrames, readSyslog, type SyslogMessage } from './read-syslog.ts';
import { untilTrue } from './until-true.ts';

/** What it does with connections that are made from now on. */
export type CollectorManners =
  | 'reads'
  | 'reads-nothing'
  | { readonly closesAfterOctets: number }
  | { readonly lags: number };

/** A collector that listens. */
export interface TestCollector {
  readonly port: number;
  /** Whole messages in the order in which they were read. */
  readonly messages: readonly SyslogMessage[];
  /** How often somebody connected. */
  readonly connections: () => number;
  /** How many connections are open. */
  readonly open: () => number;
  readonly settings: (changes?: Partial<SyslogSettings>) => SyslogSettings;
  behave(manners: CollectorManners): void;
  /** The ids of the events that were read, in order. */
  ids(): readonly string[];
  untilMessages(count: number): Promise<void>;
  /** Ends every connection; `killed`: as the system does for a process that is no more. */
  hangUp(how: 'closed' | 'killed'): void;
  /** Ends every connection and listens no more. */
  goDown(): Promise<void>;
  /** Listens again, where it did before. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on loopback; with a certificate it speaks TLS. */
export async function startCollector(
  certificate: { readonly cert: string; readonly key: string } | null = null,
): Promise<TestCollector> {
  const messages: SyslogMessage[] = [];
  const sockets = new Set<Socket>();
  let manners: CollectorManners = 'reads';
  let connections = 0;
  let isUp = false;

  function receive(socket: Socket): void {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (manners === 'reads-nothing') {
      socket.pause();
      return;
    }
    let waiting: Buffer = Buffer.alloc(0);
    let octets = 0;
    const { closesAfterOctets = null, lags = null } = manners === 'reads' ? {} : limitsOf(manners);
    socket.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      const isTooMuch = closesAfterOctets !== null && octets >= closesAfterOctets;
      const taken = isTooMuch ? chunk.length - (octets - closesAfterOctets) : chunk.length;
      const { frames, rest } = readFrames(Buffer.concat([waiting, chunk.subarray(0, taken)]));
      waiting = rest;
      messages.push(...frames.map(readSyslog));
      if (isTooMuch) socket.destroy();
      if (lags !== null) {
        socket.pause();
        setTimeout(() => socket.resume(), lags);
      }
    });
  }

  const server: Server =
    certificate === null
      ? createPlain(receive)
      : createTls({ ...certificate, minVersion: 'TLSv1.2' }, receive);
  server.on('tlsClientError', () => undefined);
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    isUp = true;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;

  function hangUp(how: 'closed' | 'killed'): void {
    for (const socket of sockets) {
      if (how === 'killed') socket.resetAndDestroy();
      else socket.end();
    }
  }

  async function goDown(): Promise<void> {
    if (!isUp) return;
    isUp = false;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    port,
    messages,
    connections: () => connections,
    open: () => sockets.size,
    settings: (changes = {}) => ({
      host: '127.0.0.1',
      port,
      isTls: certificate !== null,
      certificates: null,
      facility: 13,
      ...changes,
    }),
    behave(next) {
      manners = next;
    },
    ids: () => messages.map(({ parameters }) => parameters['id'] ?? ''),
    untilMessages: (count) => untilTrue(() => messages.length >= count),
    hangUp,
    goDown,
    comeBack: () => listen(port),
    close: goDown,
  };
}

function limitsOf(manners: object): {
  readonly closesAfterOctets?: number;
  readonly lags?: number;
} {
  return manners;
}
