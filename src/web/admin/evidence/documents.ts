/** What is kept of evidence as files: the report, the mapping of controls, the checklist. */

import type { Config } from '../../../config/config.ts';
import type { EpochMs } from '../../../core/time.ts';
import { controlsMarkdown } from '../../../flows/evidence/controls/controls-markdown.ts';
import { mapControls } from '../../../flows/evidence/controls/map-controls.ts';
import { fingerprintOf } from '../../../flows/operating/note-configuration.ts';
import { operatorChecklist } from '../../../flows/evidence/operator-checklist.ts';
import { evidenceDocument, type EvidenceReport } from '../../../flows/evidence/report.ts';
import { programVersion } from '../../../platform/version.ts';
import type { Renderer } from '../../render.ts';
import { zonedTime } from '../../zoned-time.ts';
import { controlsView, reportView, type Written } from './report-view.ts';

/** A file to be kept. */
export interface KeptFile {
  /** Without an extension: `evidence-2026-11-22`. */
  readonly name: string;
  readonly extension: 'html' | 'json' | 'md';
  readonly mediaType: string;
  readonly text: string;
}

/** What files are written with. */
export interface DocumentParts {
  readonly config: Config;
  readonly renderer: Renderer;
  readonly now: EpochMs;
}

const mediaTypes = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
} as const;

/** A report, for people. */
export function reportAsHtml(
  report: EvidenceReport,
  { config, renderer }: DocumentParts,
): KeptFile {
  const view = reportView(report, fingerprintOf(config), writtenBy(config, renderer));
  const issuer = report.installation.issuer;
  const { version } = report.installation;
  const text = renderer.renderDocument({ document: 'evidence-report', view, issuer, version });
  return file(reportName(report), 'html', text);
}

/** The same, for programs (docs/contract.md, section 11). */
export function reportAsJson(report: EvidenceReport): KeptFile {
  return file(reportName(report), 'json', `${JSON.stringify(evidenceDocument(report), null, 2)}\n`);
}

/** The mapping of controls, judged now, for people. */
export function controlsAsHtml(latest: EvidenceReport | null, parts: DocumentParts): KeptFile {
  const { config, renderer, now } = parts;
  const view = controlsView(mapControls(config, latest), now, writtenBy(config, renderer));
  const { issuer } = config.portal;
  const text = renderer.renderDocument({
    document: 'evidence-controls',
    view,
    issuer,
    version: programVersion(),
  });
  return file('controls', 'html', text);
}

/** The same as Markdown. */
export function controlsAsMarkdown(latest: EvidenceReport | null, parts: DocumentParts): KeptFile {
  const { config, renderer, now } = parts;
  const mapping = mapControls(config, latest);
  const { facts } = controlsView(mapping, now, writtenBy(config, renderer));
  const head = [
    ...headOf(parts),
    ...facts.map(({ term, text }) => `${term}: ${text ?? ''}`),
    renderer.words.say('evidence.controls.honest'),
  ];
  return file('controls', 'md', controlsMarkdown(mapping, head));
}

/** The checklist for operators. */
export function checklistAsMarkdown(parts: DocumentParts): KeptFile {
  return file('operator-checklist', 'md', operatorChecklist(parts.config, headOf(parts)));
}

function headOf({ config, now }: DocumentParts): readonly string[] {
  return [
    `${config.portal.issuer}, ${config.server.publicUrl}`,
    `Written ${zonedTime(config.portal.timeZone).full(now)} from the configuration in force (SHA-256 ${fingerprintOf(config)})`,
  ];
}

function writtenBy({ portal }: Config, { words }: Renderer): Written {
  const time = zonedTime(portal.timeZone);
  return { words, instant: (at) => time.full(at) };
}

function reportName({ finishedAt }: EvidenceReport): string {
  return `evidence-${new Date(finishedAt).toISOString().slice(0, 10)}`;
}

function file(name: string, extension: KeptFile['extension'], text: string): KeptFile {
  return { name, extension, mediaType: mediaTypes[extension], text };
}
