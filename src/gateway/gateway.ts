/**
 * The gateway: every way in, around one decision.
 *
 * `app.ts` puts it behind an HTTP server: `receive` first, for every request; then the forward-auth
 * door, the portal's pages, and for all else `handle`. `upgrade` and `clientError` belong to the
 * server's events of these names, and `shouldUpgrade` to its option.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LiveConfig } from '../config/config.ts';
import type { Door, RequestFacts } from '../core/facts.ts';
import { shownPath } from '../core/locations.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Random } from '../platform/random.ts';
import type { Signer } from '../platform/signing.ts';
import type { Stores } from '../stores/types.ts';
import { createAuditQueue } from './audit-queue.ts';
import { answerClientError, isAtItsEnd, noteResponse } from './client-error.ts';
import { type AnswerDeps, answerProblem, problemOf } from './enact.ts';
import { forwardAuthStyle } from './forward-auth.ts';
import { passForwardAuth } from './forward-auth-door.ts';
import { createForwarder } from './forward.ts';
import { type HttpExchange, passHttp } from './http-door.ts';
import { identitySource } from './identity-headers.ts';
import { createOpenStreams, type OpenStream } from './open-streams.ts';
import type { Judgement } from './pipeline.ts';
import type { Recall } from './recall.ts';
import type { RecallToken } from './recall-token.ts';
import { isNavigation, receive } from './receive.ts';
import { createRecorder } from './record.ts';
import { requestIds } from './request-ids.ts';
import { passUpgrade, type UpgradeExchange, type UpgradeLimits } from './upgrade-door.ts';
import { createUpgrader, takesUpgrade } from './upgrade.ts';

/** What the gateway is made of. */
export interface GatewayDeps extends AnswerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly config: LiveConfig;
  readonly stores: Pick<Stores, 'users' | 'audit' | 'accessChanges'>;
  readonly recall: Recall;
  readonly recallToken: RecallToken;
  readonly signer: Signer;
  /** Nothing may pass at the moment; see `JudgeDeps`. */
  readonly isHeldUp?: () => boolean;
  readonly upgradeLimits?: UpgradeLimits;
}

/** The gateway, as the server in front of it uses it. None of these ever rejects or throws. */
export interface Gateway {
  /** Settles the facts of a request, or answers it and returns null. */
  receive(req: IncomingMessage, res: ServerResponse, door: Door): RequestFacts | null;
  /**
   * Answers a question of another proxy, or returns false when the request is none. To be asked
   * before `receive`: the headers of such a request speak of another one.
   */
  forwardAuth(req: IncomingMessage, res: ServerResponse): boolean;
  /** Judges a request and passes it on or answers it; resolves when that is over. */
  handle(exchange: HttpExchange): Promise<void>;
  /** For the server's `upgrade` event. */
  upgrade(exchange: UpgradeExchange): void;
  /** For the server's option `shouldUpgradeCallback`. */
  shouldUpgrade(req: IncomingMessage): boolean;
  /** For the server's `clientError` event: what the parser could not read. */
  clientError(error: Error, socket: Duplex): void;
  /** Writes down what was decided elsewhere about one of our own doors. */
  recordDecision(judgement: Judgement): void;
  /** What is open at this instance, opened by somebody who is signed in. */
  listOpen(): readonly OpenStream[];
  /** Closes what has lost its reason; runs by itself twice a second. */
  revalidate(): Promise<void>;
  /**
   * For a server that accepts nothing new: lets answers finish for as long as it is given, then
   * closes what is left, and writes down what is still to be written.
   */
  drain(graceMilliseconds: number): Promise<void>;
}

/** Ten thousand idle connections are a few hundred MiB; one person or address gets fewer. */
const defaultUpgradeLimits: UpgradeLimits = { perUser: 8192, perAddress: 8192 };

const drainPollMilliseconds = 25;

/** Makes the gateway. */
export function createGateway(deps: GatewayDeps): Gateway {
  const { clock, random, log, metrics, config, stores, recall, recallToken, signer } = deps;
  const queue = createAuditQueue({ audit: stores.audit, log, metrics });
  const recorder = createRecorder({
    clock,
    log,
    metrics,
    queue,
    auditsAllowed: () => config.current().auditsAllowed,
    shown: (request) => shownPath(config.current().portal, request),
  });
  const openStreams = createOpenStreams({
    clock,
    log,
    config: () => config.current(),
    users: stores.users,
    accessChanges: stores.accessChanges,
  });
  metrics.countOpenStreamsBy(() => openStreams.count('upgraded') + openStreams.count('response'));

  const newRequestId = requestIds(random);
  // A name of this very process: two gateways in a row are no loop, and each must know its own.
  const via = `sallyport-${random.bytes(6).toString('hex')}`;
  const door = {
    clock,
    config,
    identityOf: identitySource({ clock, signer }),
    openStreams,
    recorder,
    via,
    recall,
    recallToken,
    newRequestId,
    recordDecision: (judgement: Judgement) => recorder.decided(judgement),
    isHeldUp: deps.isHeldUp ?? (() => false),
    problemPage: deps.problemPage,
    forwarder: createForwarder({
      log,
      via,
      answerProblem: (req, res, problem, request) =>
        answerProblem(deps, { req, res }, problem, request, config.current()),
    }),
    upgrader: createUpgrader({ log, via }),
    limits: deps.upgradeLimits ?? defaultUpgradeLimits,
  };

  return {
    receive(req, res, through) {
      if (!noteResponse(req, res)) return null;
      const current = config.current();
      try {
        const { trustedProxies } = current.server;
        return receive({ newRequestId, trustedProxies }, req, through);
      } catch (error) {
        const problem = problemOf(error);
        const id = newRequestId();
        recorder.refused({ id, door: through }, problem);
        // A person who mistyped an address gets a page, whatever is wrong with it.
        const asked = { id, isNavigation: isNavigation(req, req.method ?? '') };
        answerProblem(deps, { req, res }, problem, asked, current);
        return null;
      }
    },
    forwardAuth(req, res) {
      const { portal, server } = config.current();
      const style = forwardAuthStyle(req, portal, server.trustedProxies);
      if (style === null) return false;
      if (!noteResponse(req, res)) return true;
      void passForwardAuth(door, { req, res }, style);
      return true;
    },
    handle: (exchange) => passHttp(door, exchange),
    upgrade(exchange) {
      if (isAtItsEnd(exchange.req.socket)) exchange.socket.destroy();
      else void passUpgrade(door, exchange);
    },
    shouldUpgrade: takesUpgrade,
    clientError(error, socket) {
      const { portal } = config.current();
      const id = newRequestId();
      const problem = answerClientError(error, socket, { portal, requestId: id });
      if (problem !== null) recorder.refused({ id, door: 'http' }, problem);
    },
    recordDecision: (judgement) => recorder.decided(judgement),
    listOpen: () => openStreams.list(),
    revalidate: () => openStreams.revalidate(),
    async drain(graceMilliseconds) {
      const endsAt = performance.now() + graceMilliseconds;
      while (openStreams.count('response') > 0 && performance.now() < endsAt) {
        await new Promise((resolve) => setTimeout(resolve, drainPollMilliseconds));
      }
      openStreams.closeAll('shutdown');
      openStreams.stop();
      await queue.flush();
    },
  };
}
