/**
 * Answers over HTTP for whoever may not pass: a redirect to the page that helps for people on
 * their way to a page, a problem for everybody else (contract section 4).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestFacts } from '../core/facts.ts';
import type { RequestId } from '../core/ids.ts';
import type { Allow, Decision } from '../core/policy/decision.ts';
import { Problem } from '../core/problem.ts';
import {
  type ProblemHtml,
  sendProblem,
  strictTransportSecurity,
} from '../platform/problem-response.ts';
import { StoreUnavailable } from '../stores/types.ts';
import { type Answer, answerTo, type Places } from './answer.ts';
import { challengeFor } from './caller.ts';
import { hasPlainFraming } from './receive.ts';

/** What answering needs. */
export interface AnswerDeps {
  /** The page for people; `web` renders it. */
  readonly problemPage: (problem: Problem, requestId: RequestId) => ProblemHtml;
}

/** Whoever asked is sent on or told why not. */
export function answerDecision(
  deps: AnswerDeps,
  exchange: { readonly req: IncomingMessage; readonly res: ServerResponse },
  decision: Exclude<Decision, Allow>,
  request: RequestFacts,
  places: Places,
): Answer {
  const { req, res } = exchange;
  const answer = answerTo(decision, request, places);
  if (answer.location !== null && request.isNavigation) {
    redirect(req, res, answer.location, answer.problem.code, places);
  } else {
    answerProblem(deps, exchange, answer.problem, request, places, answer.headers);
  }
  return answer;
}

/** Answers with a problem: a page where a browser is going to one, else a document. */
export function answerProblem(
  deps: AnswerDeps,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  problem: Problem,
  request: Pick<RequestFacts, 'id' | 'isNavigation'>,
  places: Places,
  headers: Readonly<Record<string, string>> = {},
): void {
  // Where such a body ends is anybody's guess: nothing more is read here (RFC 9112 §6.1).
  if (!hasPlainFraming(req)) res.shouldKeepAlive = false;
  discardBody(req, res);
  sendProblem(req, res, problem, {
    portal: places.portal,
    requestId: request.id,
    isHttps: isHttps(places),
    renderHtml: request.isNavigation ? deps.problemPage : null,
    headers: { ...challengeFor(problem), ...headers },
  });
}

/** The problem that an error amounts to. What we did not foresee is `internal`, and a refusal. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem('store-unavailable', { retryAfterSeconds: 5, cause: error });
  }
  return new Problem('internal', { cause: error });
}

function redirect(
  req: IncomingMessage,
  res: ServerResponse,
  location: string,
  code: string,
  places: Places,
): void {
  discardBody(req, res);
  const mustBecomeGet = req.method !== 'GET' && req.method !== 'HEAD';
  res.writeHead(mustBecomeGet ? 303 : 302, {
    Location: location,
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    ...(isHttps(places) && { 'Strict-Transport-Security': strictTransportSecurity }),
    'Sallyport-Response': code,
    'Content-Length': '0',
  });
  res.end();
}

function isHttps({ portal }: Places): boolean {
  return portal.origin.startsWith('https:');
}

/** Bytes of a body nobody asked for that are still read, so that the client sees our answer. */
const discardedBytesMax = 1024 * 1024;
const discardMilliseconds = 2000;

/**
 * Throws away what a client still sends once it has its answer, and cuts it off when that is much.
 * Closing at once would reset the connection, and the answer could be lost on the way.
 */
export function discardBody(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete || isBodiless(req)) return;
  const { socket } = req;
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > discardedBytesMax && res.writableFinished) socket.destroy();
  });
  const timer = setTimeout(() => socket.destroy(), discardMilliseconds);
  timer.unref();
  req.once('close', () => clearTimeout(timer));
  req.once('end', () => clearTimeout(timer));
}

function isBodiless(req: IncomingMessage): boolean {
  return (
    req.headers['transfer-encoding'] === undefined && (req.headers['content-length'] ?? '0') === '0'
  );
}
