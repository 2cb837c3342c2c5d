/** An explanation as text for a terminal. */

import type { Decision } from '../../core/policy/decision.ts';
import type {
  ConditionTrace,
  Explanation,
  RouteTrace,
  RuleTrace,
} from '../../core/policy/explain.ts';
import { reasons } from '../../core/policy/reasons.ts';
import { unreachable } from '../../core/unreachable.ts';
import type { ExplainedAccess } from '../../flows/admin/explain/explain-request.ts';
import type { Assumption, Visitor } from '../../flows/admin/explain/visitor.ts';
import { columns, harmless, type Style } from '../terminal.ts';

/** Sets text in a style. */
export type Styled = (style: Style, text: string) => string;

/** What each kind of decision means for whoever asked. */
const outcomes: Readonly<Record<Decision['kind'], string>> = {
  allow: 'Passes',
  remind: 'Passes, after a reminder',
  'sign-in': 'Must sign in',
  challenge: 'Must prove a second factor',
  'step-up': 'Must confirm again',
  enroll: 'Must enroll first',
  deny: 'Refused',
};

/** The explanation as lines: the sentence, the trace, what would let it pass. */
export function explanationText(explained: ExplainedAccess, styled: Styled): readonly string[] {
  const { explanation, url, visitor, assumptions } = explained;
  const { request, decision, wouldPass } = explanation;
  const colour = ['allow', 'remind'].includes(decision.kind) ? 'green' : 'red';
  return [
    `${request.method} ${harmless(url)}`,
    harmless(`from ${request.ip} by ${whoText(visitor)}`),
    '',
    `${styled(colour, `${outcomes[decision.kind]}:`)} ${reasons[decision.reason]}`,
    styled('dim', `${decision.kind}, ${decision.reason}${ruleText(decision)}`),
    ...section('Routes', routeLines(explanation, styled), styled),
    ...section('Rules', ruleLines(explanation, styled), styled),
    ...section('Checks', checkLines(explanation, styled), styled),
    ...section('To pass', wouldPass.map(harmless), styled),
    ...section(
      'Assumed',
      assumptions.map(({ sentence }) => harmless(sentence)),
      styled,
    ),
  ];
}

/** The explanation with what to type for what was supposed. */
export function withHints<Explained extends ExplainedAccess>(explained: Explained): Explained {
  return {
    ...explained,
    assumptions: explained.assumptions.map((assumption) => ({
      ...assumption,
      sentence: assumption.sentence + hints[assumption.about],
    })),
  };
}

const hints: Readonly<Record<Assumption['about'], string>> = {
  address: ' (say another with --ip)',
  person: ' (say who with --user or --groups)',
  proofs: ' (say what else with --proofs)',
  enrollment: '',
  'key-model': '',
  role: '',
};

/** What to say of a request that no route is looked at for. */
export function answeredElsewhereText(
  { url, sentence, why }: { readonly url: string; readonly sentence: string; readonly why: string },
  styled: Styled,
): readonly string[] {
  return [harmless(url), '', sentence, styled('dim', why)];
}

function whoText(visitor: Visitor | null): string {
  if (visitor === null) return 'nobody (not signed in)';
  const { principal } = visitor.session;
  const name = visitor.isKnown ? principal.username : 'somebody';
  const groups = principal.groups.length === 0 ? '' : ` in ${principal.groups.join(', ')}`;
  return `${name} (${visitor.tier})${groups}`;
}

function ruleText({ rule }: Decision): string {
  return rule === null ? '' : `, by ${rule.id}`;
}

function routeLines({ routes }: Explanation, styled: Styled): readonly string[] {
  const rows = routes.map(({ name, wants, why, outcome }) => [
    name,
    wants,
    outcome === 'not-reached' ? 'not looked at' : (why ?? ''),
  ]);
  return marked(routes, rows, styled);
}

function ruleLines({ rules }: Explanation, styled: Styled): readonly string[] {
  const heads = marked(
    rules,
    rules.map(({ id, effect, outcome }) => [
      id,
      outcome === 'not-reached' ? `${effect}, not looked at` : effect,
    ]),
    styled,
  );
  return rules.flatMap(({ conditions, outcome }, index) => {
    const head = heads[index] ?? '';
    if (outcome === 'not-reached') return [head];
    if (conditions.length === 0) return [head, '    every request'];
    const rows = conditions.map(conditionRow);
    const marks = conditions.map(({ holds }) => ({ outcome: holds ? 'holds' : 'fails' }) as const);
    return [head, ...marked(marks, rows, styled).map((line) => `    ${line}`)];
  });
}

function conditionRow({ kind, wants, sees, holds }: ConditionTrace): readonly string[] {
  return [kind, `wants ${wants}`, holds ? '' : `sees ${sees}`];
}

function checkLines({ checks }: Explanation, styled: Styled): readonly string[] {
  const rows = checks.map(({ about, wants, sees, outcome }) => [
    about,
    `wants ${wants}`,
    outcome === 'not-looked-at' ? 'not looked at' : `sees ${sees}`,
  ]);
  return marked(checks, rows, styled);
}

type Outcome =
  | RouteTrace['outcome']
  | RuleTrace['outcome']
  | Explanation['checks'][number]['outcome'];

/** Rows under each other, each behind a mark: met, not met, or not looked at. */
function marked(
  traces: readonly { readonly outcome: Outcome }[],
  rows: readonly (readonly string[])[],
  styled: Styled,
): readonly string[] {
  const lines = columns(rows.map((row) => row.map(harmless)));
  return traces.map(({ outcome }, index) => `${markOf(outcome, styled)} ${lines[index] ?? ''}`);
}

function markOf(outcome: Outcome, styled: Styled): string {
  switch (outcome) {
    case 'taken':
    case 'applies':
    case 'holds':
      return styled('green', '✔');
    case 'passed-over':
    case 'fails':
      return styled('red', '✘');
    case 'not-reached':
    case 'not-looked-at':
      return styled('dim', '·');
    default:
      return unreachable(outcome);
  }
}

function section(title: string, lines: readonly string[], styled: Styled): readonly string[] {
  if (lines.length === 0) return [];
  return ['', styled('bold', title), ...lines.map((line) => `  ${line}`)];
}
