/** A report and the mapping of controls, in words and badges: for the pages and for the documents. */

import type { EpochMs } from '../../../core/time.ts';
import type {
  ControlMapping,
  ControlStatus,
  Finding,
} from '../../../flows/evidence/controls/map-controls.ts';
import {
  countOutcomes,
  type EvidenceReport,
  type Outcome,
} from '../../../flows/evidence/report.ts';
import type { Words } from '../../words.ts';
import type { Badge } from '../blocks.ts';
import type { ControlsView, ReportView } from './evidence-views.ts';

/** How words and instants are written. */
export interface Written {
  readonly words: Words;
  readonly instant: (at: EpochMs) => string;
}

/** A report; `fingerprint` is that of the configuration in force. */
export function reportView(
  report: EvidenceReport,
  fingerprint: string,
  { words, instant }: Written,
): ReportView {
  const { say, count } = words;
  const { failed } = countOutcomes(report);
  return {
    title: say('evidence.report.title', { at: instant(report.finishedAt) }),
    outcome: outcomeBadge(report.outcome, words),
    verdict:
      report.outcome === 'passed'
        ? say('evidence.report.passed')
        : count('evidence.report.failed', failed),
    facts: factsOf(report, fingerprint, { words, instant }),
    verifications: report.verifications.map(({ id, title, outcome, checks }) => ({
      id,
      title,
      outcome: outcomeBadge(outcome, words),
      checks: checks.map((check) => ({
        ...check,
        outcome: outcomeBadge(check.outcome, words),
        isFailed: check.outcome === 'failed',
        isSkipped: check.outcome === 'not-applicable',
      })),
    })),
    policy: report.policy,
  };
}

/** The mapping of controls, judged now. */
export function controlsView(
  mapping: ControlMapping,
  now: EpochMs,
  { words, instant }: Written,
): ControlsView {
  const { say } = words;
  const { evidence, isOfThisConfiguration } = mapping;
  const basis =
    evidence === null
      ? say('evidence.controls.none')
      : say(isOfThisConfiguration ? 'evidence.controls.same' : 'evidence.controls.other', {
          at: instant(evidence.finishedAt),
        });
  return {
    facts: [
      { term: say('evidence.controls.at'), text: instant(now) },
      { term: say('evidence.controls.based'), text: basis },
    ],
    controls: mapping.controls.map(
      ({ framework, number, title, asks, status, findings, checked }) => ({
        name: `${framework} ${number}`,
        title,
        asks,
        status: statusBadge(status, words),
        findings: findings.map(({ speaks, text, where }) => ({
          kind: findingBadge(speaks, words),
          text,
          where,
        })),
        checked,
      }),
    ),
  };
}

/** How something came out. */
export function outcomeBadge(outcome: Outcome, { say }: Words): Badge {
  const looks = {
    passed: { tone: 'good', icon: 'check' },
    failed: { tone: 'danger', icon: 'cross' },
    'not-applicable': { tone: 'quiet', icon: 'minus' },
  } as const;
  return { ...looks[outcome], label: say(`evidence.outcome.${outcome}`) };
}

function statusBadge(status: ControlStatus, { say }: Words): Badge {
  const looks = {
    met: { tone: 'good', icon: 'check' },
    partly: { tone: 'warning', icon: 'minus' },
    'not-met': { tone: 'danger', icon: 'cross' },
  } as const;
  return { ...looks[status], label: say(`evidence.control.${status}`) };
}

function findingBadge(speaks: Finding['speaks'], { say }: Words): Badge {
  const looks = {
    for: { tone: 'good', icon: 'check' },
    against: { tone: 'danger', icon: 'cross' },
    missing: { tone: 'warning', icon: 'minus' },
    note: { tone: 'quiet', icon: 'info' },
  } as const;
  return { ...looks[speaks], label: say(`evidence.finding.${speaks}`) };
}

function factsOf(
  report: EvidenceReport,
  fingerprint: string,
  { words, instant }: Written,
): ReportView['facts'] {
  const { say } = words;
  const { installation, traces } = report;
  const { passed, failed, 'not-applicable': skipped } = countOutcomes(report);
  const seconds = Math.max(1, Math.round((report.finishedAt - report.startedAt) / 1000));
  const isInForce = installation.fingerprint === fingerprint;
  const fact = (name: string, text: string, isCode = false) => ({
    term: say(`evidence.fact.${name}`),
    text,
    isCode,
  });
  return [
    {
      ...fact('outcome', ''),
      text: null,
      badges: [outcomeBadge(report.outcome, words)],
    },
    fact('counts', say('evidence.fact.counts.text', { passed, failed, skipped })),
    fact('installation', `${installation.issuer}, ${installation.publicUrl}`),
    fact('portal', installation.portalUrl),
    fact('when', say('evidence.fact.when.text', { from: instant(report.startedAt), seconds })),
    fact('by', report.by),
    fact('version', say('evidence.fact.version.text', { ...installation })),
    fact('storage', say('evidence.fact.storage.text', { ...installation })),
    {
      ...fact('configuration', `SHA-256 ${installation.fingerprint}`, true),
      badges: [
        isInForce
          ? { tone: 'good', icon: 'check', label: say('evidence.fact.configuration.same') }
          : { tone: 'warning', icon: 'minus', label: say('evidence.fact.configuration.other') },
      ],
    },
    fact('id', report.id, true),
    fact('traces', say('evidence.fact.traces.text', { ...traces })),
  ];
}
