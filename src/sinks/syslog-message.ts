/**
 * Audit events as syslog messages (RFC 5424) in frames that count their octets (RFC 6587 §3.4.1,
 * the only framing of RFC 5425). Whatever text is in an event, it begins no message of its own.
 */

import { jsonLine } from '../core/audit-formats.ts';
import type { AuditEvent, Severity } from '../core/audit-event.ts';

/** What is the same in every message of an installation. */
export interface SyslogOrigin {
  /** RFC 5424 §6.2.1: 0 to 23. */
  readonly facility: number;
  readonly hostname: string;
  readonly processId: number;
}

/** RFC 5424 §6.2.1, table 2. */
const severityNumbers: Readonly<Record<Severity, number>> = {
  high: 2,
  warning: 4,
  notice: 5,
  info: 6,
};

/** §7.2.2: our own element is named under an enterprise number; 32473 is that of examples. */
const elementName = 'sallyport@32473';

/** §6.4: says that what follows is UTF-8. */
const byteOrderMark = '\ufeff';

/** An event as one message. The part behind the byte order mark is the line of `audit export`. */
export function syslogMessage(event: AuditEvent, origin: SyslogOrigin): string {
  const priority = origin.facility * 8 + severityNumbers[event.severity];
  const header = [
    `<${String(priority)}>1`,
    new Date(event.at).toISOString(),
    headerText(origin.hostname.replaceAll(/^\[|\]$/g, ''), 255),
    'sallyport',
    headerText(String(origin.processId), 128),
    headerText(event.type, 32),
  ].join(' ');
  return `${header} ${structuredData(event)} ${byteOrderMark}${jsonLine(event)}`;
}

/** A message in a frame: its length in octets, a space, and the message. */
export function octetCounted(message: string): Buffer {
  const octets = Buffer.from(message, 'utf8');
  return Buffer.concat([Buffer.from(`${String(octets.length)} `, 'ascii'), octets]);
}

function structuredData(event: AuditEvent): string {
  const { id, severity, actor, subject, tenant, ip, session, requestId, hash } = event;
  // In the order in which somebody would read them; what is unknown is left out.
  const values = { id, severity, actor, subject, tenant, ip, session, request_id: requestId, hash };
  const parameters = Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [` ${name}="${parameterValue(value)}"`],
  );
  return `[${elementName}${parameters.join('')}]`;
}

/** §6.3.3: `"`, `\` and `]` are escaped. Control characters are legal there and help nobody. */
function parameterValue(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\ufffd')
    .replaceAll(/["\\\]]/g, '\\$&');
}

/** §6: PRINTUSASCII, so many at most; `-` stands for nothing. */
function headerText(text: string, lengthMax: number): string {
  const printable = text.replaceAll(/[^!-~]/g, '_').slice(0, lengthMax);
  return printable === '' ? '-' : printable;
}
