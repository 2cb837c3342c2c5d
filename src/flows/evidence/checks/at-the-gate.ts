/** What the gate decides about a session on every route, by the function that every door asks. */

import type { SessionFacts } from '../../../core/facts.ts';
import { decide } from '../../../core/policy/decide.ts';
import type { Decision } from '../../../core/policy/decision.ts';
import type { Route } from '../../../core/route.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Run } from '../run/run.ts';
import { samplesOf, type Sample } from './sample-requests.ts';

/** What became of the requests to one route. */
export interface AtTheGate {
  readonly route: string;
  readonly requests: number;
  /** Requests that would reach the upstream, of those that are not public for everybody. */
  readonly passed: readonly Sample[];
  /** Requests that pass because a rule makes them public; who asks does not matter. */
  readonly isPublic: number;
  /** How often each decision came up: `enroll policy-requires-enrollment`. */
  readonly decisions: ReadonlyMap<string, number>;
  /** Rules that some request met. */
  readonly rules: ReadonlySet<string>;
}

/** Every route of the configuration, and the way to the administration. */
export function everyRoute({ config }: Run): readonly Route[] {
  return [...config.routes, config.administration];
}

/** Tries every request to a route in this session; null: as somebody who has none. */
export function tryRoute(run: Run, route: Route, session: SessionFacts | null): AtTheGate {
  const { config, ctx } = run;
  const now = ctx.clock.now();
  const samples = samplesOf(config, route, now);
  const decisions = new Map<string, number>();
  const rules = new Set<string>();
  const passed: Sample[] = [];
  let isPublic = 0;
  for (const sample of samples) {
    const facts = {
      request: sample.request,
      session: movedTo(session, now, sample.at),
      now: sample.at,
    };
    const decision = decide(route, facts, config.policy);
    if (decision.rule !== null) rules.add(decision.rule.id);
    const name = `${decision.kind} ${decision.reason}`;
    decisions.set(name, (decisions.get(name) ?? 0) + 1);
    if (!reachesUpstream(decision)) continue;
    if (decision.reason === 'rule-is-public') isPublic += 1;
    else passed.push(sample);
  }
  const requests = samples.length;
  return { route: route.name, requests, passed, isPublic, decisions, rules };
}

/** What was seen, in a sentence: "84 requests: enroll policy-requires-enrollment 60, …". */
export function gateInWords({ requests, decisions, isPublic }: AtTheGate): string {
  const parts = [...decisions].map(([name, count]) => `${name} ${String(count)}`);
  const open =
    isPublic === 0 ? '' : ` ${String(isPublic)} of them are public by a rule, whoever asks.`;
  return `${String(requests)} requests: ${parts.join(', ')}.${open}`;
}

function reachesUpstream(decision: Decision): boolean {
  return decision.kind === 'allow' || decision.kind === 'remind';
}

/** The session as it would be if all of it happened at another hour of the week. */
function movedTo(session: SessionFacts | null, from: EpochMs, to: EpochMs): SessionFacts | null {
  if (session === null || from === to) return session;
  const by = to - from;
  return {
    ...session,
    proofs: session.proofs.map((proof) => ({ ...proof, at: proof.at + by })),
    createdAt: session.createdAt + by,
    expiresAt: session.expiresAt + by,
  };
}
