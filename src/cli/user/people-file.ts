/** Reads the files of an import: the table of people, and the list of their apps. */

import { createReadStream, readFileSync } from 'node:fs';
import { TextDecoder } from 'node:util';

import { CsvFault, csvReader, type CsvRecord } from '../../core/csv.ts';
import type { RowReading } from '../../flows/operating/import/import-people.ts';
import { readHead, type RowReader } from '../../flows/operating/import/people-table.ts';
import { CommandFailure } from '../cli.ts';

/** The rows of a table, as they are read; what cannot be read any further is the last one. */
export async function* rowsIn(file: string): AsyncGenerator<RowReading> {
  let read: RowReader | null = null;
  try {
    for await (const record of recordsIn(file)) {
      if (read !== null) {
        yield read(record);
        continue;
      }
      const head = readHead(record);
      if (!head.ok) {
        yield head;
        return;
      }
      ({ read } = head);
    }
  } catch (error) {
    if (!(error instanceof CsvFault)) throw error;
    yield { ok: false, fault: { line: error.line, sentence: error.message } };
    return;
  }
  if (read === null) {
    yield { ok: false, fault: { line: 1, sentence: 'The file is empty.' } };
  }
}

async function* recordsIn(file: string): AsyncGenerator<CsvRecord> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let reader: ReturnType<typeof csvReader> | null = null;
  let line = 1;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      const piece = decode(decoder, chunk, line);
      reader ??= csvReader(delimiterIn(piece));
      for (const record of reader.push(piece)) {
        line = record.line;
        yield record;
      }
    }
  } catch (error) {
    if (error instanceof CsvFault) throw error;
    throw unreadable(file);
  }
  // The end of a letter may be missing.
  decode(decoder, null, line);
  yield* reader?.end() ?? [];
}

function decode(decoder: TextDecoder, chunk: Buffer | null, line: number): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new CsvFault(line, 'From here on the file is not UTF-8. Save it as CSV UTF-8.');
  }
}

/** Some spreadsheets part fields by semicolons; the head tells, for it has no commas then. */
function delimiterIn(piece: string): ',' | ';' | '\t' {
  const [head = ''] = piece.split(/\r?\n/, 1);
  if (head.includes(',')) return ',';
  if (head.includes(';')) return ';';
  return head.includes('\t') ? '\t' : ',';
}

/** A whole file as text. */
export function textIn(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) throw new CommandFailure([`The file ${file} is not UTF-8.`]);
    throw unreadable(file);
  }
}

function unreadable(file: string): CommandFailure {
  return new CommandFailure([`The file ${file} cannot be read.`]);
}
