/**
 * One request on its way through, from the decision to the last byte.
 *
 * The proxy library carries the bytes to the upstream; all that concerns the answer, and what
 * happens when either side goes away or says nothing, is settled here.
 */

import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import type { RequestHandler } from 'http-proxy-middleware';
import type { RequestFacts } from '../core/facts.ts';
import { Problem, type ProblemCode } from '../core/problem.ts';
import type { Route, Upstream } from '../core/route.ts';
import { isSafe } from '../core/safe-method.ts';
import { enrollByHeader } from './enroll-by.ts';
import type { IdentityHeaders } from './identity-headers.ts';
import { type Patience, Silence, type Waiting } from './patience.ts';
import { responseHeaders, responseTrailers } from './response-headers.ts';
import { upstreamTrailers } from './upstream-headers.ts';

/** A route that leads somewhere. */
export type ForwardingRoute = Route & { readonly upstream: Upstream };

/** What is to be passed on, and to where. */
export interface ForwardOrder {
  readonly route: ForwardingRoute;
  readonly request: RequestFacts;
  readonly identity: IdentityHeaders | null;
  /** Whose tokens are not for the upstream. */
  readonly portal: { readonly url: string };
  /** Until when who asks may do without a second factor, for the answer; null: nothing is due. */
  readonly enrollBy: string | null;
}

/** How passing on went. */
export interface ForwardOutcome {
  /** Until the upstream's first line; null when none came. */
  readonly upstreamMilliseconds: number | null;
  /** What we answered instead of the upstream. */
  readonly problem: ProblemCode | null;
}

/** What an exchange is made of. */
export interface ExchangeParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly order: ForwardOrder;
  readonly proxy: RequestHandler;
  readonly patience: Patience;
  /** Answers the client in the upstream's place. */
  readonly giveUp: (problem: Problem, cause: Error) => void;
}

/** An upstream that sends more of these before its answer is not well (RFC 9110 §15.2). */
const informationalMax = 64;

/** One request on its way through. */
export class Exchange implements Waiting {
  place = -1;

  readonly #parts: ExchangeParts;
  readonly #silence: Silence;
  readonly #startedAt = performance.now();

  #proxyReq: ClientRequest | null = null;
  #upstreamMilliseconds: number | null = null;
  /** Why we cut the exchange ourselves; what the socket reports then is only the echo. */
  #reason: Problem | null = null;
  #problem: ProblemCode | null = null;
  #informational = 0;
  #isRetried = false;
  #isSettled = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#silence = new Silence(parts.order.route.timeouts);
  }

  /** Sends the request; resolves when the exchange is over, however it ended. */
  run(): Promise<ForwardOutcome> {
    const { res, patience } = this.#parts;
    return new Promise((resolve) => {
      res.once('close', () => {
        this.#isSettled = true;
        patience.end(this);
        resolve({ upstreamMilliseconds: this.#upstreamMilliseconds, problem: this.#problem });
      });
      patience.begin(this);
      this.#send();
    });
  }

  /** A connection was assigned; nothing has been sent. */
  sending(proxyReq: ClientRequest): void {
    this.#proxyReq = proxyReq;
    proxyReq.on('information', (information) => this.#inform(information));
    const { req, order } = this.#parts;
    if (!hasBody(req)) return;
    this.#limitBody(order.route.bodyBytesMax);
    // Registered before the library pipes the body: trailers are set before it ends the request.
    req.once('end', () => {
      const { rawTrailers } = req;
      if (rawTrailers.length > 0) proxyReq.addTrailers(upstreamTrailers(rawTrailers));
    });
  }

  /** The upstream's first line and headers are here. */
  answered(proxyRes: IncomingMessage): void {
    const { res, order } = this.#parts;
    this.#upstreamMilliseconds = performance.now() - this.#startedAt;
    if (res.destroyed || res.headersSent || this.#reason !== null) {
      proxyRes.destroy();
      return;
    }
    const statusCode = proxyRes.statusCode ?? 0;
    const { headers } = proxyRes;
    const isChunked = headers['transfer-encoding'] !== undefined;
    try {
      if (statusCode < 200 || statusCode > 599) throw new RangeError('not a final status');
      const { rawHeaders, statusMessage = '' } = proxyRes;
      const { connection } = headers;
      const passed = responseHeaders({ statusCode, rawHeaders, connection, isChunked });
      if (order.enrollBy !== null) passed.push(enrollByHeader, order.enrollBy);
      res.writeHead(statusCode, statusMessage, passed);
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error('unusable answer'));
      return;
    }
    this.#silence.answered();
    pass(proxyRes, res);
    // An event stream may say nothing for minutes; its reader must learn that it is open.
    if (headers['content-length'] === undefined) {
      setImmediate(() => {
        if (!proxyRes.readableDidRead && !res.writableEnded) res.flushHeaders();
      });
    }
  }

  /** Something went wrong between here and either side. May be told more than once. */
  failed(error: Error): void {
    const { req, res, giveUp } = this.#parts;
    if (this.#isSettled) return;
    if (res.headersSent) {
      // Half an answer must not look like a whole one: the client's connection is cut.
      this.#proxyReq?.destroy();
      res.destroy();
      return;
    }
    if (res.destroyed || req.socket.destroyed) {
      this.#proxyReq?.destroy();
      return;
    }
    if (this.#mayRetry(error)) {
      this.#isRetried = true;
      this.#silence.restart();
      this.#send();
      return;
    }
    this.#isSettled = true;
    this.#proxyReq?.destroy();
    const problem = this.#reason ?? new Problem(codeFor(error), { cause: error });
    this.#problem = problem.code;
    giveUp(problem, error);
  }

  look(now: number): void {
    const proxyReq = this.#proxyReq;
    if (proxyReq === null || this.#isSettled) return;
    if (proxyReq.destroyed && !this.#parts.res.headersSent) {
      // Some ends make no error: an upstream that switches protocols unasked just closes.
      this.failed(new Error('closed without an answer'));
    } else if (this.#silence.isTooLong(proxyReq, now)) {
      this.#abort(new Problem('upstream-timeout'));
    }
  }

  #send(): void {
    const { proxy, req, res } = this.#parts;
    void proxy(req, res, (error) => {
      this.failed(error instanceof Error ? error : new Error('not proxied'));
    });
  }

  /**
   * A connection that was kept open may be closed by the upstream as the request is on its way.
   * Only what can be sent again without harm is, and once (RFC 9110 §9.2.2).
   */
  #mayRetry(error: Error): boolean {
    const { req, order } = this.#parts;
    return (
      !this.#isRetried &&
      this.#reason === null &&
      this.#proxyReq?.reusedSocket === true &&
      !hasBody(req) &&
      isSafe(order.request.method) &&
      (codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EPIPE')
    );
  }

  #limitBody(bytesMax: number | null): void {
    if (bytesMax === null) return;
    let bytes = 0;
    this.#parts.req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) this.#abort(tooLarge(bytesMax));
    });
  }

  #inform({ statusCode, rawHeaders }: InformationEvent): void {
    const { req, res } = this.#parts;
    if (this.#reason !== null) return;
    this.#silence.broken();
    this.#informational += 1;
    if (this.#informational > informationalMax) {
      this.#abort(new Problem('upstream-unreachable'));
      return;
    }
    // 100 was answered by us; HTTP/1.0 knows none of these (RFC 9110 §15.2).
    if (statusCode === 100 || req.httpVersion === '1.0' || res.headersSent) return;
    const head = { statusCode, rawHeaders, connection: undefined, isChunked: true };
    try {
      res.writeInformation(statusCode, responseHeaders(head));
    } catch {
      // What cannot be said is left out: informational answers may always be (RFC 9110 §15.2).
    }
  }

  #abort(reason: Problem): void {
    this.#reason ??= reason;
    this.#proxyReq?.destroy(new Error(reason.code));
    if (this.#parts.res.headersSent) this.#parts.res.destroy();
  }
}

/** Says whether a request brings a body along. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The problem of a body that is larger than its route takes. */
export function tooLarge(bytesMax: number): Problem {
  return new Problem('body-too-large', {
    detail: `At most ${String(bytesMax)} bytes are accepted here.`,
  });
}

/**
 * Passes the body of an answer on as it comes, trailers included, and holds the upstream back while
 * the client does not read. The library cuts either side off when the other breaks.
 */
function pass(from: IncomingMessage, to: ServerResponse): void {
  from.on('data', (chunk: Buffer) => {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.once('end', () => {
    const { rawTrailers } = from;
    if (rawTrailers.length > 0) to.addTrailers(responseTrailers(rawTrailers));
    to.end();
  });
}

function codeFor(error: Error): 'upstream-timeout' | 'upstream-unreachable' {
  return codeOf(error) === 'ETIMEDOUT' ? 'upstream-timeout' : 'upstream-unreachable';
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
