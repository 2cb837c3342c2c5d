/** The HTTP door: one switch over what was decided. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config, LiveConfig } from '../config/config.ts';
import type { RequestFacts } from '../core/facts.ts';
import type { Clock } from '../platform/clock.ts';
import { credentialsOf } from './caller.ts';
import { enrollByHeader, enrollByOf } from './enroll-by.ts';
import { type AnswerDeps, answerDecision, answerProblem, problemOf } from './enact.ts';
import type { ForwardOutcome } from './exchange.ts';
import { type Forwarder, leadsSomewhere } from './forward.ts';
import type { IdentityHeaders, IdentityOf } from './identity-headers.ts';
import type { OpenStreams } from './open-streams.ts';
import { judge, type JudgeDeps, type Judgement } from './pipeline.ts';
import type { Recorder } from './record.ts';
import { type Additions, upstreamHeaders } from './upstream-headers.ts';

/** What the door needs. */
export interface HttpDoorDeps extends JudgeDeps, AnswerDeps {
  readonly clock: Clock;
  readonly config: LiveConfig;
  readonly identityOf: IdentityOf;
  readonly forwarder: Forwarder;
  readonly openStreams: OpenStreams;
  readonly recorder: Recorder;
  readonly via: string;
}

/** What is answered through this door, and what comes after where the route leads nowhere. */
export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: RequestFacts;
  /** The application behind the middleware; it gets what an upstream would. */
  readonly next?: () => void;
}

/** Judges a request and does what was decided. Never rejects. */
export async function passHttp(deps: HttpDoorDeps, exchange: HttpExchange): Promise<void> {
  const startedAt = performance.now();
  const config = deps.config.current();
  const { req, res, request } = exchange;
  let judgement: Judgement;
  try {
    judgement = await judge(deps, config, request, credentialsOf(req));
  } catch (error) {
    const problem = problemOf(error);
    deps.recorder.refused(request, problem);
    answerProblem(deps, exchange, problem, request, config);
    return;
  }

  const { decision } = judgement;
  let outcome = nothing;
  switch (decision.kind) {
    case 'allow':
      outcome = await passOn(deps, exchange, judgement, config);
      break;
    case 'remind':
    case 'sign-in':
    case 'challenge':
    case 'step-up':
    case 'enroll':
    case 'deny': {
      const { problem } = answerDecision(deps, exchange, decision, judgement.request, config);
      outcome = { ...outcome, problem: problem.code };
    }
  }
  deps.recorder.ended(judgement, {
    status: res.headersSent ? res.statusCode : null,
    problem: outcome.problem,
    durationMilliseconds: performance.now() - startedAt,
    upstreamMilliseconds: outcome.upstreamMilliseconds,
  });
}

async function passOn(
  deps: HttpDoorDeps,
  exchange: HttpExchange,
  judgement: Judgement,
  config: Config,
): Promise<ForwardOutcome> {
  const { req, res, request } = exchange;
  // The client may have gone while we were looking it up; nobody is left to answer.
  if (res.destroyed || req.socket.destroyed) return nothing;
  const close = deps.openStreams.add({
    kind: 'response',
    judgement,
    openedAt: deps.clock.now(),
    close: () => res.destroy(),
  });
  res.once('close', close);
  try {
    const { route } = judgement;
    const identity = await identityIn(deps, judgement, config);
    const enrollBy = enrollByOf(judgement, config.policy);
    if (!leadsSomewhere(route)) {
      rewriteForApplication(req, { request, identity, portal: config.portal, via: deps.via });
      if (enrollBy !== null) res.setHeader(enrollByHeader, enrollBy);
      exchange.next?.();
      return nothing;
    }
    const { portal } = config;
    return await deps.forwarder.forward(req, res, { route, request, identity, portal, enrollBy });
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) deps.recorder.refused(request, problem);
    answerProblem(deps, exchange, problem, request, config);
    return { ...nothing, problem: problem.code };
  }
}

const nothing: ForwardOutcome = { upstreamMilliseconds: null, problem: null };

/** The identity headers of whoever was judged; null where nobody had to be looked up. */
export function identityIn(
  deps: Pick<HttpDoorDeps, 'identityOf'>,
  { session, route }: Judgement,
  config: Config,
): IdentityHeaders | Promise<IdentityHeaders> | null {
  return session === null || route === null ? null : deps.identityOf(session, route, config);
}

/** The application sees the same headers as an upstream, under names in lower case. */
export function rewriteForApplication(
  req: IncomingMessage,
  additions: Omit<Additions, 'httpVersion'>,
): void {
  const rebuilt = upstreamHeaders(req.rawHeaders, req.headers, {
    ...additions,
    httpVersion: req.httpVersion,
  });
  const entries = Object.entries(rebuilt);
  req.headers = Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
  req.rawHeaders = entries.flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
}
