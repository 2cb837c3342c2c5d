/**
 * Passes an allowed request on to its upstream, and the answer back.
 *
 * The proxying is http-proxy-middleware's; what it leaves to others is done here: whole header
 * sets in both directions, trailers, informational answers, time limits, the size of bodies, and
 * what happens when either side goes away. Nothing is buffered and nothing has a total time limit.
 *
 * Headers are set on the request itself before it is proxied: the library's own hook for that is
 * skipped for requests with `Expect`, and with it whatever it should have removed.
 */

import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import type { RequestFacts } from '../core/facts.ts';
import { Problem, type ProblemCode } from '../core/problem.ts';
import type { Route, Upstream } from '../core/route.ts';
import type { Logger } from '../platform/log.ts';
import { isSafe } from './answer.ts';
import type { IdentityHeaders } from './identity-headers.ts';
import { responseHeaders, responseTrailers } from './response-headers.ts';
import { upstreamAgent, upstreamTarget } from './upstream-agent.ts';
import { upstreamHeaders, upstreamTrailers } from './upstream-headers.ts';

/** A route that leads somewhere. */
export type ForwardingRoute = Route & { readonly upstream: Upstream };

/** Says whether a route leads to an upstream; in the middleware some lead to the application. */
export function leadsSomewhere(route: Route | null): route is ForwardingRoute {
  return route !== null && route.upstream !== null;
}

/** What is to be passed on, and to where. */
export interface ForwardOrder {
  readonly route: ForwardingRoute;
  readonly request: RequestFacts;
  readonly identity: IdentityHeaders | null;
}

/** How passing on went. */
export interface ForwardOutcome {
  /** Until the upstream's first line; null when none came. */
  readonly upstreamMilliseconds: number | null;
  /** What we answered instead of the upstream. */
  readonly problem: ProblemCode | null;
}

/** What forwarding needs. */
export interface ForwardDeps {
  readonly log: Logger;
  /** Our name in `Via`; a request that already carries it came from us. */
  readonly via: string;
  readonly answerProblem: (
    req: IncomingMessage,
    res: ServerResponse,
    problem: Problem,
    request: RequestFacts,
  ) => void;
}

/** Passes requests on. */
export interface Forwarder {
  /** Resolves when the exchange is over, however it ended. */
  forward(req: IncomingMessage, res: ServerResponse, order: ForwardOrder): Promise<ForwardOutcome>;
}

/** An upstream that sends more of these before its answer is not well (RFC 9110 §15.2). */
const informationalMax = 64;

/** Makes a forwarder. Connections are shared by all routes that lead to the same upstream. */
export function createForwarder(deps: ForwardDeps): Forwarder {
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const proxies = new Map<string, RequestHandler>();

  function proxyTo(origin: string): RequestHandler {
    let proxy = proxies.get(origin);
    if (proxy === undefined) {
      proxy = createProxy(origin, exchanges);
      proxies.set(origin, proxy);
    }
    return proxy;
  }

  return {
    async forward(req, res, order) {
      assertMayPass(req, order, deps.via);
      rewriteRequest(req, order, deps.via);
      const exchange = new Exchange(deps, req, res, order, proxyTo(order.route.upstream.origin));
      exchanges.set(req, exchange);
      return exchange.run();
    },
  };
}

/** Throws when the request must not go on, whoever asks. */
function assertMayPass(req: IncomingMessage, { route }: ForwardOrder, via: string): void {
  // RFC 9110 §7.6: a gateway must not pass a request to itself.
  if (req.headers.via?.includes(via) === true) throw new Problem('loop-detected');
  const length = Number(req.headers['content-length'] ?? 0);
  if (route.bodyBytesMax !== null && length > route.bodyBytesMax) throw tooLarge(route);
}

/** One path, one header set: what was decided on is what the upstream gets. */
function rewriteRequest(req: IncomingMessage, order: ForwardOrder, via: string): void {
  const { request, identity } = order;
  req.headers = upstreamHeaders(req.rawHeaders, req.headers, {
    request,
    identity,
    via,
    httpVersion: req.httpVersion,
  });
  req.url = request.path + request.query;
}

function createProxy(
  origin: string,
  exchanges: WeakMap<IncomingMessage, Exchange>,
): RequestHandler {
  const target = upstreamTarget(origin);
  return createProxyMiddleware({
    target,
    agent: upstreamAgent(target, 'requests'),
    // Every default that would log, answer or listen in our place is left out.
    ejectPlugins: true,
    plugins: [
      (server) => {
        server.on('proxyReq', (proxyReq, req) => exchanges.get(req)?.sending(proxyReq));
        server.on('proxyRes', (proxyRes, req) => exchanges.get(req)?.answered(proxyRes));
        server.on('error', (error, req) => {
          if (req !== undefined) exchanges.get(req)?.failed(error);
        });
      },
    ],
    // Security: `ws: true` would have the library take upgrades off the server, past every
    // decision; `xfwd` would keep what the client claims.
    ws: false,
    xfwd: false,
    changeOrigin: false,
    secure: true,
    followRedirects: false,
    prependPath: false,
    ignorePath: false,
    toProxy: false,
    autoRewrite: false,
    cookieDomainRewrite: false,
    cookiePathRewrite: false,
    selfHandleResponse: true,
  });
}

/** One request on its way, from the decision to the last byte. */
class Exchange {
  readonly #deps: ForwardDeps;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #order: ForwardOrder;
  readonly #proxy: RequestHandler;
  readonly #hasBody: boolean;
  readonly #startedAt = performance.now();

  #proxyReq: ClientRequest | null = null;
  #connectTimer: NodeJS.Timeout | undefined;
  #upstreamMilliseconds: number | null = null;
  /** Why we cut the exchange ourselves; what the socket reports then is only the echo. */
  #reason: Problem | null = null;
  #problem: ProblemCode | null = null;
  #informational = 0;
  #isRetried = false;
  #isSettled = false;

  constructor(
    deps: ForwardDeps,
    req: IncomingMessage,
    res: ServerResponse,
    order: ForwardOrder,
    proxy: RequestHandler,
  ) {
    this.#deps = deps;
    this.#req = req;
    this.#res = res;
    this.#order = order;
    this.#proxy = proxy;
    this.#hasBody =
      req.headers['transfer-encoding'] !== undefined ||
      Number(req.headers['content-length'] ?? 0) > 0;
  }

  run(): Promise<ForwardOutcome> {
    return new Promise((resolve) => {
      this.#res.once('close', () => {
        this.#isSettled = true;
        clearTimeout(this.#connectTimer);
        resolve({
          upstreamMilliseconds: this.#upstreamMilliseconds,
          problem: this.#problem,
        });
      });
      this.#send();
    });
  }

  #send(): void {
    void this.#proxy(this.#req, this.#res, (error) => {
      this.failed(error instanceof Error ? error : new Error('not proxied'));
    });
  }

  /** A connection was assigned; nothing has been sent. */
  sending(proxyReq: ClientRequest): void {
    this.#proxyReq = proxyReq;
    const { timeouts } = this.#order.route;
    this.#limitConnecting(proxyReq, timeouts.connectSeconds * 1000);

    proxyReq.on('timeout', () => this.#abort(new Problem('upstream-timeout')));
    if (this.#hasBody) {
      proxyReq.setTimeout(timeouts.idleSeconds * 1000);
      proxyReq.once('finish', () => {
        if (!this.#res.headersSent) proxyReq.setTimeout(timeouts.headersSeconds * 1000);
      });
      this.#limitBody();
      // Registered before the library pipes the body: trailers are set before it ends the request.
      this.#req.once('end', () => {
        const { rawTrailers } = this.#req;
        if (rawTrailers.length > 0) proxyReq.addTrailers(upstreamTrailers(rawTrailers));
      });
    } else {
      proxyReq.setTimeout(timeouts.headersSeconds * 1000);
    }
    proxyReq.on('information', (information) => this.#inform(information));
    // Some ends make no error: an upstream that switches protocols unasked just closes.
    proxyReq.once('close', () => {
      if (this.#proxyReq === proxyReq && !this.#res.headersSent) this.failed(new Error('closed'));
    });
  }

  /** The upstream's first line and headers are here. */
  answered(proxyRes: IncomingMessage): void {
    const res = this.#res;
    this.#upstreamMilliseconds = performance.now() - this.#startedAt;
    if (res.destroyed || res.headersSent || this.#reason !== null) {
      proxyRes.destroy();
      return;
    }
    const statusCode = proxyRes.statusCode ?? 0;
    const { headers } = proxyRes;
    try {
      if (statusCode < 200 || statusCode > 599) throw new RangeError('not a final status');
      res.writeHead(
        statusCode,
        proxyRes.statusMessage ?? '',
        responseHeaders({
          statusCode,
          rawHeaders: proxyRes.rawHeaders,
          connection: headers.connection,
          isChunked: headers['transfer-encoding'] !== undefined,
        }),
      );
    } catch (error) {
      this.failed(error instanceof Error ? error : new Error('unusable answer'));
      return;
    }

    this.#proxyReq?.setTimeout(this.#order.route.timeouts.idleSeconds * 1000);
    proxyRes.once('end', () => {
      const { rawTrailers } = proxyRes;
      if (rawTrailers.length > 0) res.addTrailers(responseTrailers(rawTrailers));
    });
    proxyRes.pipe(res);
    // An event stream may say nothing for minutes; its reader must learn that it is open.
    if (headers['content-length'] === undefined) {
      setImmediate(() => {
        if (!proxyRes.readableDidRead && !res.writableEnded) res.flushHeaders();
      });
    }
  }

  /** Something went wrong between here and either side. May be told more than once. */
  failed(error: Error): void {
    if (this.#isSettled) return;
    if (this.#res.headersSent) {
      // Half an answer must not look like a whole one: the client's connection is cut.
      this.#proxyReq?.destroy();
      this.#res.destroy();
      return;
    }
    if (this.#res.destroyed || this.#req.socket.destroyed) {
      this.#proxyReq?.destroy();
      return;
    }
    if (this.#mayRetry(error)) {
      this.#isRetried = true;
      this.#send();
      return;
    }
    this.#isSettled = true;
    this.#proxyReq?.destroy();
    const problem = this.#reason ?? new Problem(codeFor(error), { cause: error });
    this.#problem = problem.code;
    this.#deps.log.warn(
      { err: error, route: this.#order.route.name, requestId: this.#order.request.id },
      `the upstream did not answer: ${problem.code}`,
    );
    this.#deps.answerProblem(this.#req, this.#res, problem, this.#order.request);
  }

  /**
   * A connection that was kept open may be closed by the upstream as the request is on its way.
   * Only what can be sent again without harm is, and once (RFC 9110 §9.2.2).
   */
  #mayRetry(error: Error): boolean {
    return (
      !this.#isRetried &&
      this.#reason === null &&
      this.#proxyReq?.reusedSocket === true &&
      !this.#hasBody &&
      isSafe(this.#order.request.method) &&
      (codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EPIPE')
    );
  }

  #limitConnecting(proxyReq: ClientRequest, milliseconds: number): void {
    const { socket } = proxyReq;
    if (socket === null || !socket.connecting) return;
    const timer = setTimeout(() => this.#abort(new Problem('upstream-timeout')), milliseconds);
    this.#connectTimer = timer;
    const event = 'encrypted' in socket ? 'secureConnect' : 'connect';
    socket.once(event, () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
  }

  #limitBody(): void {
    const { bodyBytesMax } = this.#order.route;
    if (bodyBytesMax === null) return;
    let bytes = 0;
    this.#req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) this.#abort(tooLarge(this.#order.route));
    });
  }

  #inform({ statusCode, rawHeaders }: InformationEvent): void {
    const res = this.#res;
    if (this.#reason !== null) return;
    this.#informational += 1;
    if (this.#informational > informationalMax) {
      this.#abort(new Problem('upstream-unreachable'));
      return;
    }
    // 100 was answered by us; HTTP/1.0 knows none of these (RFC 9110 §15.2).
    if (statusCode === 100 || this.#req.httpVersion === '1.0' || res.headersSent) return;
    const headers = responseHeaders({
      statusCode,
      rawHeaders,
      connection: undefined,
      isChunked: true,
    });
    try {
      res.writeInformation(statusCode, headers);
    } catch {
      // What cannot be said is left out: informational answers may always be (RFC 9110 §15.2).
    }
  }

  #abort(reason: Problem): void {
    this.#reason ??= reason;
    this.#proxyReq?.destroy(new Error(reason.code));
    if (this.#res.headersSent) this.#res.destroy();
  }
}

function tooLarge({ bodyBytesMax }: Pick<Route, 'bodyBytesMax'>): Problem {
  return new Problem('body-too-large', {
    detail: `At most ${String(bodyBytesMax)} bytes are accepted here.`,
  });
}

function codeFor(error: Error): 'upstream-timeout' | 'upstream-unreachable' {
  return codeOf(error) === 'ETIMEDOUT' ? 'upstream-timeout' : 'upstream-unreachable';
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
