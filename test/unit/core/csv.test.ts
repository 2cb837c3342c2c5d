/** Comma-separated values (RFC 4180): what was written comes back, and nothing is guessed. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { CsvFault, csvReader, type CsvRecord } from '../../../src/core/csv.ts';

function read(text: string, delimiter?: ',' | ';' | '\t'): readonly CsvRecord[] {
  const reader = csvReader(delimiter);
  return [...reader.push(text), ...reader.end()];
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const fieldsOf = (text: string, delimiter?: ',' | ';' | '\t') =>
  read(text, delimiter).map(({ fields }) => fields);

describe('a table', () => {
  // prettier-ignore
  const tables = [
    ['plain',                           'a,b\nc,d\n',               [['a', 'b'], ['c', 'd']]],
    ['without a last line break',       'a,b\nc,d',                 [['a', 'b'], ['c', 'd']]],
    ['with carriage returns',           'a,b\r\nc,d\r\n',           [['a', 'b'], ['c', 'd']]],
    ['with a byte order mark',          '\uFEFFa,b\n',              [['a', 'b']]],
    ['with empty fields',               ',\na,\n,b',                [['', ''], ['a', ''], ['', 'b']]],
    ['with empty lines',                '\n\na,b\n\r\n\nc,d\n\n',   [['a', 'b'], ['c', 'd']]],
    ['with quoted fields',              '"a","b, c"\n',             [['a', 'b, c']]],
    ['with quotes in quoted fields',    '"say ""no""",b\n',         [['say "no"', 'b']]],
    ['with line breaks in fields',      '"a\nb","c\r\nd"\n',        [['a\nb', 'c\r\nd']]],
    ['with a quoted field at the end',  'a,"b"',                    [['a', 'b']]],
    ['with an empty quoted field',      'a,""\n',                   [['a', '']]],
    ['with spaces, which belong to it', ' a , b \n',                [[' a ', ' b ']]],
    ['of nothing',                      '',                         []],
  ] as const;
  for (const [how, text, expected] of tables) {
    test(`${how} is read`, () => {
      assert.deepEqual(fieldsOf(text), expected);
    });
  }

  test('may have semicolons or tabs between its fields', () => {
    assert.deepEqual(fieldsOf('a;"b;c";d,e\n', ';'), [['a', 'b;c', 'd,e']]);
    assert.deepEqual(fieldsOf('a\tb;c\n', '\t'), [['a', 'b;c']]);
  });

  test('tells the line that each record begins on', () => {
    const lines = read('a\n"b\nc"\r\nd\n\ne').map(({ line }) => line);
    assert.deepEqual(lines, [1, 2, 4, 6]);
  });

  // prettier-ignore
  const faults = [
    ['a quote in the middle of a field', 'a,b\nc,d"e\n',  2, /does not begin with one/],
    ['text after a quoted field',        'a\n"b"c\n',      2, /end of a quoted field/],
    ['a quote that is never closed',     'a\n"b\nc\nd',    2, /never closed/],
    ['a lone carriage return',           'a\rb',           1, /carriage return/],
    ['a field without an end',           'a'.repeat(10_001), 1, /10,000/],
  ] as const;
  for (const [what, text, line, sentence] of faults) {
    test(`is refused for ${what}, by its line`, () => {
      assert.throws(
        () => read(text),
        (thrown) =>
          thrown instanceof CsvFault && thrown.line === line && sentence.test(thrown.message),
      );
    });
  }

  test('comes back as it was written, cut anywhere (property)', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '😀') });
    const record = fc.array(field, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(record), fc.array(fc.nat({ max: 40 })), (table, cuts) => {
        const text = table.map((fields) => `${fields.map(quoted).join(',')}\r\n`).join('');
        const reader = csvReader();
        const records: CsvRecord[] = [];
        let at = 0;
        for (const cut of cuts) {
          records.push(...reader.push(text.slice(at, at + cut)));
          at += cut;
        }
        records.push(...reader.push(text.slice(at)), ...reader.end());

        const written = table.filter((fields) => fields.length > 1 || fields[0] !== '');
        assert.deepEqual(
          records.map(({ fields }) => fields),
          written,
        );
      }),
    );
  });

  test('of any bytes is read or refused, never anything else (property)', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          read(text);
        } catch (error) {
          assert.ok(error instanceof CsvFault);
        }
      }),
    );
  });
});
