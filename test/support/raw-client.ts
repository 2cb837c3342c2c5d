/** A client that sends exactly the bytes it is given, as no HTTP library would. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  /** The whole of it, without informational answers. */
  readonly text: string;
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Values of a header, in any spelling. */
  header(name: string): readonly string[];
}

/** Writes lines with the line ends that HTTP wants. */
export function lines(...text: readonly string[]): string {
  return `${text.join('\r\n')}\r\n\r\n`;
}

/** Sends bytes on a new connection and reads until the server closes it or falls silent. */
export async function sendRaw(
  port: number,
  bytes: string | Buffer,
  options: { readonly silenceMilliseconds?: number } = {},
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return readRaw(socket, options.silenceMilliseconds ?? 300);
}

/** Reads what comes until the server closes the connection or is silent for a while. */
export function readRaw(socket: Socket, silenceMilliseconds: number): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(rawAnswer(text));
    };
    // Until something comes, the server is thinking; after that, silence is the end.
    const wait = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(finish, milliseconds);
    };
    wait(silenceMilliseconds + 3000);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      wait(silenceMilliseconds);
    });
    socket.on('close', finish);
    socket.on('end', finish);
  });
}

function rawAnswer(whole: string): RawAnswer {
  // Informational answers come before the one that counts.
  const text = whole.replace(/^(?:HTTP\/1\.1 1(?!01)\d\d[^]*?\r\n\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  return {
    text,
    head,
    body: end === -1 ? '' : text.slice(end + 4),
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0),
    header: (name) =>
      head
        .split('\r\n')
        .slice(1)
        .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
        .map((line) => line.slice(line.indexOf(':') + 1).trim()),
  };
}
