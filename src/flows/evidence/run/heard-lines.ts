/**
 * Lines of the log that were written while a run lasted: the run's own, which are few, and those of
 * everybody else's requests, of which there may be any number while a run waits for a code.
 */

import type { KeptSecrets, SecretKind } from './kept-secrets.ts';

/** What was heard of the log. */
export interface HeardLines {
  hear(text: string, whose: 'own' | 'others'): void;
  readonly ownCount: number;
  readonly othersCount: number;
  /** Says whether a line of the run itself has this in it. */
  hasOwn(text: string): boolean;
  /**
   * The kinds of secrets in all lines. Codes of few digits count in the run's own only: such a
   * number may stand in other people's lines by chance.
   */
  kinds(): readonly SecretKind[];
}

/** So many lines of others are kept before they are looked through and forgotten. */
const othersKept = 5000;

/** Begins to listen. */
export function heardLines(secrets: KeptSecrets): HeardLines {
  const own: string[] = [];
  let others: string[] = [];
  let othersCount = 0;
  const found = new Set<SecretKind>();
  const lookThroughOthers = (): void => {
    for (const text of others) for (const kind of secrets.longKindsIn(text)) found.add(kind);
    others = [];
  };
  return {
    hear(text, whose) {
      if (whose === 'own') {
        own.push(text);
        return;
      }
      others.push(text);
      othersCount += 1;
      if (others.length >= othersKept) lookThroughOthers();
    },
    get ownCount() {
      return own.length;
    },
    get othersCount() {
      return othersCount;
    },
    hasOwn: (text) => own.some((line) => line.includes(text)),
    kinds() {
      lookThroughOthers();
      for (const text of own) for (const kind of secrets.kindsIn(text)) found.add(kind);
      return [...found];
    },
  };
}
