/** Lists of names as people type them. */

/** The names in a text: separated by commas, blanks or line ends, each once. */
export function namesIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}
