/** An explanation as a page shows it: the decision as a sentence, then what was looked at. */

import type { Check } from '../../../core/policy/checks.ts';
import type { Decision } from '../../../core/policy/decision.ts';
import type { ConditionTrace, Explanation } from '../../../core/policy/explain.ts';
import { reasons } from '../../../core/policy/reasons.ts';
import type {
  AccessAnswer,
  ExplainedAccess,
} from '../../../flows/admin/explain/explain-request.ts';
import type { Words } from '../../words.ts';
import type { Badge } from '../blocks.ts';
import type { ExplainAnswer, TraceRow } from './explain-views.ts';

/** Longer lists of routes are folded: the one that was taken stands above them. */
const routesShown = 8;

const looks: Readonly<Record<Decision['kind'], Pick<Badge, 'tone' | 'icon'>>> = {
  allow: { tone: 'good', icon: 'check' },
  remind: { tone: 'good', icon: 'check' },
  'sign-in': { tone: 'warning', icon: 'lock' },
  challenge: { tone: 'warning', icon: 'lock' },
  'step-up': { tone: 'warning', icon: 'lock' },
  enroll: { tone: 'warning', icon: 'lock' },
  deny: { tone: 'danger', icon: 'minus' },
};

/** What came out, in words. */
export function explainAnswer(
  answer: Exclude<AccessAnswer, { outcome: 'unreadable' }>,
  asked: { readonly method: string; readonly url: string },
  words: Words,
): ExplainAnswer {
  if (answer.outcome === 'explained') return explained(answer, words);
  const isRefused = answer.outcome === 'refused';
  const title = words.say(`explain.outcome.${answer.outcome}`);
  return {
    badge: isRefused
      ? { ...looks.deny, label: title }
      : { tone: 'quiet', icon: 'info', label: title },
    title,
    sentence: isRefused ? answer.sentence : words.say('explain.portal'),
    code: isRefused ? answer.reason : 'portal',
    request: `${asked.method} ${asked.url}`,
    who: words.say('explain.not-looked-at'),
    traces: [],
    wouldPass: [],
    assumptions: [],
  };
}

function explained(
  { explanation, url, visitor, assumptions }: ExplainedAccess,
  words: Words,
): ExplainAnswer {
  const { request, decision, wouldPass } = explanation;
  const title = words.say(`explain.outcome.${decision.kind}`);
  const groups = visitor?.session.principal.groups.join(', ') ?? '';
  const values = {
    ip: request.ip,
    person: visitor?.session.principal.username ?? '',
    tier: visitor?.tier ?? '',
    groups: groups === '' ? words.say('explain.no-group') : groups,
  };
  const known = visitor?.isKnown === true ? 'person' : 'supposed';
  return {
    badge: { ...looks[decision.kind], label: title },
    title,
    sentence: reasons[decision.reason],
    code: [decision.kind, decision.reason, decision.rule?.id].filter(Boolean).join(' · '),
    request: `${request.method} ${url}`,
    who: words.say(`explain.who.${visitor === null ? 'nobody' : known}`, values),
    traces: tracesOf(explanation, words),
    wouldPass,
    assumptions: assumptions.map(({ sentence }) => sentence),
  };
}

function tracesOf(explanation: Explanation, words: Words): ExplainAnswer['traces'] {
  const { routes, rules, checks } = explanation;
  const trace = (name: string, rows: readonly TraceRow[], isFolded = false) => ({
    title: words.say(`explain.trace.${name}`),
    label: words.say(`explain.column.${name}`),
    rows,
    missTone: name === 'checks' ? ('danger' as const) : ('quiet' as const),
    areRules: name === 'rules',
    isFolded,
  });
  return [
    trace(
      'checks',
      checks.map((check) => checkRow(check, words)),
    ),
    trace(
      'rules',
      rules.map(({ id, effect, outcome, conditions }) => ({
        outcome: traceOutcomes[outcome],
        what: id,
        wants: words.say(`explain.effect.${effect}`),
        sees: conditions.length === 0 ? words.say('explain.every-request') : '',
        parts: outcome === 'not-reached' ? [] : conditions.map(conditionRow),
      })),
    ),
    trace(
      'routes',
      routes.map(({ name, wants, why, outcome }) => ({
        outcome: traceOutcomes[outcome],
        what: name,
        wants,
        sees: why ?? '',
        parts: [],
      })),
      routes.length > routesShown,
    ),
  ].filter(({ rows }) => rows.length > 0);
}

const traceOutcomes = {
  taken: 'hit',
  applies: 'hit',
  holds: 'hit',
  'passed-over': 'miss',
  fails: 'miss',
  'not-reached': 'not-reached',
  'not-looked-at': 'not-reached',
} as const;

function checkRow({ about, wants, sees, outcome }: Check, words: Words): TraceRow {
  return {
    outcome: traceOutcomes[outcome],
    what: words.say(`explain.check.${about}`),
    wants,
    sees: outcome === 'not-looked-at' ? '' : sees,
    parts: [],
  };
}

function conditionRow({ kind, wants, sees, holds }: ConditionTrace): TraceRow {
  return { outcome: holds ? 'hit' : 'miss', what: kind, wants, sees, parts: [] };
}
