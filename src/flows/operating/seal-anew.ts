/**
 * Seals everything that is stored anew, under the key that seals now.
 *
 * In small transactions, each text only where it still stands as it was read: a gateway that runs
 * is not held up, and whoever is killed in the middle goes on where they were.
 */

import { type SealedPlace, sealedPlaces } from '../../core/sealed-rows.ts';
import { type RootKey, type Sealer, UnsealError } from '../../platform/seal.ts';
import type { Stores } from '../../stores/types.ts';
import type { SealedValue } from '../../stores/types/sealed-values.ts';

/** How far it has come. */
export interface SealingProgress {
  readonly place: SealedPlace;
  readonly sealed: number;
  readonly total: number;
}

/** What was done. */
export interface SealedAnew {
  readonly sealed: number;
  /** Texts that no key at hand opens; they were left as they are. */
  readonly unreadable: readonly { readonly place: SealedPlace; readonly count: number }[];
}

const pageSize = 200;

/** Goes once through everything that is not sealed under the newest key. */
export async function sealAnew(
  { stores, sealer }: { readonly stores: Stores; readonly sealer: Sealer },
  newest: RootKey,
  report: (progress: SealingProgress) => void,
): Promise<SealedAnew> {
  const uses = await stores.sealedValues.countByRoot();
  let sealed = 0;
  const unreadable: { place: SealedPlace; count: number }[] = [];
  for (const place of sealedPlaces) {
    const total = uses
      .filter((use) => use.place === place && use.rootId !== newest.id)
      .reduce((sum, { count }) => sum + count, 0);
    let done = 0;
    let left = 0;
    for (let after: string | null = null; ;) {
      const asked = { rootId: newest.id, after, limit: pageSize };
      const page: readonly SealedValue[] = await stores.sealedValues.listOthers(place, asked);
      const answer = await sealPage({ stores, sealer }, page);
      done += answer.sealed;
      left += answer.unreadable;
      after = page.at(-1)?.key ?? null;
      if (page.length > 0) report({ place, sealed: done, total: Math.max(total, done) });
      if (page.length < pageSize) break;
    }
    sealed += done;
    if (left > 0) unreadable.push({ place, count: left });
  }
  return { sealed, unreadable };
}

async function sealPage(
  { stores, sealer }: { readonly stores: Stores; readonly sealer: Sealer },
  page: readonly SealedValue[],
): Promise<{ readonly sealed: number; readonly unreadable: number }> {
  const changes: { readonly value: SealedValue; readonly anew: string }[] = [];
  for (const value of page) {
    const plain = opened(sealer, value);
    if (plain !== null) changes.push({ value, anew: sealer.seal(plain, value.row) });
  }
  let sealed = 0;
  if (changes.length > 0) {
    await stores.transaction(async ({ sealedValues }) => {
      for (const { value, anew } of changes) {
        if (await sealedValues.replace(value, anew)) sealed += 1;
      }
    });
  }
  return { sealed, unreadable: page.length - changes.length };
}

function opened(sealer: Sealer, { sealed, row }: SealedValue): Buffer | null {
  try {
    return sealer.unseal(sealed, row);
  } catch (error) {
    if (error instanceof UnsealError) return null;
    throw error;
  }
}
