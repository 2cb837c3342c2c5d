/** An upstream that remembers what it was sent and answers as a test tells it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { listening } from './listening.ts';

/** A request as the upstream saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  /** The whole body; resolves when it has come. */
  readonly body: Promise<string>;
  readonly rawTrailers: () => readonly string[];
  /** Resolves when the connection of this request is closed before it was answered in full. */
  readonly aborted: Promise<void>;
}

/** What it does with a request; the default answers 200 with a JSON of what it saw. */
export type UpstreamHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** A running upstream. */
export interface FakeUpstream {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  readonly requests: readonly SeenRequest[];
  readonly sockets: ReadonlySet<Socket>;
  /** WebSockets that are open; they echo what they are sent. */
  readonly webSockets: ReadonlySet<WebSocket>;
  /** The requests that asked for them. */
  readonly handshakes: readonly IncomingMessage[];
  answerWith(handler: UpstreamHandler): void;
  stop(): Promise<void>;
}

/** Starts an upstream on a free port of the loopback address. */
export async function startFakeUpstream(): Promise<FakeUpstream> {
  const requests: SeenRequest[] = [];
  const handshakes: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  let handler: UpstreamHandler = showRequest;

  const server = createServer((req, res) => {
    requests.push(seen(req, res));
    handler(req, res);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const webSocketServer = new WebSocketServer({ server });
  webSocketServer.on('connection', (socket, req) => {
    handshakes.push(req);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const { origin, port } = await listening(server);
  return {
    origin,
    port,
    server,
    requests,
    sockets,
    webSockets: webSocketServer.clients,
    handshakes,
    answerWith(next) {
      handler = next;
    },
    async stop() {
      webSocketServer.close();
      for (const client of webSocketServer.clients) client.terminate();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that does exactly what a test writes on its sockets: no HTTP library in between. */
export async function startRawUpstream(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly origin: string; readonly sockets: Set<Socket>; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const { origin } = await listening(server);
  return {
    origin,
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A raw upstream's answer, sent once a whole request head has come. */
export function onHead(socket: Socket, answer: (head: string) => void): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\n')) return;
    const head = text;
    text = '';
    answer(head);
  });
}

const showRequest: UpstreamHandler = (req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    res.setHeader('Content-Type', 'application/json');
    res.end(
      JSON.stringify({
        method: req.method,
        url: req.url,
        headers: req.headers,
        body: Buffer.concat(chunks).toString(),
      }),
    );
  });
};

function seen(req: IncomingMessage, res: ServerResponse): SeenRequest {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    method: req.method ?? '',
    url: req.url ?? '',
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    rawTrailers: () => req.rawTrailers,
    body: new Promise((resolve) => {
      req.once('end', () => resolve(Buffer.concat(chunks).toString()));
    }),
    aborted: new Promise((resolve) => {
      res.once('close', () => {
        if (!res.writableFinished) resolve();
      });
    }),
  };
}
