/**
 * Servers that read `/ADMIN` as `/admin`. Holds G1: a path that two servers read differently is
 * refused, whichever of them stands behind the gate.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathCondition } from '../../../src/core/policy/conditions/path.ts';
import { firstRuleThatApplies } from '../../../src/core/policy/rule.ts';
import { matchRoute } from '../../../src/core/route.ts';
import { aPattern, aRequest, aRoute, aRule, NOON } from '../../support/builders.ts';

// Regression: GET /ADMIN/x reached an Express application by the rule for everything else.
describe('a path in other letters', () => {
  const admin = aRule({ id: 'r#1', conditions: [pathCondition([aPattern('/admin/**')])] });
  const others = aRule({ id: 'r#2', effect: 'public' });

  for (const path of ['/ADMIN/x', '/Admin', '/admin./x', '/admin%20/x', '/%EF%BD%81dmin/x']) {
    test(`is under no rule where a server might take it for another: ${path}`, () => {
      assert.equal(firstRuleThatApplies([admin, others], aRequest({ path }), NOON), null);
    });

    test(`is on no route where a server might take it for another: ${path}`, () => {
      const routes = [aRoute({ path: '/admin/**' }), aRoute({ name: 'others' })];
      assert.equal(matchRoute(routes, aRequest({ path })), null);
    });
  }

  for (const path of ['/admin/Users/7', '/Reports/2026', '/Reports/ADMIN']) {
    test(`is under its rule where both readings agree: ${path}`, () => {
      const rule = firstRuleThatApplies([admin, others], aRequest({ path }), NOON);
      assert.equal(rule?.id, path.startsWith('/admin/') ? 'r#1' : 'r#2');
    });
  }

  test('is under the rule that is written in the same letters', () => {
    const console = aRule({ conditions: [pathCondition([aPattern('/Console/**')])] });
    const path = '/Console/Home';
    assert.equal(firstRuleThatApplies([console], aRequest({ path }), NOON), console);
    assert.equal(firstRuleThatApplies([console], aRequest({ path: '/console/Home' }), NOON), null);
  });
});
