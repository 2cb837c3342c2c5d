/** Globs on whole path segments. */

/** A compiled pattern such as `/admin/**`. */
export interface PathPattern {
  /** As written in the configuration. */
  readonly text: string;
  readonly segments: readonly string[];
}

/** Says whether a canonical path matches. */
export function matchesPath(pattern: PathPattern, path: string): boolean {
  return pattern.text === path;
}
