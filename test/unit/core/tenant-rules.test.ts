/** What a tenant asks, and until when one of its people may do without a second factor. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  changedTenantRules,
  enrollmentDeadline,
  noTenantRules,
  type TenantRules,
} from '../../../src/core/tenant-rules.ts';
import { addSeconds, type EpochMs } from '../../../src/core/time.ts';
import { NOON } from '../../support/builders.ts';

const day = (days: number): EpochMs => addSeconds(NOON, days * 24 * 3600);

const required = (gracePeriodDays: number) => ({ isMfaRequired: true, gracePeriodDays });
const notRequired = { isMfaRequired: false, gracePeriodDays: 0 };

/** The rules after each of these was set, one after the other. */
function after(
  ...settings: readonly (readonly [EpochMs, ReturnType<typeof required>])[]
): TenantRules {
  return settings.reduce(
    (rules, [now, wanted]) => changedTenantRules(rules, wanted, now),
    noTenantRules,
  );
}

const early = { createdAt: day(-30), mustEnrollAt: null };

describe('a tenant that demands a second factor', () => {
  test('gives those who were there before the days of grace, counted from the demand', () => {
    const rules = after([day(0), required(7)]);

    assert.deepEqual(rules, {
      isMfaRequired: true,
      requiredSince: day(0),
      graceEndsAt: day(7),
    });
    assert.equal(enrollmentDeadline(early, rules), day(7));
  });

  test('gives none to who came with the demand or after it', () => {
    const rules = after([day(0), required(7)]);

    for (const createdAt of [day(0), day(1), day(8)]) {
      assert.equal(enrollmentDeadline({ createdAt, mustEnrollAt: null }, rules), createdAt);
    }
  });

  test('gives none at all with zero days, and setting more later does not help', () => {
    const rules = after([day(0), required(0)], [day(0), required(30)]);

    assert.equal(enrollmentDeadline(early, rules), day(0));
  });

  test('counts more or fewer days from when the demand began', () => {
    assert.equal(after([day(0), required(7)], [day(5), required(14)]).graceEndsAt, day(14));
    assert.equal(after([day(0), required(14)], [day(5), required(7)]).graceEndsAt, day(7));
  });

  test('ends a grace at once that is tightened to less than has gone by', () => {
    const rules = after([day(0), required(14)], [day(5), required(3)]);

    assert.equal(enrollmentDeadline(early, rules), day(3));
  });

  test('opens no grace again that has ended: not by more days, not by off and on', () => {
    const ended = [day(0), required(7)] as const;

    assert.equal(after(ended, [day(8), required(90)]).graceEndsAt, day(7));
    assert.equal(after(ended, [day(7), required(90)]).graceEndsAt, day(7));
    assert.equal(after(ended, [day(8), notRequired], [day(9), required(90)]).graceEndsAt, day(7));
    // It ended while nobody demanded anything.
    assert.equal(after(ended, [day(1), notRequired], [day(9), required(90)]).graceEndsAt, day(7));
  });

  test('gives those who came while it was lifted no grace when it is back', () => {
    const rules = after([day(0), required(7)], [day(1), notRequired], [day(3), required(7)]);

    assert.equal(enrollmentDeadline({ createdAt: day(2), mustEnrollAt: null }, rules), day(2));
  });
});

describe('a tenant that demands nothing', () => {
  test('sets nobody a deadline, whatever it demanded before', () => {
    assert.equal(enrollmentDeadline(early, noTenantRules), null);
    assert.equal(
      enrollmentDeadline(early, after([day(0), required(7)], [day(1), notRequired])),
      null,
    );
  });

  test('forgets nothing of what it demanded', () => {
    const before = after([day(0), required(7)]);

    assert.deepEqual(changedTenantRules(before, notRequired, day(1)), {
      ...before,
      isMfaRequired: false,
    });
  });
});

describe('a deadline of somebody’s own', () => {
  test('holds where the tenant demands nothing', () => {
    assert.equal(enrollmentDeadline({ ...early, mustEnrollAt: day(2) }, noTenantRules), day(2));
  });

  test('brings that of the tenant forward, and never puts it off', () => {
    const rules = after([day(0), required(7)]);

    assert.equal(enrollmentDeadline({ ...early, mustEnrollAt: day(2) }, rules), day(2));
    assert.equal(enrollmentDeadline({ ...early, mustEnrollAt: day(9) }, rules), day(7));
  });
});

test('a record that demands and does not say until when gives no grace', () => {
  const unclear = { isMfaRequired: true, requiredSince: day(0), graceEndsAt: null };

  assert.equal(enrollmentDeadline(early, unclear), day(0));
  assert.equal(enrollmentDeadline(early, { ...unclear, requiredSince: null }), early.createdAt);
});
