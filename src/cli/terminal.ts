/** Where commands read from and print to: the process itself, or a stand-in for it. */

import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** What a command sees of the outside. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (isRaw: boolean) => unknown;
  };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** Prints a line on standard output. */
export function print(terminal: Terminal, line: string): void {
  terminal.stdout.write(`${line}\n`);
}

/** Prints a line on standard error. */
export function complain(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`);
}

/** The styles that output is set in. */
export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

const codes: Readonly<Record<Style, string>> = {
  bold: '1',
  dim: '2',
  green: '32',
  red: '31',
  yellow: '33',
};

/** Sets text in a style where standard output shows styles (no-color.org), else leaves it. */
export function styler(terminal: Terminal): (style: Style, text: string) => string {
  const { environment, stdout } = terminal;
  const isPlain = stdout.isTTY !== true || (environment['NO_COLOR'] ?? '') !== '';
  return (style, text) => (isPlain ? text : `\u001b[${codes[style]}m${text}\u001b[0m`);
}

/** Text from outside with whatever could steer a terminal made visible. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** Rows as columns that stand under each other; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** Styles take no room. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
