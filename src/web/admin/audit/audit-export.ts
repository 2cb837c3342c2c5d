/** `/admin/audit/export`: the events that were looked for, as a file. */

import { auditFormats, isAuditFormatName } from '../../../core/audit-formats.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { Problem } from '../../../core/problem.ts';
import { exportAudit } from '../../../flows/admin/export-audit.ts';
import type { Answer, Exchange } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import { auditQueryIn } from './audit-query.ts';

/** Writes the file as it is read. HEAD takes nothing, and is not written into the trail. */
export async function exportAuditFile(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, request, now } = exchange;
  const { say } = parts.renderer.words;
  const { search, unreadable } = auditQueryIn(exchange);
  const name = exchange.query.get('format') ?? 'jsonl';
  const faults = [
    ...unreadable.map((field) => say(`audit.unreadable.${field}`)),
    ...(isAuditFormatName(name) ? [] : [say('audit.unreadable.format')]),
  ];
  if (faults.length > 0 || !isAuditFormatName(name)) {
    throw new Problem('validation-failed', { detail: faults.join(' ') });
  }
  const { mediaType, extension } = auditFormats[name];
  const day = new Date(now).toISOString().slice(0, 10);
  const file = {
    kind: 'stream',
    contentType: mediaType,
    fileName: `audit-${day}.${extension}`,
  } as const;
  if (request.method === 'HEAD') return { ...file, chunks: nothing() };
  const answer = await exportAudit(parts.flows, administratorOf(exchange), search, name);
  if (!answer.ok) {
    const detail = answer.faults.map(({ reason }) => say(`audit.fault.${reason}`)).join(' ');
    throw new Problem('validation-failed', { detail });
  }
  return { ...file, chunks: answer.chunks };
}

async function* nothing(): AsyncGenerator<string> {
  // Only the headers are asked for.
}
