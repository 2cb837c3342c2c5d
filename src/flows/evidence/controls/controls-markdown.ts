/** The mapping of controls as Markdown, for whoever keeps such things in a repository or a wiki. */

import { markdownText } from '../markdown.ts';
import type { ControlMapping, ControlStatus, Finding, MappedControl } from './map-controls.ts';

const statusWords: Readonly<Record<ControlStatus, string>> = {
  met: 'met',
  partly: 'partly met',
  'not-met': 'not met',
};

const findingWords: Readonly<Record<Finding['speaks'], string>> = {
  for: 'for it',
  against: 'against it',
  missing: 'missing',
  note: 'note',
};

/** Says what a status means, in a word or two. */
export function statusInWords(status: ControlStatus): string {
  return statusWords[status];
}

/** Says what a finding is, in a word or two. */
export function findingInWords(speaks: Finding['speaks']): string {
  return findingWords[speaks];
}

/** Writes the mapping. `head` says what and when it is about, line by line. */
export function controlsMarkdown(mapping: ControlMapping, head: readonly string[]): string {
  const lines = [
    '# Controls, and where this installation meets them',
    '',
    ...head.map((line) => `- ${markdownText(line)}`),
    '',
    '| control | | status |',
    '|---|---|---|',
    ...mapping.controls.map(
      ({ framework, number, title, status }) =>
        `| ${markdownText(framework)} ${markdownText(number)} | ${markdownText(title)} | **${statusWords[status]}** |`,
    ),
    '',
    ...mapping.controls.flatMap(controlLines),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function controlLines(control: MappedControl): readonly string[] {
  const { framework, number, title, asks, status, findings, checked } = control;
  return [
    `## ${markdownText(framework)} ${markdownText(number)}: ${markdownText(title)}`,
    '',
    `**${statusWords[status]}.** ${markdownText(asks)}`,
    '',
    ...findings.map(
      ({ speaks, text: what, where }) =>
        `- *${findingWords[speaks]}*: ${markdownText(what)} (${markdownText(where)})`,
    ),
    '',
    `*${markdownText(checked)}*`,
    '',
  ];
}
