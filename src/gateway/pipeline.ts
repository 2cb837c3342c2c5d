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
import { AuditTrailFull } from '../stores/types.ts';
import { type CallerDeps, type Credentials, recallCaller } from './caller.ts';

/** What became of a request. */
export interface Judgement {
  /** As it was judged: what a program asks for is no page, whatever it says it accepts. */
  readonly request: RequestFacts;
  readonly route: Route | null;
  /** Who asks; null also where nobody had to be looked up. */
  readonly session: SessionFacts | null;
  readonly decision: Decision;
}

/** What judging needs. */
export interface JudgeDeps extends CallerDeps {
  readonly clock: Clock;
  readonly recordDecision: (judgement: Judgement) => void;
  /** Too much of the audit trail waits, and the operator wants nothing to pass then (F12). */
  readonly isHeldUp: () => boolean;
}

/**
 * Judges a request. Throws `StoreUnavailable` when it cannot be known who asks, `AuditTrailFull`
 * when nothing may pass because too much of the trail waits, and the problem `invalid-token` when
 * what it brings along was meant to say so and does not hold.
 */
export async function judge(
  deps: JudgeDeps,
  config: Pick<Config, 'routes' | 'policy' | 'portal'>,
  received: RequestFacts,
  credentials: Credentials,
): Promise<Judgement> {
  let request = received;
  const route = matchRoute(config.routes, request);
  const now = deps.clock.now();
  let session: SessionFacts | null = null;
  let decision = decide(route, { request, session, now }, config.policy);
  if (decision.kind === 'sign-in' && route !== null) {
    const caller = await recallCaller(deps, config.portal, route, credentials);
    session = caller.session;
    if (caller.isProgram && request.isNavigation) request = { ...request, isNavigation: false };
    if (session !== null) decision = decide(route, { request, session, now }, config.policy);
  }
  if (mayPass(decision) && deps.isHeldUp()) throw new AuditTrailFull();
  const judgement = { request, route, session, decision };
  deps.recordDecision(judgement);
  return judgement;
}

/** Whether something reaches the upstream by it: a reminder stops pages, not calls. */
function mayPass({ kind }: Decision): boolean {
  return kind === 'allow' || kind === 'remind';
}
