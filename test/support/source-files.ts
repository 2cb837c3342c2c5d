/** Our own files and what they say, for the tests that judge how the project is written. */

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The project's folder. */
export const projectFolder = path.join(import.meta.dirname, '../..');

/** A file of the project; `name` is relative to the project's folder, with slashes. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** One import line. */
export interface ImportLine {
  /** As written: `./decide.ts`, `node:fs`, `express`. */
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

/** The files that match a pattern, sorted by name. */
export function filesMatching(...patterns: readonly string[]): readonly SourceFile[] {
  const exclude = ['**/node_modules/**', 'dist/**'];
  return globSync([...patterns], { cwd: projectFolder, exclude })
    .toSorted()
    .map((name) => ({ name, text: readFileSync(path.join(projectFolder, name), 'utf8') }));
}

/** One file by its name. */
export function fileNamed(name: string): SourceFile {
  return { name, text: readFileSync(path.join(projectFolder, name), 'utf8') };
}

/** What a file imports. Imports are static and stand at the start of a line, so a pattern does. */
export function importsOf(file: SourceFile): readonly ImportLine[] {
  const statements = file.text.matchAll(
    /^(import|export)\s+(type\s)?(?:[\w*\s{},]*?\sfrom\s+)?'([^']+)';/gm,
  );
  return [...statements].map(([statement, , type, specifier = '']) => ({
    specifier,
    isTypeOnly: type !== undefined || hasOnlyTypes(statement),
  }));
}

/** `import { type A, type B } from …` brings nothing that runs. */
function hasOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/
    .exec(statement)?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return names?.every((name) => name === '' || name.startsWith('type ')) ?? false;
}

/**
 * The project's own files that a file names: imports, workers started by their address, and
 * programs that a test runs (`'src/main.ts'`).
 */
export function ownFilesNamedBy(file: SourceFile): readonly string[] {
  const named = (pattern: RegExp): readonly string[] =>
    [...file.text.matchAll(pattern)].map(([, name = '']) => name);
  const workers = named(/new URL\(\s*[`'](\.[^`']+\.ts)[`'],\s*import\.meta\.url/g);
  const relative = [...importsOf(file).map(({ specifier }) => specifier), ...workers]
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.join(path.posix.dirname(file.name), specifier));
  return [...relative, ...named(/'(src\/[\w/-]+\.ts)'/g)];
}

/** The rows of the first Markdown table whose head begins with `firstColumn`, head included. */
export function markdownTable(
  document: SourceFile,
  firstColumn: string,
): readonly (readonly string[])[] {
  const lines = document.text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${firstColumn}`));
  if (start === -1) throw new Error(`${document.name} has no table "${firstColumn}"`);
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(start, length === -1 ? undefined : start + length);
  return rows
    .filter((row) => !/^\|[\s|:-]+\|$/.test(row))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
