/**
 * Faults: what is wrong with a configuration, each with the place where it is written.
 *
 * All of them are collected before anything is said, so that an operator repairs a file in one go.
 * A fault never quotes a value that may be secret.
 */

/** A place in a file. For a value from the environment, `file` is the name of the variable. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** One thing that is wrong and what to write instead. */
export interface Fault extends Place {
  readonly message: string;
}

/** The configuration is wrong; nothing may start with it. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(formatFault).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** A fault as one line: `file:line:column: message`. */
export function formatFault(fault: Fault): string {
  return `${fault.file}:${String(fault.line)}:${String(fault.column)}: ${fault.message}`;
}

/** A fault at a place. */
export function faultAt(place: Place, message: string): Fault {
  return { file: place.file, line: place.line, column: place.column, message };
}

/** The faults in reading order, those of the first file first, each once. */
export function inReadingOrder(faults: readonly Fault[], firstFile: string): readonly Fault[] {
  const seen = new Set<string>();
  const rank = (fault: Fault) => (fault.file === firstFile ? 0 : 1);
  return [...faults]
    .sort(
      (one, other) =>
        rank(one) - rank(other) ||
        (one.file < other.file ? -1 : Number(one.file > other.file)) ||
        one.line - other.line ||
        one.column - other.column,
    )
    .filter((fault) => {
      const line = formatFault(fault);
      if (seen.has(line)) return false;
      seen.add(line);
      return true;
    });
}
