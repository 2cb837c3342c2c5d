/** Audit events as JSON lines, CSV (RFC 4180) and CEF (ArcSight Common Event Format). */

import { auditDocument } from '../../core/audit-document.ts';
import type { AuditEvent, Severity } from '../../core/audit-event.ts';

/** A way to write events; each line ends with a line feed when it is written. */
export interface AuditFormat {
  /** Stands above all events, or null. */
  readonly head: string | null;
  readonly line: (event: AuditEvent) => string;
}

// prettier-ignore
const columns = [
  'id', 'at', 'type', 'severity', 'actor', 'subject', 'tenant', 'ip', 'user_agent', 'session',
  'request_id', 'details', 'previous_hash', 'hash',
] as const;

/** The formats by the name they are asked for with. */
export const auditFormats = {
  jsonl: { head: null, line: (event) => JSON.stringify(documentOf(event)) },
  csv: { head: columns.join(','), line: csvLine },
  cef: { head: null, line: cefLine },
} as const satisfies Record<string, AuditFormat>;

function documentOf(event: AuditEvent): Readonly<Record<string, unknown>> {
  return { ...auditDocument(event), hash: event.hash };
}

function csvLine(event: AuditEvent): string {
  const members = documentOf(event);
  return columns.map((column) => csvCell(members[column])).join(',');
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Spreadsheets run what begins like a formula, and some of this text was typed by strangers.
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

const cefSeverities: Readonly<Record<Severity, number>> = {
  info: 2,
  notice: 4,
  warning: 7,
  high: 9,
};

function cefLine(event: AuditEvent): string {
  const header = ['CEF:0', 'Sallyport', 'Sallyport', '0', event.type, event.type]
    .map((part) => part.replaceAll(/[\\|]/g, '\\$&').replaceAll(/[\r\n]/g, ' '))
    .join('|');
  const extension = {
    rt: String(event.at),
    externalId: event.id,
    suser: event.actor,
    duid: event.subject,
    src: event.ip?.includes(':') === true ? null : event.ip,
    c6a2: event.ip?.includes(':') === true ? event.ip : null,
    c6a2Label: event.ip?.includes(':') === true ? 'Source IPv6 Address' : null,
    requestClientApplication: event.userAgent,
    cs1Label: 'tenant',
    cs1: event.tenant,
    cs2Label: event.session === null ? null : 'session',
    cs2: event.session,
    cs3Label: event.requestId === null ? null : 'request_id',
    cs3: event.requestId,
    cs4Label: 'details',
    cs4: JSON.stringify(event.details),
    cs5Label: 'hash',
    cs5: event.hash,
  };
  const pairs = Object.entries(extension).flatMap(([key, value]) =>
    value === null ? [] : [`${key}=${cefValue(value)}`],
  );
  return `${header}|${String(cefSeverities[event.severity])}|${pairs.join(' ')}`;
}

function cefValue(text: string): string {
  return text.replaceAll(/[\\=]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}
