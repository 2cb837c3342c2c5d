/**
 * The facts of a request, attached to the request itself.
 *
 * Gateway and web both need them and never import each other; the front of the program settles
 * them once, before either sees the request.
 */

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from '../core/facts.ts';

// Not a weak map: what was once in one outlives the quick garbage collections, which at thousands
// of requests a second costs more than the requests.
const factsOf = Symbol('request facts');

interface SettledMessage extends IncomingMessage {
  [factsOf]?: RequestFacts;
}

/** Settles the facts of a request. Once: a second set of facts would be a second reading of it. */
export function setRequestFacts(req: IncomingMessage, facts: RequestFacts): void {
  assert.ok(findRequestFacts(req) === null, 'the facts of a request are settled once');
  (req as SettledMessage)[factsOf] = facts;
}

/** The facts of a request; they must have been settled. */
export function requestFactsOf(req: IncomingMessage): RequestFacts {
  const facts = findRequestFacts(req);
  assert.ok(facts !== null, 'the facts of a request are settled before it is answered');
  return facts;
}

/** The facts of a request, or null when it failed before they were settled. */
export function findRequestFacts(req: IncomingMessage): RequestFacts | null {
  return (req as SettledMessage)[factsOf] ?? null;
}
