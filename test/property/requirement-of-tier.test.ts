/** What is said of a tier is what the gateway asks of each of its people, whoever they are. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { admits } from '../../src/core/policy/audience.ts';
import { effectiveRequirement, usableSecondFactors } from '../../src/core/policy/decide.ts';
import { tierOf } from '../../src/core/policy/mfa-policy.ts';
import { requirementsByTier } from '../../src/core/policy/requirement-of-tier.ts';
import { facts, policy, route } from '../support/arbitraries.ts';

describe('requirementsByTier', () => {
  test('says of everybody whom a rule admits what the gateway asks of them', () => {
    let compared = 0;
    fc.assert(
      fc.property(route, facts, policy, (where, { session }, rules) => {
        if (session === null || session.principal.kind === 'service') return;
        const tier = tierOf(session.principal, rules.tiers);
        const hasSecondFactor = usableSecondFactors(session, rules).length > 0;
        for (const rule of where.rules) {
          if (!admits(rule.audience, session.principal)) continue;
          const said = requirementsByTier(rule, where, rules).find((line) => line.tier === tier);
          assert.ok(said !== undefined, 'a tier was left out whose people are admitted');
          assert.deepEqual(
            hasSecondFactor ? said.withSecondFactor : said.withoutSecondFactor,
            effectiveRequirement(rule, where, session, rules),
          );
          compared += 1;
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(compared > 500, `only ${String(compared)} were compared`);
  });
});
