/**
 * `sallyport evidence`: tries what the policy promises on this installation, and writes down what
 * was seen, for an auditor.
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { collectEvidence } from '../flows/evidence/collect-evidence.ts';
import { countOutcomes, type EvidenceReport, type Outcome } from '../flows/evidence/report.ts';
import { RunStopped } from '../flows/evidence/run/verifying.ts';
import {
  checklistAsMarkdown,
  controlsAsHtml,
  controlsAsMarkdown,
  type KeptFile,
  reportAsHtml,
  reportAsJson,
} from '../web/admin/evidence/documents.ts';
import { createRenderer } from '../web/render.ts';
import { CommandFailure, UsageError, type Cli } from './cli.ts';
import { configOf, configOption, optionText, type CommandSpec } from './command.ts';
import { columns, print, styler, type Style } from './terminal.ts';

/** Collects evidence. Exit code 0 when all that could be tried held, 3 when something did not. */
export const evidence: CommandSpec = {
  name: 'evidence',
  summary: 'Try what the policy promises on this installation, and write a report.',
  args: [],
  options: [configOption, ['--out DIR', 'Where the report and what goes with it are written.']],
  example: '--config FILE --out DIR',
  run: async (cli, typed) => {
    const out = optionText(typed, 'out');
    if (out === null) throw new UsageError('where to? There is no --out');
    const config = configOf(cli, typed);
    const folder = path.resolve(out);
    // Before anything is tried: nobody should wait for a report that cannot be written.
    mkdirSync(folder, { recursive: true });

    const report = await collected(cli, config);
    const renderer = createRenderer();
    const parts = { config, renderer, now: report.finishedAt };
    const files = [
      ...underAFreeName(folder, [reportAsHtml(report, parts), reportAsJson(report)]),
      controlsAsHtml(report, parts),
      controlsAsMarkdown(report, parts),
      checklistAsMarkdown(parts),
    ];
    tell(cli, report);
    for (const { name, extension, text } of files) {
      const file = path.join(folder, `${name}.${extension}`);
      writeFileSync(file, text);
      print(cli.terminal, `Written: ${file}`);
    }
    return report.outcome === 'passed' ? 0 : 3;
  },
};

/** Runs it; told to stop, it clears away after itself first. */
async function collected(
  cli: Cli,
  config: Parameters<Cli['tools']['openForEvidence']>[0],
): Promise<EvidenceReport> {
  const stop = new AbortController();
  const stopIt = (): void => stop.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stopIt);
  const opened = await cli.tools.openForEvidence(config);
  try {
    return await collectEvidence(opened.flows, opened.parts, { by: 'cli', signal: stop.signal });
  } catch (error) {
    if (!(error instanceof RunStopped)) throw error;
    throw new CommandFailure([`${error.message} What it made is removed, and there is no report.`]);
  } finally {
    for (const signal of signals) process.off(signal, stopIt);
    await opened.close();
  }
}

/** A report of the same day is never written over. */
function underAFreeName(folder: string, files: readonly KeptFile[]): readonly KeptFile[] {
  const isTaken = (suffix: string): boolean =>
    files.some(({ name, extension }) =>
      existsSync(path.join(folder, `${name}${suffix}.${extension}`)),
    );
  let suffix = '';
  for (let number = 2; isTaken(suffix); number += 1) suffix = `-${String(number)}`;
  return files.map((file) => ({ ...file, name: file.name + suffix }));
}

const looks: Readonly<Record<Outcome, { readonly word: string; readonly style: Style }>> = {
  passed: { word: 'passed', style: 'green' },
  failed: { word: 'FAILED', style: 'red' },
  'not-applicable': { word: 'not applicable', style: 'dim' },
};

function tell({ terminal }: Cli, report: EvidenceReport): void {
  const styled = styler(terminal);
  const rows = report.verifications.map(({ id, title, outcome }) => {
    const { word, style } = looks[outcome];
    return [id, styled(style, word), title];
  });
  for (const line of columns(rows)) print(terminal, line);
  const failed = report.verifications
    .flatMap(({ checks }) => checks)
    .filter(({ outcome }) => outcome === 'failed');
  for (const { id, what, expected, seen } of failed) {
    print(terminal, `${styled('red', id)}  ${what}`);
    print(terminal, `      expected: ${expected}`);
    print(terminal, `      seen:     ${seen}`);
  }
  const counts = countOutcomes(report);
  print(
    terminal,
    `${String(counts.passed)} checks passed, ${String(counts.failed)} failed, ` +
      `${String(counts['not-applicable'])} were not applicable.`,
  );
}
