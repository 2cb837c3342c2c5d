/**
 * Lists a page at a time: `limit` and `cursor` in, `items` and `next_cursor` out.
 *
 * A cursor says what the page before ended with. It is opaque to callers and no secret: what may
 * be listed is settled by who asks, not by where the list goes on.
 */

import { z } from 'zod';
import type { KeysetPage } from '../../stores/types/administration.ts';

/** Most items of a page. */
export const pageItemsMax = 200;

/** The parameters of every list; a row adds its filters with `.extend`. */
export const pageQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(pageItemsMax)
    .default(50)
    .describe('Most items of the page.'),
  cursor: z
    .string()
    .max(600)
    .transform((cursor, context) => {
      const after = afterIn(cursor);
      if (after !== null) return after;
      context.addIssue('This is not a cursor that was given out.');
      return z.NEVER;
    })
    .optional()
    .describe('`next_cursor` of the page before; leave out for the first page.')
    .meta({ type: 'string' }),
});

/** A page of items as it is answered. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .describe('Where the next page begins; null: this was the last.'),
  });
}

/** What to ask a store for: one more than wanted, to know whether there is a next page. */
export function keysetOf(query: {
  readonly limit: number;
  readonly cursor?: string | undefined;
}): KeysetPage {
  return { after: query.cursor ?? null, limit: query.limit + 1 };
}

/** The answer of a list from what a store gave for `keysetOf`. */
export function pageAnswer<Row, Item>(
  rows: readonly Row[],
  { limit }: { readonly limit: number },
  of: { readonly item: (row: Row) => Item; readonly after: (row: Row) => string },
): { readonly items: readonly Item[]; readonly next_cursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    items: shown.map(of.item),
    next_cursor: hasMore ? cursorAt(of.after(last)) : null,
  };
}

const cursorMark = 'a:';

function cursorAt(after: string): string {
  return Buffer.from(cursorMark + after, 'utf8').toString('base64url');
}

function afterIn(cursor: string): string | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString('utf8');
  const isWhole = bytes.toString('base64url') === cursor && !text.includes('\uFFFD');
  return isWhole && text.startsWith(cursorMark) ? text.slice(cursorMark.length) : null;
}
