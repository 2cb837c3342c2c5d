/** Laws of deadlines: whatever is set, in whatever order, nothing that has passed opens again. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';

import {
  changedTenantRules,
  enrollmentDeadline,
  noTenantRules,
  type TenantRules,
} from '../../src/core/tenant-rules.ts';
import { addSeconds, type EpochMs } from '../../src/core/time.ts';
import { NOON } from '../support/builders.ts';

const hour = 3600;

/** What an admin sets, and how many hours after the setting before. */
const setting = fc.record({
  hoursLater: fc.integer({ min: 0, max: 24 * 40 }),
  isMfaRequired: fc.boolean(),
  gracePeriodDays: fc.integer({ min: 0, max: 60 }),
});
const settings = fc.array(setting, { maxLength: 12 });

/** Somebody who came some hours before or after all began. */
const person = fc.record({
  createdAt: fc.integer({ min: -2000, max: 4000 }).map((hours) => addSeconds(NOON, hours * hour)),
  mustEnrollAt: fc.option(
    fc.integer({ min: 0, max: 4000 }).map((hours) => addSeconds(NOON, hours * hour)),
  ),
});

interface Step {
  readonly now: EpochMs;
  readonly rules: TenantRules;
  readonly wanted: { readonly isMfaRequired: boolean; readonly gracePeriodDays: number };
}

function history(of: readonly (Step['wanted'] & { readonly hoursLater: number })[]) {
  let now: EpochMs = NOON;
  let rules: TenantRules = noTenantRules;
  return of.map(({ hoursLater, ...wanted }): Step => {
    now = addSeconds(now, hoursLater * hour);
    rules = changedTenantRules(rules, wanted, now);
    return { now, rules, wanted };
  });
}

const runs = { numRuns: 2000 };

describe('a deadline', () => {
  test('is never later once it has passed', () => {
    fc.assert(
      fc.property(settings, person, (all, somebody) => {
        let passed: EpochMs | null = null;
        for (const { now, rules } of history(all)) {
          // While the tenant demands nothing it has none; it is back when something is demanded.
          if (!rules.isMfaRequired) continue;
          const deadline = enrollmentDeadline(somebody, rules);
          assert.ok(deadline !== null);
          if (passed !== null) assert.ok(deadline <= passed);
          if (deadline <= now) passed = deadline;
        }
      }),
      runs,
    );
  });

  test('is not later for a tenant that is tightened', () => {
    fc.assert(
      fc.property(settings, person, fc.nat(60), (all, somebody, fewerDays) => {
        const last = history(all).at(-1);
        if (last === undefined || !last.wanted.isMfaRequired) return;
        const { now, rules, wanted } = last;
        const gracePeriodDays = Math.min(wanted.gracePeriodDays, fewerDays);
        const tighter = changedTenantRules(rules, { isMfaRequired: true, gracePeriodDays }, now);

        const before = enrollmentDeadline(somebody, rules);
        const after = enrollmentDeadline(somebody, tighter);
        assert.ok(before !== null && after !== null && after <= before);
      }),
      runs,
    );
  });

  test('is not moved by off and on', () => {
    fc.assert(
      fc.property(settings, person, fc.nat(1000), (all, somebody, hours) => {
        const last = history(all).at(-1);
        if (last === undefined || !last.wanted.isMfaRequired) return;
        const { now, rules, wanted } = last;
        const off = changedTenantRules(rules, { ...wanted, isMfaRequired: false }, now);
        const on = changedTenantRules(off, wanted, addSeconds(now, hours * hour));

        assert.equal(enrollmentDeadline(somebody, on), enrollmentDeadline(somebody, rules));
      }),
      runs,
    );
  });

  test('has come already for who was not there when the demand began', () => {
    fc.assert(
      fc.property(settings, person, (all, somebody) => {
        for (const { rules } of history(all)) {
          const { isMfaRequired, requiredSince } = rules;
          if (!isMfaRequired || requiredSince === null) continue;
          if (somebody.createdAt < requiredSince) continue;
          const deadline = enrollmentDeadline(somebody, rules);
          assert.ok(deadline !== null && deadline <= somebody.createdAt);
        }
      }),
      runs,
    );
  });

  test('is there for everybody while something is demanded', () => {
    fc.assert(
      fc.property(settings, person, (all, somebody) => {
        for (const { rules } of history(all)) {
          if (rules.isMfaRequired) assert.notEqual(enrollmentDeadline(somebody, rules), null);
        }
      }),
      runs,
    );
  });
});
