/**
 * Headers as they came over the wire.
 *
 * Node joins some repeated headers and drops the second of others; whoever must know whether there
 * were two reads them here.
 */

import type { IncomingMessage } from 'node:http';

/** Every value of a header, in order. The name is given in lower case. */
export function valuesOf(req: IncomingMessage, name: string): readonly string[] {
  const { rawHeaders } = req;
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) {
      values.push(rawHeaders[index + 1] ?? '');
    }
  }
  return values;
}

/** The members of a header that is a list, over all of its lines (RFC 9110 §5.6.1). */
export function listMembers(req: IncomingMessage, name: string): string[] {
  if (req.headers[name] === undefined) return [];
  return valuesOf(req, name).flatMap((value) => value.split(',').map((member) => member.trim()));
}
