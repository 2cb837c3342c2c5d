/**
 * The server's side of a WebSocket for the demo console: text messages, ping and close, nothing
 * else (RFC 6455). It exists so that the demo needs no package of its own; real upstreams bring
 * their own implementation.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** One open connection. */
export interface TextSocket {
  send(text: string): void;
  close(code: number): void;
}

/** What the server does with a connection. */
export interface TextSocketListener {
  onMessage(text: string): void;
  onClose(): void;
}

/** RFC 6455 §1.3: proves that the other side understood the handshake. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Longest message that is taken; a terminal line needs no more. */
const messageBytesMax = 32 * 1024;

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/**
 * Answers the handshake and hands the open connection to `open`, which says what to do with it.
 * Returns false, having sent nothing, when the request asks for something else.
 */
export function acceptTextSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  open: (connection: TextSocket) => TextSocketListener,
): boolean {
  const key = request.headers['sec-websocket-key'];
  const isHandshake =
    request.method === 'GET' &&
    request.headers.upgrade?.toLowerCase() === 'websocket' &&
    request.headers['sec-websocket-version'] === '13' &&
    key !== undefined;
  if (!isHandshake) return false;

  const accept = createHash('sha1')
    .update(key + handshakeGuid)
    .digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );

  const connection: TextSocket = {
    send: (text) => {
      if (socket.writable) socket.write(frame(opcodes.text, Buffer.from(text)));
    },
    close: (code) => {
      if (socket.writable) socket.end(frame(opcodes.close, closePayload(code)));
    },
  };
  listen(socket, head, connection, open(connection));
  return true;
}

function listen(
  socket: Duplex,
  head: Buffer,
  connection: TextSocket,
  listener: TextSocketListener,
): void {
  let unread: Buffer = head;
  let message: Buffer = Buffer.alloc(0);

  const read = (): void => {
    for (;;) {
      const next = nextFrame(unread);
      if (next === 'incomplete') return;
      if (next === 'unacceptable') return connection.close(1002);
      unread = unread.subarray(next.bytes);
      if (next.opcode === opcodes.close) return connection.close(1000);
      if (next.opcode === opcodes.ping) socket.write(frame(opcodes.pong, next.payload));
      if (next.opcode === opcodes.binary) return connection.close(1003);
      if (next.opcode !== opcodes.text && next.opcode !== opcodes.continuation) continue;
      message = Buffer.concat([message, next.payload]);
      if (message.length > messageBytesMax) return connection.close(1009);
      if (!next.isFinal) continue;
      listener.onMessage(message.toString('utf8'));
      message = Buffer.alloc(0);
    }
  };

  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    read();
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('close', () => listener.onClose());
  read();
}

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
  /** Length of the whole frame. */
  readonly bytes: number;
}

/** Reads one frame (RFC 6455 §5.2). A client must mask what it sends (§5.1). */
function nextFrame(data: Buffer): Frame | 'incomplete' | 'unacceptable' {
  if (data.length < 2) return 'incomplete';
  const first = data.readUInt8(0);
  const second = data.readUInt8(1);
  const isMasked = (second & 0x80) !== 0;
  if (!isMasked || (first & 0x70) !== 0) return 'unacceptable';

  const short = second & 0x7f;
  if (short === 127) return 'unacceptable';
  const lengthBytes = short === 126 ? 2 : 0;
  const maskAt = 2 + lengthBytes;
  if (data.length < maskAt + 4) return 'incomplete';
  const length = lengthBytes === 2 ? data.readUInt16BE(2) : short;
  const bytes = maskAt + 4 + length;
  if (data.length < bytes) return 'incomplete';

  const mask = data.subarray(maskAt, maskAt + 4);
  const payload = Buffer.from(data.subarray(maskAt + 4, bytes));
  for (const [at, byte] of payload.entries()) payload[at] = byte ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload, bytes };
}

function frame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

function closePayload(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}
