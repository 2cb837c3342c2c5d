/**
 * Headers that were rebuilt, in the form in which Node's parser leaves them.
 *
 * An application takes for granted that every header but `set-cookie` is a text. A list where a
 * text should be is an exception in whatever reads it, and a client can repeat any header.
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Joins what was repeated as it was joined in `parsed`, the headers before they were rebuilt. */
export function keepParsedForm(req: IncomingMessage, parsed: IncomingHttpHeaders): void {
  const entries = Object.entries(req.headers).map(([name, value]) => [
    name,
    Array.isArray(value) && name !== 'set-cookie' ? joined(name, value, parsed) : value,
  ]);
  req.headers = Object.fromEntries(entries) as IncomingHttpHeaders;
  // Node would count the lines that came over the wire and look for as many in `rawHeaders`.
  Object.defineProperty(req, 'headersDistinct', {
    configurable: true,
    enumerable: true,
    value: distinct(req.rawHeaders),
  });
}

function joined(name: string, values: readonly string[], parsed: IncomingHttpHeaders): string {
  // Ours was among them and is gone from `values`; of several of these Node keeps the first.
  if (name === 'cookie') return values.join('; ');
  if (name === 'authorization') return values[0] ?? '';
  const known = Object.hasOwn(parsed, name) ? parsed[name] : undefined;
  return typeof known === 'string' ? known : values.join(', ');
}

function distinct(rawHeaders: readonly string[]): NodeJS.Dict<string[]> {
  const result = Object.create(null) as NodeJS.Dict<string[]>;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    (result[name] ??= []).push(rawHeaders[index + 1] ?? '');
  }
  return result;
}
