/**
 * Reads comma-separated values (RFC 4180) as they come, record by record.
 *
 * Line feeds alone end a record too, and quoted fields may hold anything. What could be read in two
 * ways is a fault that names its line; nothing is guessed.
 */

/** One record and the line that it begins on, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** The text is no CSV. */
export class CsvFault extends Error {
  readonly line: number;

  constructor(line: number, sentence: string) {
    super(sentence);
    this.name = 'CsvFault';
    this.line = line;
  }
}

/** A reader is fed pieces of a text, cut anywhere, and gives the records that are complete. */
export interface CsvReader {
  /** Throws `CsvFault`. */
  push(piece: string): readonly CsvRecord[];
  /** The last record, where the text does not end with a line break. Throws `CsvFault`. */
  end(): readonly CsvRecord[];
}

const fieldCharactersMax = 10_000;

/** Makes a reader. A byte order mark at the beginning is left out, and so are empty lines. */
export function csvReader(delimiter: ',' | ';' | '\t' = ','): CsvReader {
  let state: 'field-begins' | 'plain' | 'quoted' | 'quote-in-quoted' | 'after-return' =
    'field-begins';
  let isFirst = true;
  let line = 1;
  let begunAt = 1;
  let field = '';
  let fields: string[] = [];
  let complete: CsvRecord[] = [];

  function endField(): void {
    if (field.length > fieldCharactersMax) {
      throw new CsvFault(begunAt, 'A field is longer than 10,000 characters.');
    }
    fields.push(field);
    field = '';
    state = 'field-begins';
  }

  function endRecord(): void {
    endField();
    // An empty line is one empty field.
    if (fields.length > 1 || fields[0] !== '') complete.push({ line: begunAt, fields });
    fields = [];
  }

  function nextLine(): void {
    line += 1;
    begunAt = line;
  }

  function take(character: string): void {
    if (state === 'after-return') {
      state = 'field-begins';
      nextLine();
      if (character === '\n') return;
      throw new CsvFault(
        line - 1,
        'A carriage return stands alone; save the file with line feeds.',
      );
    }
    if (state === 'quoted') {
      if (character === '"') {
        state = 'quote-in-quoted';
        return;
      }
      if (character === '\n') line += 1;
      field += character;
      return;
    }
    if (character === '"') {
      if (state === 'plain') {
        throw new CsvFault(line, 'A quote stands in a field that does not begin with one.');
      }
      if (state === 'quote-in-quoted') field += character;
      state = 'quoted';
      return;
    }
    if (character === delimiter) {
      endField();
    } else if (character === '\n') {
      endRecord();
      nextLine();
    } else if (character === '\r') {
      endRecord();
      state = 'after-return';
    } else if (state === 'quote-in-quoted') {
      throw new CsvFault(line, 'Something stands between the end of a quoted field and the next.');
    } else {
      state = 'plain';
      field += character;
    }
  }

  function completed(): readonly CsvRecord[] {
    const records = complete;
    complete = [];
    return records;
  }

  return {
    push(piece) {
      for (const character of isFirst ? piece.replace(/^\uFEFF/, '') : piece) take(character);
      if (piece !== '') isFirst = false;
      return completed();
    },
    end() {
      if (state === 'quoted') throw new CsvFault(begunAt, 'A quote is never closed.');
      if (state === 'after-return') return completed();
      if (field !== '' || fields.length > 0 || state !== 'field-begins') endRecord();
      return completed();
    },
  };
}
