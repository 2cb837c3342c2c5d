/**
 * How long a decision takes, and that it takes no longer among 10,000 routes or rules than among
 * ten. Prints JSON. Run it alone: `node test/bench/decisions.ts`.
 */

import { pathCondition } from '../../src/core/policy/conditions/path.ts';
import { decide } from '../../src/core/policy/decide.ts';
import { matchRoute, type Route } from '../../src/core/route.ts';
import {
  aPattern,
  aPolicy,
  aProof,
  aRequest,
  aRoute,
  aRule,
  aSession,
  NOON,
} from '../support/builders.ts';

const sizes = [10, 100, 1000, 10_000];
const rounds = 7;
const milliseconds = 120;

const session = aSession({
  proofs: [aProof('password'), aProof('totp')],
  enrolled: ['totp'],
});
const policy = aPolicy();

/** One route for each application, told apart by host and by path in turn. */
function routesOf(size: number): readonly Route[] {
  return Array.from({ length: size }, (_, at) =>
    at % 2 === 0
      ? aRoute({ name: `r${String(at)}`, path: `/apps/app-${String(at)}/**` })
      : aRoute({ name: `r${String(at)}`, host: `app-${String(at)}.example.com` }),
  );
}

/** One route with a rule for each of its areas. */
function ruledBy(size: number): readonly Route[] {
  const rules = Array.from({ length: size }, (_, at) =>
    aRule({
      id: `r#${String(at + 1)}`,
      conditions: [pathCondition([aPattern(`/areas/${String(at)}/**`)])],
    }),
  );
  return [aRoute({ rules })];
}

function nanosecondsPerDecision(routes: readonly Route[], path: string): number {
  const request = aRequest({ path });
  const once = (): string =>
    decide(matchRoute(routes, request), { request, session, now: NOON }, policy).kind;
  if (once() !== 'allow') throw new Error(`${path} was not allowed`);
  const times = Array.from({ length: rounds }, () => {
    const until = performance.now() + milliseconds;
    const startedAt = performance.now();
    let decisions = 0;
    while (performance.now() < until) {
      for (let batch = 0; batch < 100; batch += 1) once();
      decisions += 100;
    }
    return ((performance.now() - startedAt) * 1e6) / decisions;
  });
  return Math.round(times.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0);
}

const table = sizes.map((size) => {
  const last = size - 2;
  return {
    size,
    amongRoutes: nanosecondsPerDecision(routesOf(size), `/apps/app-${String(last)}/users/7`),
    amongRules: nanosecondsPerDecision(ruledBy(size), `/areas/${String(last)}/users/7`),
  };
});
process.stdout.write(`${JSON.stringify({ unit: 'ns per decision, median', table }, null, 2)}\n`);
