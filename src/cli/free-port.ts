/** Finds a port to listen on. */

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The wanted port of the loopback address when it is free, else one that is; 0 wants any. */
export async function freePort(wanted: number): Promise<number> {
  return (await portIfFree(wanted)) ?? (await portIfFree(0)) ?? wanted;
}

async function portIfFree(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return null;
  } finally {
    server.close();
  }
}
