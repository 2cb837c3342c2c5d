/**
 * What leaves the house of the audit trail can be read back as it was (G12), and nothing that a
 * stranger typed becomes a line, a field or a formula of its own (G13).
 */

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';

import { auditDocument, canonicalJson, type Json } from '../../src/core/audit-document.ts';
import { auditFormats, hashedDocument, isAuditFormatName } from '../../src/core/audit-formats.ts';
import { anEvent, hostileEvent } from '../support/audit-events.ts';

const runs = { numRuns: 1000 };

/** Whatever any reader that we know of takes for the end of a line. */
const lineEnds = /[\n\v\f\r\u0085\u2028\u2029]/;

const hostile = anEvent({
  actor: '=cmd|x',
  ip: '2001:db8::1',
  userAgent: 'evil "agent"\r\nx=1',
  requestId: null,
  details: { why: 'a=b|c\\d' },
});

test('formats are known by their names and by no others', () => {
  assert.deepEqual(['jsonl', 'csv', 'cef', 'toString', ''].map(isAuditFormatName), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

describe('JSON lines', () => {
  test('are one line each, from which the hash can be computed anew', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const line = auditFormats.jsonl.line(event);
        assert.doesNotMatch(line, lineEnds);
        const { hash: written, ...rest } = JSON.parse(line) as Readonly<Record<string, Json>>;
        assert.equal(written, event.hash);
        assert.equal(
          hash('sha256', canonicalJson(rest)),
          hash('sha256', canonicalJson(auditDocument(event))),
        );
      }),
      runs,
    );
  });
});

describe('CSV', () => {
  test('runs no formula and keeps one event in one record', () => {
    assert.match(
      auditFormats.csv.line(hostile),
      /,'=cmd\|x,usr_anna,default,2001:db8::1,"evil ""agent""\r\nx=1",/,
    );
  });

  for (const text of ['=1', '+1', '-1', '@x', '\t=1', ' =1', '\r=1', '\n=1', '＝1', '＋1', '＠x']) {
    test(`is not begun by ${JSON.stringify(text)}`, () => {
      const [record = []] = readCsv(auditFormats.csv.line(anEvent({ actor: text })));
      assert.equal(record[4], `'${text}`);
    });
  }

  test('reads back as the columns that its head names', () => {
    const columns = auditFormats.csv.head.split(',');
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const records = readCsv(auditFormats.csv.line(event));
        assert.equal(records.length, 1);
        const document = hashedDocument(event);
        assert.deepEqual(
          records[0]?.map(untamed),
          columns.map((column) => untamed(cellOf(document[column] ?? null))),
        );
      }),
      runs,
    );
  });
});

describe('CEF', () => {
  test('escapes what would begin another field or line', () => {
    assert.equal(
      auditFormats.cef.line({ ...hostile, session: null, hash: '11' }),
      'CEF:0|Sallyport|Sallyport|0|session.signed-in|session.signed-in|2|' +
        'rt=1772452800000 externalId=evt_1 suser=\\=cmd|x duid=usr_anna c6a2=2001:db8::1 ' +
        'c6a2Label=Source IPv6 Address requestClientApplication=evil "agent"\\r\\nx\\=1 ' +
        'cs1Label=tenant cs1=default ' +
        'cs4Label=details cs4={"why":"a\\=b|c\\\\\\\\d"} cs5Label=hash cs5=11',
    );
  });

  test('is one line with the fields that we put there and no others', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const line = auditFormats.cef.line(event);
        assert.doesNotMatch(line, lineEnds);
        const { header, fields } = readCef(line);
        assert.deepEqual(header.slice(0, 6), [
          'CEF:0',
          'Sallyport',
          'Sallyport',
          '0',
          event.type,
          event.type,
        ]);
        assert.match(header[6] ?? '', /^[2479]$/);
        assert.equal(fields.get('suser'), calm(event.actor));
        assert.equal(fields.get('cs1'), calm(event.tenant));
        assert.equal(fields.get('cs5'), event.hash);
        assert.deepEqual(
          [...fields.keys()].filter((name) => !known.has(name)),
          [],
        );
        assert.equal(fields.has('src') && fields.has('c6a2'), false);
      }),
      runs,
    );
  });

  // prettier-ignore
  const known = new Set([
    'rt', 'externalId', 'suser', 'duid', 'src', 'c6a2', 'c6a2Label', 'requestClientApplication',
    'cs1', 'cs1Label', 'cs2', 'cs2Label', 'cs3', 'cs3Label', 'cs4', 'cs4Label', 'cs5', 'cs5Label',
  ]);
});

/** RFC 4180, with a line feed between records. */
function readCsv(text: string): readonly (readonly string[])[] {
  const records: string[][] = [[]];
  let rest = text;
  for (;;) {
    const [taken = '', quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))/.exec(rest) ?? [];
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    rest = rest.slice(taken.length);
    if (rest === '') return records;
    assert.match(rest, /^[,\n]/, 'a cell ends with a comma or a line');
    if (rest.startsWith('\n')) records.push([]);
    rest = rest.slice(1);
  }
}

/** As the text of the format says: seven parts of a header, then `key=value` by blanks. */
function readCef(line: string): {
  readonly header: readonly string[];
  readonly fields: ReadonlyMap<string, string>;
} {
  const read = /^((?:(?:[^|\\]|\\[|\\])*\|){7})(.*)$/su.exec(line);
  assert.ok(read !== null, line);
  const [, head = '', extension = ''] = read;
  const starts = [...extension.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)].filter(
    ({ 0: found, index }) => extension[index + found.length - 2] !== '\\',
  );
  const fields = new Map<string, string>();
  for (const [at, { 0: found, 1: name = '', index }] of starts.entries()) {
    const value = extension.slice(index + found.length, starts[at + 1]?.index);
    assert.ok(!fields.has(name), `${name} twice: ${line}`);
    const unescaped = value.replaceAll(/\\(.)/g, (_, escaped: string) => {
      assert.match(escaped, /[\\=nr]/);
      return escaped === 'n' ? '\n' : escaped === 'r' ? '\r' : escaped;
    });
    fields.set(name, unescaped);
  }
  return { header: head.split('|').slice(0, 7), fields };
}

/** The apostrophe in front of a formula is not part of the value. */
function untamed(text: string): string {
  return text.replace(/^'/, '');
}

function cellOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a value comes out as: control characters have no place in it. */
function calm(text: string): string {
  return text.replaceAll(/[\v\f\u0085\u2028\u2029]/g, '\n').replaceAll(/[^\P{Cc}\n\r]/gu, ' ');
}
