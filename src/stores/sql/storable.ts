/** Texts from outside that a database is asked about. */

/** PostgreSQL cannot hold a NUL. Nothing that is stored has one, and asking must be an answer. */
export function isStorable(text: string): boolean {
  return !text.includes('\0');
}
