/** What is sealed, wherever it is stored: for whoever seals it anew under another key. */

import type { SealedPlace } from '../../core/sealed-rows.ts';

/** A sealed text in its row. */
export interface SealedValue {
  readonly place: SealedPlace;
  /** Names the row among those of its place; pages go by it. */
  readonly key: string;
  /** The name that the text is bound to. */
  readonly row: string;
  readonly sealed: string;
  /** The column as it is stored: the sealed text, or what it stands in. */
  readonly stored: string;
}

/** How much of a place rests on one root key. Null: on which one, nobody can say. */
export interface RootKeyUse {
  readonly place: SealedPlace | 'recovery-codes';
  readonly rootId: string | null;
  readonly count: number;
}

/** The sealed texts of all places. */
export interface SealedValueStore {
  /** What is not sealed under this root key, in the order of `key`. `after`: null from the start. */
  listOthers(
    place: SealedPlace,
    asked: { readonly rootId: string; readonly after: string | null; readonly limit: number },
  ): Promise<readonly SealedValue[]>;
  /** Writes a text in place of one, where it still stands as it was read. True when it did. */
  replace(value: SealedValue, sealed: string): Promise<boolean>;
  /**
   * What rests on which root key: sealed texts, and the hashes of recovery codes that are unused.
   * Codes that the first versions hashed do not say under which key.
   */
  countByRoot(): Promise<readonly RootKeyUse[]>;
  /** Removes what is sealed under none of these root keys; says how much. */
  removeOthers(place: SealedPlace, rootIds: readonly string[]): Promise<number>;
  /** Some root key that something is sealed under, or null when nothing is sealed. */
  anyRoot(): Promise<string | null>;
}
