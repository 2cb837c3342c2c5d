/**
 * What Node's parser could not read, answered as everything else is: with a status that says why,
 * on a connection that is closed afterwards (RFC 9112 §2.2).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem, type ProblemCode } from '../core/problem.ts';
import { type RawSetting, writeProblem } from './raw-answer.ts';

const responseOf = Symbol('response');

interface AnsweringSocket extends Duplex {
  [responseOf]?: ServerResponse;
}

/**
 * Notes which response a connection waits for: its parser may yet fail in the body. False when the
 * connection ends with the response before it, and this request must not be looked at.
 */
export function noteResponse(req: IncomingMessage, res: ServerResponse): boolean {
  if (isAtItsEnd(req.socket)) return false;
  (req.socket as AnsweringSocket)[responseOf] = res;
  return true;
}

/**
 * Says whether a connection ends with the response it waits for. What follows on it may be the rest
 * of a body that another program saw end elsewhere (RFC 9112 §9.6, §11.2).
 */
export function isAtItsEnd(socket: Duplex): boolean {
  return (socket as AnsweringSocket)[responseOf]?.shouldKeepAlive === false;
}

/**
 * Answers a parse error and closes the connection, and with it whatever was being passed on. A
 * response that has begun is cut off: what came after it could be taken for a part of it.
 */
export function answerClientError(
  error: Error,
  socket: Duplex,
  setting: Omit<RawSetting, 'lingerMilliseconds'>,
): Problem | null {
  const response = (socket as AnsweringSocket)[responseOf];
  const hasBegun = response !== undefined && response.headersSent && !response.writableFinished;
  if (!socket.writable || hasBegun) {
    socket.destroy();
    return null;
  }
  const problem = new Problem(codes[codeOf(error)] ?? 'invalid-request', { cause: error });
  // Short: an upstream may be waiting for the rest of this request.
  writeProblem(socket, problem, { ...setting, lingerMilliseconds: 200 });
  return problem;
}

const codes: Readonly<Partial<Record<string, ProblemCode>>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
