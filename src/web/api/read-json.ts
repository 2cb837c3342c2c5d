/**
 * Reads the body of a call.
 *
 * Strict on purpose, as for forms: what two programs could read differently (a member that is
 * there twice, bytes that are not UTF-8, another media type) is refused instead of guessed
 * (RFC 8259 §4, §8.1).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { Problem } from '../../core/problem.ts';
import { unreadableBody } from '../form.ts';

/** Largest body that a call takes. */
export const jsonBytesMax = 64 * 1024;

/** Deepest nesting of a body; ours need a fifth of it. */
export const jsonDepthMax = 32;

const readBytes = express.raw({ type: () => true, limit: jsonBytesMax, inflate: false });

/** How long a body may take to arrive (security F21). */
const bodyMilliseconds = 30_000;

/** Throws the problem `unsupported-media-type` unless a call says that it sends JSON. */
export function assertJsonType(contentType: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (
    type !== 'application/json' ||
    (charset !== undefined && !/^charset="?utf-8"?$/.test(charset))
  )
    throw new Problem('unsupported-media-type', {
      detail: 'Send this as application/json in UTF-8.',
    });
}

/** The bytes of a body; empty where there is none. */
export async function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  millisecondsMax = bodyMilliseconds,
): Promise<Buffer> {
  const { 'transfer-encoding': coding, 'content-length': length = '0' } = req.headers;
  if (coding === undefined && length === '0') return Buffer.alloc(0);
  const isLate = AbortSignal.timeout(millisecondsMax);
  await new Promise<void>((resolve, reject) => {
    isLate.addEventListener('abort', () => reject(new Problem('request-timeout')), { once: true });
    readBytes(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(unreadableBody(error, 'The body did not arrive as a whole.'));
    });
  }).catch((error: unknown) => {
    // The rest of the body is not waited for.
    if (!res.headersSent) res.setHeader('Connection', 'close');
    throw error;
  });
  const { body } = req as { body?: unknown };
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** Parses bytes as JSON; `undefined` where there are none. Throws the problem `invalid-request`. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = textOf(bytes);
  assertPlain(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Problem('invalid-request', { detail: 'The body is not JSON.', cause: error });
  }
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Problem('invalid-request', { detail: 'The body is not UTF-8.', cause: error });
  }
}

/**
 * Throws for what is nested too deep and for a member that is there twice. Looks at signs only, so
 * that it may be asked of what is not JSON at all.
 *
 * Security: of two members of one name parsers take the first or the last; a check must not look
 * at one while another program acts on the other.
 */
function assertPlain(text: string): void {
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (const [sign] of text.matchAll(/"(?:[^"\\]|\\[\s\S])*"|[{}[\]:]/g)) {
    if (sign === '{' || sign === '[') {
      open.push(sign === '{' ? new Set() : null);
      if (open.length > jsonDepthMax) {
        throw new Problem('invalid-request', { detail: 'The body is nested too deep.' });
      }
    } else if (sign === '}' || sign === ']') {
      open.pop();
    } else if (sign === ':') {
      const names = open.at(-1);
      const name = nameIn(last);
      if (names?.has(name) === true) {
        throw new Problem('invalid-request', { detail: 'A member of the body is there twice.' });
      }
      names?.add(name);
    }
    last = sign;
  }
}

/** The name as it is meant: it may be written with escapes. */
function nameIn(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
