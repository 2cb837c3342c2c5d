/** `/admin/evidence/:id` and `/admin/evidence/controls`, and what can be taken away of both. */

import type { SessionFacts } from '../../../core/facts.ts';
import { mapControls } from '../../../flows/evidence/controls/map-controls.ts';
import { fingerprintOf } from '../../../flows/operating/note-configuration.ts';
import { findEvidence, latestEvidence } from '../../../flows/evidence/read-evidence.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { zonedTime } from '../../zoned-time.ts';
import { administratorOf } from '../administrator.ts';
import { noticeIn } from '../done.ts';
import {
  checklistAsMarkdown,
  controlsAsHtml,
  controlsAsMarkdown,
  type DocumentParts,
  type KeptFile,
  reportAsHtml,
  reportAsJson,
} from './documents.ts';
import { controlsView, reportView, type Written } from './report-view.ts';

type Asked = Exchange<SessionFacts>;

/** Shows a report. */
export async function showEvidenceReport(exchange: Asked): Promise<Answer> {
  const { parts, config, parameter } = exchange;
  const report = await findEvidence(parts.flows, administratorOf(exchange), parameter);
  const here = `/admin/evidence/${report.id}`;
  return showPage({
    page: 'admin-evidence-report',
    view: reportView(report, fingerprintOf(config), writtenFor(exchange)),
    downloads: [
      { label: 'HTML', path: `${here}/report.html` },
      { label: 'JSON', path: `${here}/report.json` },
    ],
    notice: noticeIn(exchange),
  });
}

/** The report as a document for people. */
export async function downloadReportHtml(exchange: Asked): Promise<Answer> {
  const { parts, parameter } = exchange;
  const report = await findEvidence(parts.flows, administratorOf(exchange), parameter);
  return download(exchange, reportAsHtml(report, partsOf(exchange)));
}

/** The report for programs. */
export async function downloadReportJson(exchange: Asked): Promise<Answer> {
  const { parts, parameter } = exchange;
  const report = await findEvidence(parts.flows, administratorOf(exchange), parameter);
  return download(exchange, reportAsJson(report));
}

/** Shows the controls, judged now. */
export async function showControls(exchange: Asked): Promise<Answer> {
  const { parts, config, now } = exchange;
  const latest = await latestEvidence(parts.flows, administratorOf(exchange));
  const here = '/admin/evidence/controls';
  return showPage({
    page: 'admin-evidence-controls',
    view: controlsView(mapControls(config, latest), now, writtenFor(exchange)),
    downloads: [
      { label: 'HTML', path: `${here}.html` },
      { label: 'Markdown', path: `${here}.md` },
    ],
  });
}

/** The controls as a document for people. */
export async function downloadControlsHtml(exchange: Asked): Promise<Answer> {
  const latest = await latestEvidence(exchange.parts.flows, administratorOf(exchange));
  return download(exchange, controlsAsHtml(latest, partsOf(exchange)));
}

/** The controls as Markdown. */
export async function downloadControlsMarkdown(exchange: Asked): Promise<Answer> {
  const latest = await latestEvidence(exchange.parts.flows, administratorOf(exchange));
  return download(exchange, controlsAsMarkdown(latest, partsOf(exchange)));
}

/** The checklist for operators. */
export async function downloadChecklist(exchange: Asked): Promise<Answer> {
  // Nothing of it is in a report, but it is about the installation all the same.
  await latestEvidence(exchange.parts.flows, administratorOf(exchange));
  return download(exchange, checklistAsMarkdown(partsOf(exchange)));
}

function partsOf({ config, parts, now }: Asked): DocumentParts {
  return { config, renderer: parts.renderer, now };
}

function writtenFor({ config, parts }: Asked): Written {
  const time = zonedTime(config.portal.timeZone);
  return { words: parts.renderer.words, instant: (at) => time.full(at) };
}

function download({ request }: Asked, { name, extension, mediaType, text }: KeptFile): Answer {
  return {
    kind: 'stream',
    contentType: mediaType,
    fileName: `${name}.${extension}`,
    chunks: request.method === 'HEAD' ? chunksOf() : chunksOf(text),
  };
}

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}
