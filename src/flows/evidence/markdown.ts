/** Names from the configuration in Markdown: they must not become markup. */

/** The text on one line, with every sign that Markdown gives a meaning to escaped. */
export function markdownText(written: string): string {
  return written.replaceAll(/[\\`*_{}[\]<>#|]/g, '\\$&').replaceAll(/\s+/g, ' ');
}
