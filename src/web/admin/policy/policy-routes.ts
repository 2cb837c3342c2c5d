/** Routes and what reaching each needs, in words. */

import { allOf, audienceInWords, requirementInWords } from '../../../core/policy/in-words.ts';
import { tiers } from '../../../core/policy/mfa-policy.ts';
import type {
  EffectivePolicy,
  RouteInForce,
  RuleInForce,
} from '../../../flows/admin/effective-policy.ts';
import type { Words } from '../../words.ts';
import type { PolicyRoute, PolicyRule } from './policy-views.ts';

/** Every route, in the order in which they are looked at. */
export function policyRoutes(
  { routes, showsUpstreams }: EffectivePolicy,
  words: Words,
): readonly PolicyRoute[] {
  return routes.map((route) => ({
    name: route.name,
    wants: route.wants,
    facts: [
      {
        term: words.say('policy.route.network'),
        text: route.network ?? words.say('policy.anywhere'),
      },
      { term: words.say('policy.route.accept'), text: acceptInWords(route, words) },
      ...(route.isAdminConsole
        ? [{ term: words.say('policy.route.console'), text: words.say('policy.route.console-yes') }]
        : []),
      ...(showsUpstreams
        ? [
            {
              term: words.say('policy.route.upstream'),
              text: route.upstream ?? words.say('policy.route.no-upstream'),
              isCode: true,
            },
          ]
        : []),
    ],
    rules: route.rules.map((rule) => ruleInWords(rule, words)),
  }));
}

function acceptInWords({ accept }: RouteInForce, { say }: Words): string {
  return accept.map((way) => say(`policy.accept.${way}`)).join(', ');
}

function ruleInWords(rule: RuleInForce, { say }: Words): PolicyRule {
  const { id, effect, conditions, audience } = rule;
  const when = conditions.map(({ kind, wants }) => `${kind} ${wants}`).join(', ');
  return {
    id,
    when: when === '' ? say('policy.every-request') : when,
    who: effect === 'protect' ? audienceInWords(audience) : say(`policy.effect.${effect}`),
    needs: effect === 'protect' ? needsInWords(rule, say) : [],
  };
}

/** One line where all tiers are asked the same, else one for those that are. */
function needsInWords({ byTier, audience }: RuleInForce, say: Words['say']): readonly string[] {
  const services = audience?.services ?? [];
  const lines = new Map<string, string[]>();
  for (const { tier, withSecondFactor, withoutSecondFactor } of byTier) {
    const needs = requirementInWords(withSecondFactor);
    const without = requirementInWords(withoutSecondFactor);
    const line = needs === without ? needs : say('policy.needs.or-without', { needs, without });
    lines.set(line, [...(lines.get(line) ?? []), tier]);
  }
  const people = [...lines].map(([needs, of]) =>
    of.length === tiers.length ? needs : say('policy.needs.of', { tiers: allOf(of), needs }),
  );
  return [...people, ...(services.length > 0 ? [say('policy.needs.service')] : [])];
}
