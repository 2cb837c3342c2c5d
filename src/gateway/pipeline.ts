/**
 * One decision for every door: match → recall → decide → record.
 *
 * A request is first judged as if nobody were signed in. Only when that comes out as "sign in" can
 * it matter who asks, and only then is anybody looked up: a request from outside the network, for
 * a public page or for no route at all costs no look-up and learns nothing of sessions.
 */

import type { Config } from '../config/config.ts';
import type { RequestFacts, SessionFacts } from '../core/facts.ts';
import { decide } from '../core/policy/decide.ts';
import type { Decision } from '../core/policy/decision.ts';
import { matchRoute, type Route } from '../core/route.ts';
import type { Clock } from '../platform/clock.ts';
import type { Recall } from './recall.ts';

/** What became of a request. */
export interface Judgement {
  readonly request: RequestFacts;
  readonly route: Route | null;
  /** Who asks; null also where nobody had to be looked up. */
  readonly session: SessionFacts | null;
  readonly decision: Decision;
}

/** What judging needs. */
export interface JudgeDeps {
  readonly clock: Clock;
  readonly recall: Recall;
  readonly recordDecision: (judgement: Judgement) => void;
}

/** Judges a request. Throws `StoreUnavailable` when it cannot be known who asks. */
export async function judge(
  deps: JudgeDeps,
  config: Pick<Config, 'routes' | 'policy'>,
  request: RequestFacts,
  cookieHeader: string | undefined,
): Promise<Judgement> {
  const route = matchRoute(config.routes, request);
  const now = deps.clock.now();
  let session: SessionFacts | null = null;
  let decision = decide(route, { request, session, now }, config.policy);
  if (decision.kind === 'sign-in') {
    session = await deps.recall(cookieHeader);
    if (session !== null) decision = decide(route, { request, session, now }, config.policy);
  }
  const judgement = { request, route, session, decision };
  deps.recordDecision(judgement);
  return judgement;
}
