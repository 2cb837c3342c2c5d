/** A tenant's people in slices of their names, each small enough for one statement. */

import type { TenantId } from '../../../core/ids.ts';
import { usernameKey } from '../../username-key.ts';
import { sliceSizeOn } from '../slice-size.ts';
import type { Db } from '../tables.ts';

/** Names above one and up to another; null: without that end. */
export interface Slice {
  readonly above: string | null;
  readonly upTo: string | null;
}

/** The slices of those who come after a username. */
export async function* slicesOf(
  db: Db,
  tenant: TenantId,
  after: string | null,
): AsyncGenerator<Slice> {
  for (let above = after === null ? null : usernameKey(after); ;) {
    const from = above;
    // The index alone answers this.
    const last = await db
      .selectFrom('users')
      .select('username_key')
      .where('tenant_id', '=', tenant)
      .$if(from !== null, (query) => query.where('username_key', '>', from ?? ''))
      .orderBy('username_key')
      .offset(sliceSizeOn(db) - 1)
      .limit(1)
      .executeTakeFirst();
    const upTo: string | null = last?.username_key ?? null;
    yield { above, upTo };
    if (upTo === null) return;
    above = upTo;
  }
}
