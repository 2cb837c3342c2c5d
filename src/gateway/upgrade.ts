/**
 * The WebSocket door.
 *
 * Every request with an `Upgrade` header leaves the HTTP server through the `upgrade` event, past
 * whatever stands in front of ordinary requests. So it is owned here, and goes through the same
 * receive, match, recall, decide and record. Only then is the upstream spoken to.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import type { RequestFacts } from '../core/facts.ts';
import { Problem } from '../core/problem.ts';
import type { Logger } from '../platform/log.ts';
import type { ForwardingRoute } from './exchange.ts';
import type { IdentityHeaders } from './identity-headers.ts';
import type { CloseReason } from './open-streams.ts';
import { endWith } from './raw-answer.ts';
import { valuesOf } from './raw-headers.ts';
import { isOurs } from './response-headers.ts';
import { upstreamAgent, upstreamTarget } from './upstream-agent.ts';
import { upstreamHeaders } from './upstream-headers.ts';
import { closeFrame, FrameBoundary } from './websocket-frames.ts';

/** Connects a client that may pass with its upstream. */
export interface UpgradeOrder {
  readonly route: ForwardingRoute;
  readonly request: RequestFacts;
  readonly identity: IdentityHeaders | null;
  /** Whose tokens are not for the upstream. */
  readonly portal: { readonly url: string };
  /** The connection is open: `close` ends it with a close frame. */
  readonly onOpen: (close: (reason: CloseReason) => void) => void;
  /** It is over, whether it was ever open or not. */
  readonly onClose: () => void;
  /** It did not come to be. */
  readonly onProblem: (problem: Problem) => void;
}

/** Passes WebSockets on. */
export interface Upgrader {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, order: UpgradeOrder): void;
}

/**
 * Says whether an `Upgrade` is taken off the HTTP server. Offers to speak HTTP/2 or TLS instead
 * are not: programs make them with ordinary requests, and a server may ignore them (RFC 9110
 * §7.8). They stay ordinary requests, and go on without the offer. All others come to this door.
 */
export function takesUpgrade(req: IncomingMessage): boolean {
  const protocols = valuesOf(req, 'upgrade').flatMap((value) => value.split(','));
  return !protocols.every((protocol) => /^\s*(?:h2c|tls\/\d\.\d)\s*$/i.test(protocol));
}

/** Throws unless this is the handshake of RFC 6455 §4.2.1 and nothing else. */
export function assertHandshake(req: IncomingMessage): void {
  const upgrade = valuesOf(req, 'upgrade');
  const key = valuesOf(req, 'sec-websocket-key');
  const hasBody =
    req.headers['transfer-encoding'] !== undefined ||
    (req.headers['content-length'] ?? '0') !== '0';
  const isHandshake =
    req.method === 'GET' &&
    req.httpVersion === '1.1' &&
    !hasBody &&
    upgrade.length === 1 &&
    upgrade[0]?.toLowerCase() === 'websocket' &&
    key.length === 1 &&
    /^[A-Za-z0-9+/]{22}==$/.test(key[0] ?? '');
  if (!isHandshake) {
    throw new Problem('invalid-request', { detail: 'This is no WebSocket handshake.' });
  }
}

/**
 * Throws when a page of another site opens the connection. Browsers send cookies with it and do
 * not ask beforehand; `Origin` is all that tells (RFC 6455 §10.2; ASVS 5.0 §4.4.2). Programs that
 * are no browsers send none.
 */
export function assertOwnOrigin(
  req: IncomingMessage,
  request: RequestFacts,
  publicUrl: string,
): void {
  const origins = valuesOf(req, 'origin');
  if (origins.length === 0) return;
  const publicOrigin = new URL(publicUrl).origin;
  const scheme = publicOrigin.slice(0, publicOrigin.indexOf(':'));
  const own = [publicOrigin, `${scheme}://${request.authority}`];
  if (origins.length > 1 || !own.includes(origins[0] ?? ''))
    throw new Problem('origin-not-allowed');
}

/** Makes the WebSocket door's way out. */
export function createUpgrader(deps: { readonly log: Logger; readonly via: string }): Upgrader {
  const passages = new WeakMap<IncomingMessage, Passage>();
  const proxies = new Map<string, RequestHandler>();

  function proxyTo(origin: string): RequestHandler {
    let proxy = proxies.get(origin);
    if (proxy === undefined) {
      proxy = createProxy(origin, passages);
      proxies.set(origin, proxy);
    }
    return proxy;
  }

  return {
    upgrade(req, socket, head, order) {
      if (req.headers.via?.includes(deps.via) === true) {
        order.onProblem(new Problem('loop-detected'));
        return;
      }
      if (!(socket instanceof Socket)) throw new TypeError('not a network socket');
      const proxy = proxyTo(order.route.upstream.origin);
      passages.set(req, new Passage(socket, order));
      rewriteRequest(req, order, deps.via);
      proxy.upgrade(req, socket, head);
    },
  };
}

function rewriteRequest(
  req: IncomingMessage,
  { request, identity, portal }: UpgradeOrder,
  via: string,
) {
  const headers = upstreamHeaders(req.rawHeaders, req.headers, {
    request,
    identity,
    portal,
    via,
    httpVersion: req.httpVersion,
  });
  // The one hop-by-hop header that is meant for the upstream too; the library looks for it.
  req.headers = { ...headers, connection: 'Upgrade', upgrade: 'websocket' };
  req.url = request.path + request.query;
}

function createProxy(origin: string, passages: WeakMap<IncomingMessage, Passage>): RequestHandler {
  const target = upstreamTarget(origin);
  return createProxyMiddleware({
    target,
    agent: upstreamAgent(target, 'upgrades'),
    ejectPlugins: true,
    plugins: [
      (server) => {
        server.on('proxyReqWs', (proxyReq, req) => passages.get(req)?.connecting(proxyReq));
        server.on('error', (error, req) => {
          if (req !== undefined) passages.get(req)?.failed(error);
        });
      },
    ],
    // Security: the library must never subscribe to the server's upgrades itself.
    ws: false,
    xfwd: false,
    changeOrigin: false,
    secure: true,
    prependPath: false,
    ignorePath: false,
    toProxy: false,
  });
}

/** How long both sides have to take a close frame before they are cut. */
const closeMilliseconds = 1000;

/** RFC 6455 §7.4.1: the server goes away; the policy was violated. */
const closeCodes = { shutdown: 1001, 'access-ended': 1008, idle: 1001 } as const;

/** One WebSocket on its way through. */
class Passage {
  readonly #socket: Socket;
  readonly #order: UpgradeOrder;
  readonly #boundary = new FrameBoundary();

  #proxyReq: ClientRequest | null = null;
  #upstreamSocket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** The upstream has answered, by opening or by refusing. */
  #isAnswered = false;
  #isTimedOut = false;

  constructor(socket: Socket, order: UpgradeOrder) {
    this.#socket = socket;
    this.#order = order;
    socket.once('close', () => {
      clearTimeout(this.#timer);
      this.#proxyReq?.destroy();
      this.#upstreamSocket?.destroy();
      order.onClose();
    });
  }

  /** The upstream is being asked. */
  connecting(proxyReq: ClientRequest): void {
    this.#proxyReq = proxyReq;
    const { connectSeconds, headersSeconds } = this.#order.route.timeouts;
    this.#limit(connectSeconds);
    proxyReq.once('finish', () => this.#limit(headersSeconds));
    this.#watchClient();
    // Both run before the library's own listeners, which copy these headers to the client.
    proxyReq.once('response', (response) => {
      this.#answered();
      withoutOurs(response);
    });
    proxyReq.once('upgrade', (response, upstreamSocket) => {
      this.#answered();
      withoutOurs(response);
      this.#opened(upstreamSocket);
    });
    // This one runs after the library's listener, which puts frames that came along with the
    // answer back and connects the two sides: an earlier reader would take them from the client.
    process.nextTick(() => {
      proxyReq.once('upgrade', (_response, upstreamSocket) => {
        upstreamSocket.on('data', (chunk: Buffer) => this.#boundary.push(chunk));
      });
    });
  }

  /** The upstream cannot be reached, or went away. May be told more than once. */
  failed(error: Error): void {
    if (this.#isAnswered || this.#socket.destroyed) {
      this.#socket.destroy();
      return;
    }
    this.#answered();
    const code = this.#isTimedOut ? 'upstream-timeout' : 'upstream-unreachable';
    this.#order.onProblem(new Problem(code, { cause: error }));
  }

  #limit(seconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isAnswered) return;
    this.#timer = setTimeout(() => {
      this.#isTimedOut = true;
      this.#proxyReq?.destroy(new Error('upstream-timeout'));
    }, seconds * 1000);
  }

  #answered(): void {
    this.#isAnswered = true;
    clearTimeout(this.#timer);
    this.#socket.removeListener('readable', this.#peek);
  }

  /**
   * While the upstream is being asked nobody reads from the client, and a client that has gone
   * would not be noticed. What it sends early stays in the buffer.
   */
  #watchClient(): void {
    this.#socket.on('readable', this.#peek);
    this.#socket.once('end', () => {
      if (!this.#isAnswered) this.#socket.destroy();
    });
  }

  readonly #peek = (): void => {
    if (this.#socket.readableLength === 0) this.#socket.read(0);
  };

  #opened(upstreamSocket: Socket): void {
    const socket = this.#socket;
    this.#upstreamSocket = upstreamSocket;
    upstreamSocket.once('close', () => {
      // The last frames may still be on their way to the client, unless the upstream broke off.
      if (socket.writableEnded) setTimeout(() => socket.destroy(), closeMilliseconds).unref();
      else socket.destroy();
    });
    // The library clears all time limits when it connects the two; these come after.
    queueMicrotask(() => {
      if (socket.destroyed) return;
      const idleMilliseconds = this.#order.route.timeouts.idleSeconds * 1000;
      socket.setTimeout(idleMilliseconds, () => this.#close(closeCodes.idle));
      this.#order.onOpen((reason) => this.#close(closeCodes[reason]));
    });
  }

  #close(code: number): void {
    const socket = this.#socket;
    const upstreamSocket = this.#upstreamSocket;
    upstreamSocket?.unpipe(socket);
    socket.unpipe();
    if (this.#boundary.isBetweenFrames) endWith(socket, closeFrame(code));
    else socket.destroy();
    upstreamSocket?.destroy();
  }
}

/** Takes out of an upstream's answer what only we may say. */
function withoutOurs(response: IncomingMessage): void {
  for (const [name, value] of Object.entries(response.headers)) {
    if (name === 'set-cookie' && Array.isArray(value)) {
      const kept = value.filter((cookie) => !isOurs(name, cookie));
      if (kept.length > 0) response.headers[name] = kept;
      else delete response.headers[name];
    } else if (isOurs(name, '')) {
      delete response.headers[name];
    }
  }
}
