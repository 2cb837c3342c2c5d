/** Reads syslog as strictly as RFC 5424 §6 and RFC 6587 §3.4.1 are written: whatever else fails. */

import assert from 'node:assert/strict';

/** A message, taken apart. */
export interface SyslogMessage {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly processId: string;
  readonly messageId: string;
  readonly elementName: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Behind the byte order mark. */
  readonly text: string;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The frames at the beginning of what was received, and what is left behind them. */
export function readFrames(octets: Buffer): {
  readonly frames: readonly Buffer[];
  readonly rest: Buffer;
} {
  const frames: Buffer[] = [];
  let rest = octets;
  for (;;) {
    const space = rest.indexOf(0x20);
    if (space === -1) {
      assert.match(rest.toString('latin1'), /^(?:[1-9]\d{0,6})?$/, 'not the beginning of a frame');
      return { frames, rest };
    }
    const count = rest.subarray(0, space).toString('latin1');
    assert.match(count, /^[1-9]\d{0,6}$/, 'a frame begins with its length');
    const end = space + 1 + Number(count);
    if (rest.length < end) return { frames, rest };
    frames.push(rest.subarray(space + 1, end));
    rest = rest.subarray(end);
  }
}

// HEADER: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
const header =
  /^<(0|[1-9]\d{0,2})>1 (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /;

// SD-NAME: PRINTUSASCII without "=", SP, "]" and quotes.
const elementStart = /^\[([!#-<>-\\^-~]{1,32})/;
const parameter = /^ ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/;

/** Reads one message; fails where the grammar says otherwise. */
export function readSyslog(octets: Buffer): SyslogMessage {
  const message = strictUtf8.decode(octets);
  const read = header.exec(message);
  assert.ok(read !== null, `no header: ${message.slice(0, 120)}`);
  const [whole, priority = '', timestamp = '', hostname = '', appName = '', processId = ''] = read;
  assert.ok(Number(priority) <= 191);

  let rest = message.slice(whole.length);
  const element = elementStart.exec(rest);
  assert.ok(element !== null, `no structured data: ${rest.slice(0, 120)}`);
  rest = rest.slice(element[0].length);
  const parameters: Record<string, string> = {};
  for (;;) {
    const found = parameter.exec(rest);
    if (found === null) break;
    const [taken, name = '', value = ''] = found;
    assert.ok(!Object.hasOwn(parameters, name));
    parameters[name] = value.replaceAll(/\\(["\\\]])/g, '$1');
    rest = rest.slice(taken.length);
  }
  assert.ok(rest.startsWith('] \ufeff'), `structured data does not end: ${rest.slice(0, 120)}`);
  return {
    facility: Math.floor(Number(priority) / 8),
    severity: Number(priority) % 8,
    timestamp,
    hostname,
    appName,
    processId,
    messageId: read[6] ?? '',
    elementName: element[1] ?? '',
    parameters,
    text: rest.slice('] \ufeff'.length),
  };
}
