/**
 * Audit events as JSON lines, CSV (RFC 4180, with line feeds) and CEF (ArcSight Common Event Format).
 *
 * Some of the text was typed by strangers: whatever it is, one event stays one record, its fields
 * stay where they are, and a spreadsheet that opens it computes nothing.
 */

import { auditDocument, type Json } from './audit-document.ts';
import type { AuditEvent, Severity } from './audit-event.ts';

/** A way to write events; whoever writes adds a line feed to the head and to each line. */
export interface AuditFormat {
  /** Stands above all events, or null. */
  readonly head: string | null;
  readonly line: (event: AuditEvent) => string;
  readonly mediaType: string;
  /** What names of files in this format end with, without the dot. */
  readonly extension: string;
}

// prettier-ignore
const columns = [
  'id', 'at', 'type', 'severity', 'actor', 'subject', 'tenant', 'ip', 'user_agent', 'session',
  'request_id', 'details', 'previous_hash', 'hash',
] as const;

/** The formats by the name they are asked for with. */
export const auditFormats = {
  jsonl: {
    head: null,
    line: jsonLine,
    mediaType: 'application/jsonl; charset=utf-8',
    extension: 'jsonl',
  },
  csv: {
    head: columns.join(','),
    line: csvLine,
    mediaType: 'text/csv; charset=utf-8; header=present',
    extension: 'csv',
  },
  cef: { head: null, line: cefLine, mediaType: 'text/plain; charset=utf-8', extension: 'cef' },
} as const satisfies Record<string, AuditFormat>;

/** What a format can be asked for as. */
export type AuditFormatName = keyof typeof auditFormats;

/** Says whether there is a format of this name. */
export function isAuditFormatName(name: string): name is AuditFormatName {
  return Object.hasOwn(auditFormats, name);
}

/** The whole event under its public names; without `hash` it is what the hash covers. */
export function hashedDocument(event: AuditEvent): { readonly [name: string]: Json } {
  return { ...auditDocument(event), hash: event.hash };
}

/** An event as one line of JSON; `hash` can be computed anew from the rest of it. */
export function jsonLine(event: AuditEvent): string {
  // Some readers end a line at these too, and JSON lets them stand as they are.
  return JSON.stringify(hashedDocument(event)).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function csvLine(event: AuditEvent): string {
  const members = hashedDocument(event);
  return columns.map((column) => csvCell(members[column] ?? null)).join(',');
}

function csvCell(value: Json): string {
  if (value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Spreadsheets run what begins like a formula, in full-width characters too.
  const tame = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",;\p{Cc}\u2028\u2029]/u.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

const cefSeverities: Readonly<Record<Severity, number>> = {
  info: 2,
  notice: 4,
  warning: 7,
  high: 9,
};

function cefLine(event: AuditEvent): string {
  const header = ['CEF:0', 'Sallyport', 'Sallyport', '0', event.type, event.type]
    .map((part) => onOneLine(part, ' ').replaceAll(/[\\|]/g, '\\$&'))
    .join('|');
  const isIpv6 = event.ip?.includes(':') === true;
  const extension = {
    rt: String(event.at),
    externalId: event.id,
    suser: event.actor,
    duid: event.subject,
    src: isIpv6 ? null : event.ip,
    c6a2: isIpv6 ? event.ip : null,
    c6a2Label: isIpv6 ? 'Source IPv6 Address' : null,
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

/** In values `|` stands for itself; `=` would begin another field. */
function cefValue(text: string): string {
  const escaped = text.replaceAll(/[\\=]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
  return onOneLine(escaped, '\\n');
}

/** Without anything that some reader ends a line at, and without other control characters. */
function onOneLine(text: string, instead: string): string {
  return text.replaceAll(/[\n\v\f\r\u0085\u2028\u2029]/g, instead).replaceAll(/\p{Cc}/gu, ' ');
}
