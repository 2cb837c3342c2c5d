/**
 * Passes an allowed request on to its upstream, and the answer back.
 *
 * The proxying is http-proxy-middleware's; what it leaves to others is done here and in
 * exchange.ts: whole header sets in both directions, trailers, informational answers, time limits,
 * the size of bodies. Nothing is buffered and nothing has a total time limit.
 *
 * Headers are set on the request itself before it is proxied: the library's own hook for that is
 * skipped for requests with `Expect`, and with it whatever it should have removed.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Stream } from 'node:stream';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import type { RequestFacts } from '../core/facts.ts';
import { Problem } from '../core/problem.ts';
import type { Route } from '../core/route.ts';
import type { Logger } from '../platform/log.ts';
import {
  Exchange,
  type ForwardingRoute,
  type ForwardOrder,
  type ForwardOutcome,
  hasBody,
  tooLarge,
} from './exchange.ts';
import { Patience } from './patience.ts';
import { upstreamAgent, upstreamTarget } from './upstream-agent.ts';
import { upstreamHeaders } from './upstream-headers.ts';

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
  /** Resolves when the exchange is over, however it ended. Throws what must not even begin. */
  forward(req: IncomingMessage, res: ServerResponse, order: ForwardOrder): Promise<ForwardOutcome>;
}

/** Says whether a route leads to an upstream; in the middleware some lead to the application. */
export function leadsSomewhere(route: Route | null): route is ForwardingRoute {
  return route !== null && route.upstream !== null;
}

/** Makes a forwarder. Connections are shared by all routes that lead to the same upstream. */
export function createForwarder(deps: ForwardDeps): Forwarder {
  const patience = new Patience();
  const upstreams = new Map<string, UpstreamProxies>();

  function proxiesTo(origin: string): UpstreamProxies {
    let proxies = upstreams.get(origin);
    if (proxies === undefined) {
      proxies = createProxies(origin);
      upstreams.set(origin, proxies);
    }
    return proxies;
  }

  return {
    async forward(req, res, order) {
      const { route, request } = order;
      assertMayPass(req, route, deps.via);
      if (isForUs(req)) return answerOptions(res);
      rewriteRequest(req, order, deps.via);
      const proxies = proxiesTo(route.upstream.origin);
      const exchange = new Exchange({
        req,
        res,
        order,
        proxy: hasBody(req) ? proxies.withBody : proxies.bodiless,
        patience,
        giveUp(problem, cause) {
          deps.log.warn(
            { err: cause, route: route.name, requestId: request.id },
            `no answer from the upstream: ${problem.code}`,
          );
          deps.answerProblem(req, res, problem, request);
        },
      });
      (req as ExchangedMessage)[exchangeOf] = exchange;
      return exchange.run();
    },
  };
}

/** Throws when the request must not go on, whoever asks. */
function assertMayPass(req: IncomingMessage, { bodyBytesMax }: Route, via: string): void {
  // RFC 9110 §7.6: a gateway must not pass a request to itself.
  if (req.headers.via?.includes(via) === true) throw new Problem('loop-detected');
  const length = Number(req.headers['content-length'] ?? 0);
  if (bodyBytesMax !== null && length > bodyBytesMax) throw tooLarge(bodyBytesMax);
}

/** Says whether a request wants to know how far it got, and got as far as here (RFC 9110 §7.6.2). */
function isForUs({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['max-forwards'] === '0';
}

function answerOptions(res: ServerResponse): ForwardOutcome {
  res.writeHead(204, { 'Cache-Control': 'no-store', 'Sallyport-Response': 'max-forwards-reached' });
  res.end();
  return { upstreamMilliseconds: null, problem: null };
}

/** One path, one header set: what was decided on is what the upstream gets. */
function rewriteRequest(req: IncomingMessage, order: ForwardOrder, via: string): void {
  const { request, identity, portal } = order;
  req.headers = upstreamHeaders(req.rawHeaders, req.headers, {
    request,
    identity,
    portal,
    via,
    httpVersion: req.httpVersion,
  });
  req.url = request.path + request.query;
}

interface UpstreamProxies {
  readonly withBody: RequestHandler;
  readonly bodiless: RequestHandler;
}

function createProxies(origin: string): UpstreamProxies {
  const target = upstreamTarget(origin);
  const agent = upstreamAgent(target, 'requests');
  const options = {
    target,
    agent,
    // Every default that would log, answer or listen in our place is left out.
    ejectPlugins: true,
    plugins: [reportToExchange],
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
  } as const satisfies Parameters<typeof createProxyMiddleware>[0];
  return {
    withBody: createProxyMiddleware({ ...options, plugins: [...options.plugins] }),
    bodiless: createProxyMiddleware({
      ...options,
      plugins: [...options.plugins],
      buffer: new NoBody(),
    }),
  };
}

/** A body that has ended before it began; piping a real one costs more than the rest of sending. */
class NoBody extends Stream {
  override pipe<Destination extends NodeJS.WritableStream>(destination: Destination): Destination {
    destination.end();
    return destination;
  }
}

// Not a weak map, for the reason that roster.ts gives.
const exchangeOf = Symbol('exchange');

interface ExchangedMessage extends IncomingMessage {
  [exchangeOf]?: Exchange;
}

type ProxyPlugin = NonNullable<Parameters<typeof createProxyMiddleware>[0]['plugins']>[number];

const reportToExchange: ProxyPlugin = (server) => {
  server.on('proxyReq', (proxyReq, req) => exchangeIn(req)?.sending(proxyReq));
  server.on('proxyRes', (proxyRes, req) => exchangeIn(req)?.answered(proxyRes));
  server.on('error', (error, req) => exchangeIn(req)?.failed(error));
};

function exchangeIn(req: ExchangedMessage | undefined): Exchange | undefined {
  return req?.[exchangeOf];
}
