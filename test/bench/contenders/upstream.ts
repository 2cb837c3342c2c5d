/** The upstream that every contender stands in front of: a small fixed answer, and sockets that idle. */

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const body = JSON.stringify({ ok: true, text: 'x'.repeat(1000) });
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('error', () => undefined));
server.listen(Number(process.argv[2]), '127.0.0.1');
