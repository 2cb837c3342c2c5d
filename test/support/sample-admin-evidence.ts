/** `/admin/evidence` and its reports in their states. */

import type { EvidenceId } from '../../src/core/ids.ts';
import { mapControls } from '../../src/flows/evidence/controls/map-controls.ts';
import { fingerprintOf } from '../../src/flows/operating/note-configuration.ts';
import { policyStatements } from '../../src/flows/evidence/policy-in-words.ts';
import type { Check, EvidenceReport, Outcome } from '../../src/flows/evidence/report.ts';
import { controlsAsHtml, reportAsHtml } from '../../src/web/admin/evidence/documents.ts';
import type { AdminEvidencePage } from '../../src/web/admin/evidence/evidence-views.ts';
import {
  controlsView,
  outcomeBadge,
  reportView,
} from '../../src/web/admin/evidence/report-view.ts';
import type { Renderer } from '../../src/web/render.ts';
import type { Words } from '../../src/web/words.ts';
import { zonedTime } from '../../src/web/zoned-time.ts';
import { aConfig } from './a-config.ts';
import { aPolicy, aRoute, aRule, NOON } from './builders.ts';
import { policyWith } from './policy-file.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** An installation with one route that lets people through on their password. */
export const sampleConfig = aConfig({
  policy: aPolicy({ mfa: policyWith(), rememberedFor: ['TIER3'] }),
  routes: [
    aRoute({ name: 'console', isAdminConsole: true, rules: [aRule({ id: 'console#1' })] }),
    aRoute({
      name: 'board',
      path: '/board/**',
      rules: [aRule({ id: 'board#1', requires: { level: 1 } })],
    }),
  ],
});

function check(id: string, what: string, outcome: Outcome, seen: string): Check {
  return {
    id,
    what,
    how: 'A throw-away person signs in by name and password; then it is asked, as before every page, which page comes next.',
    expected:
      outcome === 'not-applicable'
        ? 'Only attested security keys of known models count for TIER0, and no software can be one.'
        : 'The next page is /enroll.',
    seen,
    outcome,
  };
}

/** A report with a check of each outcome. */
export function aReport(outcome: 'passed' | 'failed' = 'passed'): EvidenceReport {
  return {
    shape: 1,
    id: 'evd_3q2-7wAAAAAAAAAA' as EvidenceId,
    startedAt: NOON - 4000,
    finishedAt: NOON,
    by: 'anna',
    installation: {
      issuer: 'Example Corp',
      publicUrl: 'https://console.example.com',
      portalUrl: 'https://console.example.com/_mfa',
      database: 'PostgreSQL',
      sessions: 'Redis',
      timeZone: 'Africa/Johannesburg',
      version: '1.0.0',
      runtime: 'Node.js 24.12.0',
      fingerprint: fingerprintOf(sampleConfig),
    },
    policy: policyStatements(sampleConfig),
    verifications: [
      {
        id: 'V1',
        title:
          'A TIER0 user cannot obtain tokens until enrolled, and is led to enrollment at sign-in.',
        outcome: 'passed',
        checks: [
          check(
            'V1.1',
            'Signing in without anything enrolled leads to the enrollment.',
            'passed',
            'The next page is /enroll.',
          ),
          check(
            'V1.2',
            'The route console lets this person through with no method, on no path, from no address.',
            'passed',
            '42 requests: enroll policy-requires-enrollment 42.',
          ),
        ],
      },
      {
        id: 'V2',
        title: 'WebAuthn works for TIER0.',
        outcome: 'not-applicable',
        checks: [
          check('V2.1', 'A passkey of TIER0 can be enrolled and signs in.', 'not-applicable', ''),
        ],
      },
      {
        id: 'V3',
        title: 'TOTP works for TIER1 and above, and wrong codes are refused.',
        outcome,
        checks: [
          check(
            'V3.1',
            'TIER0: a code that was used is refused.',
            outcome,
            outcome === 'passed' ? 'Refused: code-already-used.' : 'Accepted.',
          ),
        ],
      },
    ],
    traces: { tenant: 'evidence-mm94mtc0-45eae113e797897e', people: 10, events: 160 },
    outcome,
  };
}

/** The documents that are kept, by the name of their file. */
export function sampleDocuments(renderer: Renderer): ReadonlyMap<string, string> {
  const parts = { config: sampleConfig, renderer, now: NOON };
  return new Map([
    ['document-evidence-report', reportAsHtml(aReport('failed'), parts).text],
    ['document-evidence-controls', controlsAsHtml(aReport(), parts).text],
  ]);
}

/** The samples by the name of their file. */
export function sampleEvidencePages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  const { say } = words;
  const time = zonedTime('Africa/Johannesburg');
  const written = { words, instant: (at: number) => time.full(at) };
  const fingerprint = fingerprintOf(sampleConfig);
  const evidence = {
    page: 'admin-evidence',
    running: null,
    failure: null,
    collect: {
      path: '/admin/evidence',
      action: 'collect',
      label: say('evidence.collect'),
      question: say('evidence.collect.question'),
      confirm: say('evidence.collect.confirm'),
      isDangerous: false,
    },
    reports: [
      {
        path: '/admin/evidence/evd_3q2-7wAAAAAAAAAA',
        moment: {
          relative: '3 min ago',
          exact: '22 Nov 2026, 14:32 (SAST)',
          iso: '2026-11-22T12:32:00Z',
        },
        by: 'anna',
        outcome: outcomeBadge('passed', words),
      },
      {
        path: '/admin/evidence/evd_3q2-7wAAAAAAAAAB',
        moment: {
          relative: '12 days ago',
          exact: '10 Nov 2026, 09:00 (SAST)',
          iso: '2026-11-10T07:00:00Z',
        },
        by: 'cli',
        outcome: outcomeBadge('failed', words),
      },
    ],
    empty: { title: say('evidence.empty'), text: say('evidence.empty.text'), action: null },
    notice: null,
  } as const;
  const list = (differences: Partial<AdminEvidencePage>): SampleAdminPage => ({
    section: 'evidence',
    page: { ...evidence, ...differences },
  });
  const report = (of: EvidenceReport, notice: string | null): SampleAdminPage => ({
    section: 'evidence',
    page: {
      page: 'admin-evidence-report',
      view: reportView(of, fingerprint, written),
      downloads: [
        { label: 'HTML', path: '/admin/evidence/evd_3q2-7wAAAAAAAAAA/report.html' },
        { label: 'JSON', path: '/admin/evidence/evd_3q2-7wAAAAAAAAAA/report.json' },
      ],
      notice,
    },
  });
  return new Map([
    ['admin-evidence', list({})],
    ['admin-evidence-empty', list({ reports: [], failure: say('evidence.failed.store') })],
    [
      'admin-evidence-running',
      list({
        collect: null,
        running: say('evidence.running', { by: 'anna', since: '1 min ago' }),
      }),
    ],
    ['admin-evidence-report', report(aReport(), say('admin.done.evidence-collected'))],
    ['admin-evidence-report-failed', report(aReport('failed'), null)],
    [
      'admin-evidence-controls',
      {
        section: 'evidence',
        page: {
          page: 'admin-evidence-controls',
          view: controlsView(mapControls(sampleConfig, aReport()), NOON, written),
          downloads: [
            { label: 'HTML', path: '/admin/evidence/controls.html' },
            { label: 'Markdown', path: '/admin/evidence/controls.md' },
          ],
        },
      },
    ],
  ]);
}
