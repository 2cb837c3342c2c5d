/** Lists that are longer than a page: what is asked for by the address, and the links on. */

import type { Exchange } from '../exchange.ts';
import type { KeysetPage } from '../../stores/types/administration.ts';
import type { Pager } from './blocks.ts';

/** Rows on a page. */
export const rowsMax = 50;

/**
 * What the address asks for. One row more than is shown is asked of the store: whether there is one
 * says whether there is a next page. Nothing longer than any key of a list is looked for.
 */
export function pageAsked({ query }: Pick<Exchange, 'query'>): KeysetPage {
  const after = query.get('after') ?? '';
  return { after: after === '' || after.length > 200 ? null : after, limit: rowsMax + 1 };
}

/** The rows to show of those that came, and the links to the others. */
export function pageOf<Row>(
  exchange: Pick<Exchange, 'query'>,
  {
    rows,
    path,
    keyOf,
  }: {
    readonly rows: readonly Row[];
    /** Of the list, below the base path. */
    readonly path: string;
    /** What the page after a row begins behind. */
    readonly keyOf: (row: Row) => string;
  },
): { readonly rows: readonly Row[]; readonly pager: Pager } {
  const shown = rows.slice(0, rowsMax);
  const last = shown.at(-1);
  const hasMore = rows.length > rowsMax && last !== undefined;
  const { query } = exchange;
  return {
    rows: shown,
    pager: {
      firstPath: query.has('after') ? pathWith(path, query, { after: null }) : null,
      nextPath: hasMore ? pathWith(path, query, { after: keyOf(last) }) : null,
    },
  };
}

/** A path with what a query says, some of it changed; what is empty is left out. */
export function pathWith(
  path: string,
  query: URLSearchParams,
  changes: Readonly<Record<string, string | null>>,
): string {
  const changed = new URLSearchParams();
  const all = { ...Object.fromEntries(query), ...changes };
  for (const [name, value] of Object.entries(all)) {
    if (value !== null && value !== '' && name !== 'done') changed.set(name, value);
  }
  return changed.size === 0 ? path : `${path}?${changed.toString()}`;
}
