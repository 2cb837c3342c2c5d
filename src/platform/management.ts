/**
 * The management listener: is the process alive, is it ready, what does it count.
 *
 * For the operator's machines, on an address of its own. It answers by exact path and by nothing
 * else; nothing that a visitor of the gateway sends reaches it.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from './log.ts';

/** What the listener asks. */
export interface ManagementParts {
  readonly log: Logger;
  /** Resolves when requests can be decided; throws when a store does not answer. */
  readonly checkReady: () => Promise<void>;
  readonly isDraining: () => boolean;
  readonly readMetrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

/** A running listener. */
export interface Management {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the listener. Rejects when the address is taken. */
export async function startManagement(
  address: { readonly host: string; readonly port: number },
  parts: ManagementParts,
): Promise<Management> {
  const server = createServer((req, res) => void answer(parts, req, res));
  server.listen(address.port, address.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${String(port)}`,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

const plainText = 'text/plain; charset=utf-8';

async function answer(
  parts: ManagementParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  req.resume();
  const [status, type, text] = await contentFor(parts, req.method ?? '', req.url ?? '');
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  res.end(req.method === 'HEAD' ? undefined : text);
}

async function contentFor(
  parts: ManagementParts,
  method: string,
  url: string,
): Promise<readonly [number, string, string]> {
  if (method !== 'GET' && method !== 'HEAD') return [405, plainText, 'GET and HEAD only\n'];
  switch (url) {
    case '/healthz':
      return [200, plainText, 'ok\n'];
    case '/readyz':
      return readiness(parts);
    case '/metrics': {
      const { text, contentType } = await parts.readMetrics();
      return [200, contentType, text];
    }
    default:
      return [404, plainText, 'there are /healthz, /readyz and /metrics\n'];
  }
}

async function readiness(parts: ManagementParts): Promise<readonly [number, string, string]> {
  if (parts.isDraining()) return [503, plainText, 'draining\n'];
  try {
    await parts.checkReady();
    return [200, plainText, 'ready\n'];
  } catch (error) {
    parts.log.warn({ err: error }, 'not ready');
    return [503, plainText, 'a store does not answer\n'];
  }
}
