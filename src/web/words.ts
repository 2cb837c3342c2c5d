/**
 * The sentences of our pages: one flat catalogue per language, `views/words/<language>.json`.
 *
 * English is complete; another language, or an operator's own wording, is laid over it, so that a
 * missing sentence appears in English rather than not at all.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may stand for `{name}` in a sentence. */
export type WordValues = Readonly<Record<string, string | number>>;

/** Finds sentences by their key. */
export interface Words {
  /** A language tag, for `<html lang>`. */
  readonly language: string;
  /** Every key there is. */
  readonly keys: readonly string[];
  readonly has: (key: string) => boolean;
  /** The sentence with its `{names}` filled in. An unknown key is a bug. */
  readonly say: (key: string, values?: WordValues) => string;
  /** The sentence for a number of things: `key.zero`, `key.one`, `key.other`, with `{count}`. */
  readonly count: (key: string, count: number, values?: WordValues) => string;
}

/** Reads a catalogue; `overrides` are the operator's own sentences. */
export function loadWords(
  folder: string,
  language: string,
  overrides: Readonly<Record<string, string>> = {},
): Words {
  const catalogue = new Map(Object.entries({ ...readCatalogue(folder, 'en') }));
  if (language !== 'en') addAll(catalogue, readCatalogue(folder, language));
  addAll(catalogue, overrides);
  const plural = new Intl.PluralRules(language);

  const say = (key: string, values: WordValues = {}): string => {
    const sentence = catalogue.get(key);
    assert.ok(sentence !== undefined, `no sentence is called ${key}`);
    return fillIn(sentence, values);
  };

  return {
    language,
    keys: [...catalogue.keys()],
    has: (key) => catalogue.has(key),
    say,
    count: (key, count, values = {}) => {
      const forms = [count === 0 ? 'zero' : '', plural.select(count), 'other'];
      const form = forms.find((form) => catalogue.has(`${key}.${form}`)) ?? 'other';
      return say(`${key}.${form}`, { ...values, count });
    },
  };
}

function readCatalogue(folder: string, language: string): Record<string, string> {
  const content: unknown = JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8'));
  assert.ok(typeof content === 'object' && content !== null, `${language}.json is not an object`);
  for (const [key, sentence] of Object.entries(content)) {
    assert.ok(typeof sentence === 'string', `${language}.json: ${key} is not a sentence`);
  }
  return content as Record<string, string>;
}

function addAll(catalogue: Map<string, string>, more: Readonly<Record<string, string>>): void {
  for (const [key, sentence] of Object.entries(more)) catalogue.set(key, sentence);
}

function fillIn(sentence: string, values: WordValues): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
