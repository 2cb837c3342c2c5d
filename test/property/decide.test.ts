/** Laws of the decision: there is always one, the default is no, and its explanation agrees. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { assuranceShortfall } from '../../src/core/assurance.ts';
import { admits } from '../../src/core/policy/audience.ts';
import {
  admissibleProofs,
  answersOf,
  decide,
  effectiveRequirement,
  enrollmentDue,
  enrollmentMissing,
  graceEndOf,
  isLive,
  isNetworkAllowed,
  isServiceAtHome,
  usableSecondFactors,
} from '../../src/core/policy/decide.ts';
import type { Decision } from '../../src/core/policy/decision.ts';
import { explain, type Explanation } from '../../src/core/policy/explain.ts';
import { firstRuleThatApplies } from '../../src/core/policy/rule.ts';
import { matchRoute } from '../../src/core/route.ts';
import { anyCondition, facts, policy, proof, route } from '../support/arbitraries.ts';

const runs = { numRuns: 2000 };
const maybeRoute = fc.option(route, { freq: 20 });

describe('decide', () => {
  test('always answers, and the same to the same', () => {
    fc.assert(
      fc.property(maybeRoute, facts, policy, (where, known, rules) => {
        const decision = decide(where, known, rules);

        assert.ok(decision.reason.length > 0);
        assert.deepEqual(decide(where, known, rules), decision);
      }),
      runs,
    );
  });

  test('changes nothing that it is given', () => {
    fc.assert(
      fc.property(maybeRoute, facts, policy, (where, known, rules) => {
        decide(frozen(where), frozen(known), rules);
      }),
      { numRuns: 500 },
    );
  });

  test('never allows while the network, the rule or the requirement speaks against it (G1, G2)', () => {
    fc.assert(
      fc.property(maybeRoute, facts, policy, (where, known, rules) => {
        const decision = decide(where, known, rules);
        if (decision.kind !== 'allow') return;
        const { request, session, now } = known;
        assert.ok(where !== null);
        assert.ok(isNetworkAllowed(where, request.ip));
        assert.equal(firstRuleThatApplies(where.rules, request, now), decision.rule);
        assert.notEqual(decision.rule.effect, 'deny');
        if (decision.rule.effect === 'public') return;

        assert.ok(session !== null && isLive(session, now) && !session.principal.isDisabled);
        assert.ok(admits(decision.rule.audience, session.principal));
        if (session.principal.kind === 'service') {
          assert.ok(isServiceAtHome(session.principal, request.ip, rules));
          return;
        }
        assert.equal(enrollmentDue(session, rules, now), null);
        const requirement = effectiveRequirement(decision.rule, where, session, rules);
        const proofs = admissibleProofs(session, rules);
        assert.equal(assuranceShortfall(requirement, proofs, now), null);
        assert.equal(assuranceShortfall(decision.rule.requires, proofs, now), null);
      }),
      { numRuns: 6000 },
    );
  });

  test('does not let who asks change which rule applies', () => {
    fc.assert(
      fc.property(route, facts, facts, policy, (where, known, others, rules) => {
        const decision = decide(where, known, rules);
        const other = decide(where, { ...known, session: others.session }, rules);

        assert.equal(decision.rule, other.rule);
      }),
      runs,
    );
  });

  test('takes away nothing when one more thing is proved', () => {
    fc.assert(
      fc.property(route, facts, policy, proof, (where, known, rules, added) => {
        const { session } = known;
        if (session === null || decide(where, known, rules).kind !== 'allow') return;
        const more = { ...session, proofs: [...session.proofs, added] };

        assert.equal(decide(where, { ...known, session: more }, rules).kind, 'allow');
      }),
      runs,
    );
  });

  test('lets nobody pass once a second factor is overdue, and stops only people on their way to a page before', () => {
    fc.assert(
      fc.property(route, facts, policy, (where, known, rules) => {
        const { request, session, now } = known;
        const decision = decide(where, known, rules);
        if (session === null || decision.rule?.effect !== 'protect') return;
        const graceEnd = graceEndOf(session, rules);
        if (graceEnd !== null && graceEnd <= now) {
          assert.ok(decision.kind !== 'allow' && decision.kind !== 'remind');
        }
        if (decision.kind !== 'remind') return;
        assert.ok(graceEnd !== null && now < graceEnd);
        assert.ok(request.isNavigation && ['GET', 'HEAD'].includes(request.method));
        // All but the reminder speaks for it: as a call, the same request passes.
        const call = { ...known, request: { ...request, isNavigation: false } };
        assert.equal(decide(where, call, rules).kind, 'allow');
        const reminded = { ...known, session: { ...session, remindedAt: now } };
        assert.equal(decide(where, reminded, rules).kind, 'allow');
      }),
      { numRuns: 6000 },
    );
  });

  test('gives a tier that owes methods no grace, where the policy blocks until they are enrolled', () => {
    fc.assert(
      fc.property(route, facts, policy, (where, known, rules) => {
        const { session } = known;
        const decision = decide(where, known, rules);
        if (session === null || decision.rule?.effect !== 'protect') return;
        if (!rules.mfa.enforcement.blocksTokensUntilEnrolled) return;
        if (enrollmentMissing(session, rules).length === 0) return;
        assert.ok(decision.kind !== 'allow' && decision.kind !== 'remind');
      }),
      { numRuns: 6000 },
    );
  });

  test('lets a deadline only ever take away', () => {
    fc.assert(
      fc.property(route, facts, policy, (where, known, rules) => {
        const { session } = known;
        if (session === null) return;
        const without = { ...known, session: { ...session, enrollBy: null } };
        if (decide(where, without, rules).kind === 'allow') return;
        const kind = decide(where, known, rules).kind;
        assert.ok(kind !== 'allow' && kind !== 'remind');
      }),
      runs,
    );
  });

  test('asks only for what the person can do', () => {
    fc.assert(
      fc.property(route, facts, policy, (where, known, rules) => {
        const decision = decide(where, known, rules);
        const { session } = known;
        if (decision.kind === 'challenge') {
          assert.ok(session !== null && usableSecondFactors(session, rules).length > 0);
          assert.equal(decision.requirement.level, 2);
        }
        if (decision.kind === 'step-up') {
          assert.ok(session !== null && answersOf(session, rules).length > 0);
        }
        if (decision.kind === 'enroll') {
          assert.ok(decision.missing.length > 0);
        }
      }),
      runs,
    );
  });
});

describe('explain', () => {
  const routes = fc.array(route, { maxLength: 3 });

  test('always agrees with decide', () => {
    fc.assert(
      fc.property(routes, facts, policy, (all, known, rules) => {
        const { decision } = explain(all, known, rules);

        assert.deepEqual(decision, decide(matchRoute(all, known.request), known, rules));
      }),
      runs,
    );
  });

  test('names the check that decided, and only that one, as failed', () => {
    fc.assert(
      fc.property(routes, facts, policy, (all, known, rules) => {
        const explanation = explain(all, known, rules);
        const failed = explanation.checks.filter(({ outcome }) => outcome === 'fails');

        assert.deepEqual(
          failed.map(({ about }) => about),
          checkThatDecides(explanation),
          explanation.decision.reason,
        );
      }),
      { numRuns: 6000 },
    );
  });

  test('marks the rule of the decision, and tells how to pass unless it passes', () => {
    fc.assert(
      fc.property(routes, facts, policy, (all, known, rules) => {
        const { decision, rules: traces, routes: ways, wouldPass } = explain(all, known, rules);
        const applying = traces.filter(({ outcome }) => outcome === 'applies');
        const taken = ways.filter(({ outcome }) => outcome === 'taken');

        assert.deepEqual(
          applying.map(({ id }) => id),
          decision.rule === null ? [] : [decision.rule.id],
        );
        assert.equal(taken.length, decision.reason === 'no-route' ? 0 : 1);
        assert.equal(wouldPass.length === 0, decision.kind === 'allow');
        for (const trace of traces) {
          if (trace.outcome === 'applies') assert.ok(trace.conditions.every(({ holds }) => holds));
          if (trace.outcome === 'passed-over') {
            assert.ok(trace.conditions.some(({ holds }) => !holds));
          }
        }
      }),
      runs,
    );
  });
});

describe('a condition that covers another', () => {
  test('holds wherever the other does', () => {
    fc.assert(
      fc.property(anyCondition, anyCondition, facts, (outer, inner, { request, now }) => {
        if (!outer.covers(inner) || !inner.holds(request, now)) return;
        assert.ok(outer.holds(request, now), `${outer.wants} does not cover ${inner.wants}`);
      }),
      { numRuns: 6000 },
    );
  });
});

/** Which checks must have failed for a decision to come out as it did. */
function checkThatDecides({ decision, checks }: Explanation): readonly string[] {
  const byReason: Readonly<Record<Decision['reason'], readonly string[]>> = {
    'rule-is-public': [],
    'assurance-met': [],
    'enrollment-due-soon': [],
    'no-route': [],
    'no-rule-applies': [],
    'rule-denies': [],
    'network-not-allowed': ['network'],
    'not-signed-in': ['session'],
    'session-expired': checks[1]?.outcome === 'fails' ? ['session'] : ['proof'],
    'account-disabled': ['account'],
    'not-admitted': ['audience'],
    'not-permitted': [],
    'service-network-not-allowed': ['service-network'],
    'second-factor-required': ['level'],
    'policy-requires-enrollment': ['enrollment'],
    'tenant-requires-enrollment': ['enrollment'],
    'proof-too-old': ['freshness'],
    'not-phishing-resistant': ['phishing-resistance'],
    'method-not-accepted': ['method'],
    'nothing-enrolled': [],
  };
  if (decision.reason !== 'nothing-enrolled') return byReason[decision.reason];
  // Four lacks end here when nothing that is enrolled could make them good.
  const lacks = ['level', 'phishing-resistance', 'method', 'freshness'];
  const failed = checks.filter(({ outcome }) => outcome === 'fails').map(({ about }) => about);
  assert.ok(failed.every((about) => lacks.includes(about)) && failed.length === 1);
  return failed;
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}
