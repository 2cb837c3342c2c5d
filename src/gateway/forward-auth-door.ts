/** The forward-auth door: the same decision, answered to another proxy. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestFacts } from '../core/facts.ts';
import { matchRoute } from '../core/route.ts';
import { credentialsOf } from './caller.ts';
import { enrollByHeader, enrollByOf } from './enroll-by.ts';
import { answerDecision, answerProblem, problemOf } from './enact.ts';
import {
  answerAllowed,
  answerForNginx,
  answerProblemForNginx,
  type ForwardAuthStyle,
} from './forward-auth.ts';
import { type HttpDoorDeps, identityIn } from './http-door.ts';
import { nobody } from './identity-headers.ts';
import { assertClientIsKnown, receiveOriginal } from './original-request.ts';
import { judge } from './pipeline.ts';
import type { ReceiveDeps } from './receive.ts';

/** What the door needs. */
export type ForwardAuthDeps = Omit<HttpDoorDeps, 'forwarder' | 'openStreams' | 'via'> &
  Pick<ReceiveDeps, 'newRequestId'>;

/** Answers one question. Never rejects; every failure is a refusal. */
export async function passForwardAuth(
  deps: ForwardAuthDeps,
  exchange: { readonly req: IncomingMessage; readonly res: ServerResponse },
  style: ForwardAuthStyle,
): Promise<void> {
  const startedAt = performance.now();
  const { req, res } = exchange;
  const config = deps.config.current();
  const { trustedProxies } = config.server;
  let request: RequestFacts | null = null;
  try {
    request = receiveOriginal({ newRequestId: deps.newRequestId, trustedProxies }, req);
    assertClientIsKnown(req, matchRoute(config.routes, request));
    const judgement = await judge(deps, config, request, credentialsOf(req));
    const { decision } = judgement;
    if (decision.kind === 'allow') {
      const identity = await identityIn(deps, judgement, config);
      const enrollBy = enrollByOf(judgement, config.policy);
      if (enrollBy !== null) res.setHeader(enrollByHeader, enrollBy);
      answerAllowed(res, decision, identity ?? nobody, request);
    } else if (style === 'nginx') {
      answerForNginx(res, decision, judgement.request, config);
    } else {
      answerDecision(deps, exchange, decision, judgement.request, config);
    }
    deps.recorder.ended(judgement, {
      status: res.statusCode,
      problem: null,
      durationMilliseconds: performance.now() - startedAt,
      upstreamMilliseconds: null,
    });
  } catch (error) {
    const problem = problemOf(error);
    const id = request?.id ?? deps.newRequestId();
    deps.recorder.refused({ door: 'forward-auth', ...request, id }, problem);
    if (style === 'nginx') {
      answerProblemForNginx(res, problem);
    } else {
      const isNavigation = request?.isNavigation ?? false;
      answerProblem(deps, exchange, problem, { id, isNavigation }, config);
    }
  }
}
