/** The indexes of routes and rules find what trying one after the other would find. Holds G1. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { matchesPath, matchesPathFolded } from '../../src/core/path-pattern.ts';
import { pathCondition } from '../../src/core/policy/conditions/path.ts';
import { firstRuleThatApplies, type Rule } from '../../src/core/policy/rule.ts';
import { matchesHost, matchRoute, type Route } from '../../src/core/route.ts';
import { canonicalPath, patternText } from '../support/arbitraries.ts';
import { aPattern, aRequest, aRoute, aRule, NOON } from '../support/builders.ts';

const runs = { numRuns: 5000 };

const hostName = fc.constantFrom('example.com', 'a.example.com', 'b.a.example.com', 'com', '::1');

/** Letters in another case or width, dots at the end, and a star that only folding makes one. */
const respelled = fc
  .tuple(fc.oneof(canonicalPath, patternText), fc.constantFrom('', 'upper', 'dot', 'wide', 'star'))
  .map(([text, how]) => {
    if (how === 'upper') return text.toUpperCase();
    if (how === 'dot') return text.replace(/(?<=\/a)(?=\/|$)/, '.');
    if (how === 'wide') return text.replaceAll('a', encodeURIComponent('ａ'));
    if (how === 'star') return text.replaceAll('b', encodeURIComponent('＊'));
    return text;
  });

const pattern = fc.oneof(patternText, respelled).filter((text) => {
  try {
    aPattern(text);
    return true;
  } catch {
    return false;
  }
});

const path = respelled.filter((text) => !text.includes('*'));

describe('matchRoute', () => {
  const routes = fc.array(
    fc.record({
      host: fc.option(fc.record({ name: hostName, isWildcard: fc.boolean() })),
      path: pattern,
    }),
    { maxLength: 12 },
  );

  test('takes the first route that host and path lead to, read either way', () => {
    fc.assert(
      fc.property(routes, hostName, path, (written, host, asked) => {
        const all = written.map((route, at) =>
          Object.assign(aRoute({ name: `r${String(at)}`, path: route.path }), { host: route.host }),
        );

        assert.equal(matchRoute(all, { host, path: asked }), firstOneByOne(all, host, asked));
      }),
      runs,
    );
  });
});

describe('firstRuleThatApplies', () => {
  const rules = fc.array(fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 })), {
    maxLength: 12,
  });

  test('takes the first rule whose path fits, read either way', () => {
    fc.assert(
      fc.property(rules, path, (written, asked) => {
        const all = written.map((patterns, at) =>
          aRule({
            id: `r#${String(at)}`,
            conditions: patterns === null ? [] : [pathCondition(patterns.map(aPattern))],
          }),
        );

        const rule = firstRuleThatApplies(all, aRequest({ path: asked }), NOON);

        assert.equal(rule, ruleOneByOne(all, asked));
      }),
      runs,
    );
  });
});

function firstOneByOne(routes: readonly Route[], host: string, asked: string): Route | null {
  const ofHost = routes.filter((route) => route.host === null || matchesHost(route.host, host));
  const exact = ofHost.find((route) => matchesPath(route.path, asked));
  const folded = ofHost.find((route) => matchesPathFolded(route.path, asked));
  return exact === folded ? (exact ?? null) : null;
}

function ruleOneByOne(rules: readonly Rule[], asked: string): Rule | null {
  const request = aRequest({ path: asked });
  const exact = rules.find(({ conditions }) =>
    conditions.every((condition) => condition.holds(request, NOON)),
  );
  const folded = rules.find(({ conditions }) =>
    conditions.every((condition) => condition.holdsFolded?.(request) ?? true),
  );
  return exact === folded ? (exact ?? null) : null;
}
