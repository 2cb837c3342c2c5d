/** The requests that a run tries the gate with reach every rule, and are few. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { methodCondition } from '../../../../src/core/policy/conditions/method.ts';
import { networkCondition } from '../../../../src/core/policy/conditions/network.ts';
import { pathCondition } from '../../../../src/core/policy/conditions/path.ts';
import { timeCondition } from '../../../../src/core/policy/conditions/time.ts';
import { firstRuleThatApplies } from '../../../../src/core/policy/rule.ts';
import type { Route } from '../../../../src/core/route.ts';
import { samplesOf, type Sample } from '../../../../src/flows/evidence/checks/sample-requests.ts';
import { aConfig } from '../../../support/a-config.ts';
import { aNetwork, aPattern, aRoute, aRule, NOON } from '../../../support/builders.ts';

function samples(route: Route, others: readonly Route[] = []): readonly Sample[] {
  return samplesOf(aConfig({ routes: [...others, route] }), route, NOON);
}

/** The rules that some sample meets, from an address that the route lets near. */
function rulesMet(route: Route): readonly string[] {
  const met = samples(route).map(
    ({ request, at }) => firstRuleThatApplies(route.rules, request, at)?.id ?? 'none',
  );
  return [...new Set(met)].sort();
}

function hosts(host: string | null): readonly string[] {
  return [...new Set(samples(aRoute({ host })).map(({ request }) => request.host))];
}

describe('the samples of a route', () => {
  test('meet each of its rules', () => {
    const night = { days: ['sun'], fromMinute: 180, toMinute: 240, timeZone: 'UTC' } as const;
    const route = aRoute({
      path: '/shop/**',
      rules: [
        aRule({ id: 'r#1', conditions: [pathCondition([aPattern('/shop/assets/*.js')])] }),
        aRule({ id: 'r#2', conditions: [methodCondition(['PROPFIND'])] }),
        aRule({
          id: 'r#3',
          conditions: [networkCondition([aNetwork('office', ['192.0.2.0/24', '2001:db8:e::/48'])])],
        }),
        aRule({ id: 'r#4', conditions: [timeCondition(night)] }),
        aRule({ id: 'r#5' }),
      ],
    });
    assert.deepEqual(rulesMet(route), ['r#1', 'r#2', 'r#3', 'r#4', 'r#5']);
  });

  test('come from inside and from outside of its network, in both families', () => {
    const route = aRoute({ network: aNetwork('zone-e', ['10.20.0.0/24', '2001:db8:e::/48']) });
    const addresses = new Set(samples(route).map(({ request }) => request.ip));
    assert.deepEqual([...addresses].sort(), [
      '10.20.0.0',
      '2001:db8:e::',
      '2001:db8:ffff::7',
      '203.0.113.7',
    ]);
  });

  test('are few, however many blocks, hours and paths there are', () => {
    const blocks = Array.from({ length: 200 }, (_, at) => `10.${String(at)}.0.0/16`);
    const hours = Array.from({ length: 20 }, (_, at) =>
      aRule({
        id: `r#${String(at)}`,
        conditions: [
          timeCondition({ days: ['mon'], fromMinute: at * 60, toMinute: 1440, timeZone: 'UTC' }),
        ],
      }),
    );
    const route = aRoute({ network: aNetwork('all', blocks), rules: hours });
    assert.ok(samples(route).length < 1000, String(samples(route).length));
  });

  test('are answered by it, and not by a route before it', () => {
    const before = aRoute({ name: 'assets', path: '/shop/assets/**' });
    const route = aRoute({ name: 'shop', path: '/shop/**' });
    const paths = samples(route, [before]).map(({ request }) => request.path);
    assert.ok(paths.length > 0);
    assert.ok(paths.every((path) => !path.startsWith('/shop/assets')));
  });

  test('are sent to its host', () => {
    assert.deepEqual(hosts('grafana.example.com'), ['grafana.example.com']);
    assert.deepEqual(hosts('*.example.com'), ['evidence.example.com']);
    assert.deepEqual(hosts(null), ['console.example.com']);
  });
});
