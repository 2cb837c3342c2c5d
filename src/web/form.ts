/**
 * Reads the body of a form that was posted to one of our own pages.
 *
 * Strict on purpose: a field that is there twice, a broken escape or bytes that are not UTF-8 are
 * refused instead of guessed. A password that was repaired on the way is another password.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { Problem } from '../core/problem.ts';

/** The fields of a form by name, each once. */
export type Form = ReadonlyMap<string, string>;

/** Largest body that a page takes. */
export const formBytesMax = 16 * 1024;

/** Most fields that a form has. */
export const formFieldsMax = 50;

const readBytes = express.raw({
  type: () => true,
  limit: formBytesMax,
  // A compressed form could unpack to more than the limit; no browser sends one.
  inflate: false,
});

/** How long a form may take to arrive: 16 KiB over a very bad line. */
const formMilliseconds = 30_000;

/**
 * Reads and parses the body; throws a `Problem` that says what is wrong with it.
 *
 * The server sets no limit on the time of a whole request, because uploads to upstreams may take as
 * long as they like; a form may not (security F21).
 */
export async function readForm(
  req: IncomingMessage,
  res: ServerResponse,
  millisecondsMax = formMilliseconds,
): Promise<Form> {
  assertFormType(req.headers['content-type']);
  const isLate = AbortSignal.timeout(millisecondsMax);
  await new Promise<void>((resolve, reject) => {
    isLate.addEventListener('abort', () => reject(new Problem('request-timeout')), { once: true });
    readBytes(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(unreadableBody(error, 'The form did not arrive as a whole.'));
    });
  }).catch((error: unknown) => {
    // The rest of the body is not waited for.
    if (isLate.aborted && !res.headersSent) res.setHeader('Connection', 'close');
    throw error;
  });
  const { body } = req as { body?: unknown };
  return parseForm(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
}

/** Parses `application/x-www-form-urlencoded` bytes (WHATWG URL §5.1), strictly. */
export function parseForm(bytes: Buffer): Form {
  const text = textOf(bytes);
  const fields = new Map<string, string>();
  if (text === '') return fields;
  const pairs = text.split('&');
  if (pairs.length > formFieldsMax) throw unreadable('There are too many fields.');
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1));
    if (fields.has(name)) throw unreadable('A field is there twice.');
    fields.set(name, value);
  }
  return fields;
}

function assertFormType(contentType: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (type !== 'application/x-www-form-urlencoded') {
    throw new Problem('unsupported-media-type', {
      detail: 'Send this as application/x-www-form-urlencoded.',
    });
  }
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) {
    throw new Problem('unsupported-media-type', { detail: 'Send this in UTF-8.' });
  }
}

/** The problem of a body that could not be read; body-parser says by `type` what went wrong. */
export function unreadableBody(error: unknown, detail: string): Problem {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return new Problem('body-too-large', { cause: error });
    case 'encoding.unsupported':
      return new Problem('unsupported-media-type', {
        detail: 'Send this without compression.',
        cause: error,
      });
    default:
      return unreadable(detail, error);
  }
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw unreadable('The form is not UTF-8.', error);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw unreadable('A field has a broken percent escape.', error);
  }
}

function unreadable(detail: string, cause?: unknown): Problem {
  return new Problem('invalid-request', { detail, cause });
}
