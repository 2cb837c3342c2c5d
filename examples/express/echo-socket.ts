/** A WebSocket server that says back what it hears, and to whom. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

const sockets = new WebSocketServer({ noServer: true });

/** Answers an upgrade that the gate let through. */
export function answerWithEcho(req: IncomingMessage, socket: Duplex, head: Buffer): void {
  sockets.handleUpgrade(req, socket, head, (client) => {
    client.on('message', (data: Buffer) => {
      client.send(`${String(req.headers['remote-user'])}: ${data.toString('utf8')}`);
    });
  });
}
