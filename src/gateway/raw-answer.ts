/** Answers on a bare socket, where there is no response object: after `Upgrade`, after parse errors. */

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestId } from '../core/ids.ts';
import { problemDocument } from '../core/problem-document.ts';
import type { Problem } from '../core/problem.ts';

/** How long a client has to take an answer before its connection is cut. */
const defaultLingerMilliseconds = 1000;

/** What an answer depends on beside the problem. */
export interface RawSetting {
  readonly portal: { readonly url: string };
  readonly requestId: RequestId;
  readonly headers?: Readonly<Record<string, string>>;
  readonly lingerMilliseconds?: number;
}

/** Answers with a problem document and ends the connection. */
export function writeProblem(socket: Duplex, problem: Problem, setting: RawSetting): void {
  const body = `${JSON.stringify(problemDocument(problem, setting.portal, setting.requestId))}\n`;
  const { status } = problem;
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Sallyport-Response': problem.code,
    ...(problem.retryAfterSeconds !== null && {
      'Retry-After': String(problem.retryAfterSeconds),
    }),
    ...setting.headers,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n`;
  endWith(socket, `${head}${lines.join('')}\r\n${body}`, setting.lingerMilliseconds);
}

/** Sends the last words and ends the connection, by force if the client does not take them. */
export function endWith(
  socket: Duplex,
  lastWords: string | Buffer,
  lingerMilliseconds = defaultLingerMilliseconds,
): void {
  if (socket.destroyed || socket.writableEnded) {
    socket.destroy();
    return;
  }
  socket.end(lastWords);
  // What still arrives is thrown away: unread, it would turn the end into a reset.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
