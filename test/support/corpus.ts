/** Reads the corpora of `test/conformance`: one case to a line, comments between them. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One line of a corpus. */
export interface CorpusLine {
  readonly number: number;
  /** The words of the line, with `{0a}` turned into the byte it stands for. */
  readonly words: readonly string[];
}

/**
 * The lines of a corpus, split into at most so many words; the last may contain spaces.
 *
 * A byte beyond ASCII becomes one character, as in the request lines that Node's parser delivers.
 */
export function readCorpus(name: string, wordsMax: number): readonly CorpusLine[] {
  const file = path.join(import.meta.dirname, '..', 'conformance', name);
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((text, index) => ({ number: index + 1, text }))
    .filter(({ text }) => text !== '' && !text.startsWith('# '))
    .map(({ number, text }) => ({ number, words: wordsOf(text, wordsMax).map(unescaped) }));
}

function wordsOf(text: string, wordsMax: number): readonly string[] {
  const words: string[] = [];
  let rest = text;
  while (words.length < wordsMax - 1 && rest.includes(' ')) {
    const end = rest.indexOf(' ');
    words.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...words, rest];
}

function unescaped(text: string): string {
  return text.replace(/\{([0-9a-f]{2})\}/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
