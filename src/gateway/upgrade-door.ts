/** The WebSocket door: the same decision, answered on a bare socket. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Config, LiveConfig } from '../config/config.ts';
import type { RequestFacts } from '../core/facts.ts';
import { isPortalRequest } from '../core/locations.ts';
import { Problem } from '../core/problem.ts';
import { answerTo } from './answer.ts';
import { challengeFor, credentialsOf } from './caller.ts';
import { problemOf } from './enact.ts';
import { leadsSomewhere } from './forward.ts';
import { type HttpDoorDeps, identityIn, rewriteForApplication } from './http-door.ts';
import { judge, type Judgement } from './pipeline.ts';
import { writeProblem } from './raw-answer.ts';
import { receive, type ReceiveDeps } from './receive.ts';
import { assertHandshake, assertOwnOrigin, type Upgrader } from './upgrade.ts';

/** What the door needs. */
export interface UpgradeDoorDeps extends Omit<HttpDoorDeps, 'problemPage' | 'forwarder'> {
  readonly config: LiveConfig;
  readonly newRequestId: ReceiveDeps['newRequestId'];
  readonly upgrader: Upgrader;
  readonly limits: UpgradeLimits;
}

/** How many WebSockets may be open at once. They cost memory for as long as they like. */
export interface UpgradeLimits {
  readonly perUser: number;
  readonly perAddress: number;
}

/** An upgrade as the HTTP server hands it over. */
export interface UpgradeExchange {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The application behind the middleware answers the upgrades of its own routes. */
  readonly next?: () => void;
}

/** Judges an upgrade and does what was decided. Never rejects. */
export async function passUpgrade(deps: UpgradeDoorDeps, exchange: UpgradeExchange): Promise<void> {
  const { req, socket } = exchange;
  // The HTTP server has let go of the socket: without a listener its next error ends the process.
  socket.on('error', () => socket.destroy());
  const startedAt = performance.now();
  const config = deps.config.current();
  let request: RequestFacts | null = null;
  try {
    request = receive(
      { newRequestId: deps.newRequestId, trustedProxies: config.server.trustedProxies },
      req,
      'upgrade',
    );
    assertHandshake(req);
    if (isPortalRequest(config.portal, request)) throw new Problem('not-found');
    const judgement = await judge(deps, config, request, credentialsOf(req));
    if (socket.destroyed) return;
    await enactUpgrade(deps, exchange, judgement, config, startedAt);
  } catch (error) {
    const problem = problemOf(error);
    const id = request?.id ?? deps.newRequestId();
    deps.recorder.refused({ door: 'upgrade', ...request, id }, problem);
    const headers = challengeFor(problem);
    writeProblem(socket, problem, { portal: config.portal, requestId: id, headers });
  }
}

async function enactUpgrade(
  deps: UpgradeDoorDeps,
  { req, socket, head, next }: UpgradeExchange,
  judgement: Judgement,
  config: Config,
  startedAt: number,
): Promise<void> {
  const { decision, request, route } = judgement;
  const ended = (status: number | null, problem: Problem | null) => {
    deps.recorder.ended(judgement, {
      status,
      problem: problem?.code ?? null,
      durationMilliseconds: performance.now() - startedAt,
      upstreamMilliseconds: null,
    });
  };
  const refuse = (problem: Problem, headers: Readonly<Record<string, string>> = {}) => {
    ended(problem.status, problem);
    writeProblem(socket, problem, { portal: config.portal, requestId: request.id, headers });
  };

  if (decision.kind !== 'allow') {
    const { problem, headers } = answerTo(decision, request, config);
    refuse(problem, headers);
    return;
  }
  assertOwnOrigin(req, request, config.server.publicUrl);
  assertWithinLimits(deps, judgement);

  const identity = await identityIn(deps, judgement, config);
  if (!leadsSomewhere(route)) {
    rewriteForApplication(req, { request, identity, portal: config.portal, via: deps.via });
    // Hop-by-hop, so that they went with the others; the handshake is nothing without them.
    Object.assign(req.headers, { connection: 'Upgrade', upgrade: 'websocket' });
    req.rawHeaders.push('Connection', 'Upgrade', 'Upgrade', 'websocket');
    socket.once(
      'close',
      deps.openStreams.add({
        kind: 'upgraded',
        judgement,
        openedAt: deps.clock.now(),
        close: () => socket.destroy(),
      }),
    );
    ended(101, null);
    next?.();
    return;
  }
  let forget: (() => void) | null = null;
  deps.upgrader.upgrade(req, socket, head, {
    route,
    request,
    identity,
    portal: config.portal,
    onOpen: (close) => {
      forget = deps.openStreams.add({
        kind: 'upgraded',
        judgement,
        openedAt: deps.clock.now(),
        close,
      });
      ended(101, null);
    },
    onClose: () => forget?.(),
    onProblem: refuse,
  });
}

/** A connection that is being opened is not counted yet; the limits are bounds, not quotas. */
function assertWithinLimits(deps: UpgradeDoorDeps, { session, request }: Judgement): void {
  const { openStreams, limits } = deps;
  const user = session?.principal.id;
  const ofUser = user === undefined ? 0 : openStreams.countUpgraded({ user });
  const ofAddress = openStreams.countUpgraded({ ip: request.ip });
  if (ofUser >= limits.perUser || ofAddress >= limits.perAddress) {
    throw new Problem('too-many-attempts', {
      detail: 'Too many connections are open already.',
      retryAfterSeconds: 60,
    });
  }
}
