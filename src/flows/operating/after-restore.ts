/**
 * What has to happen to a database that was put back from a backup, before anybody is let in (F44).
 *
 * It has forgotten what happened since: sessions may live elsewhere that it never heard of, codes
 * and links that were used are unused again. Whatever may be used once counts as used, whatever
 * may have ended counts as ended; what only people can know is told to the operator.
 */

import type { AuditEvent } from '../../core/audit-event.ts';
import { type AuthenticatorId, defaultTenant } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { TotpCredential } from '../../methods/method.ts';
import { UnsealError } from '../../platform/seal.ts';
import type { Stores } from '../../stores/types.ts';
import type { ChainHead } from '../../stores/types/restoring.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { endAllInTransaction, type Ended } from './end-everything.ts';
import { lostChanges, type LostChange } from './lost-changes.ts';

/** What is known of the database that the backup took the place of. */
export interface Replaced {
  /** Where its audit chain ended; null: nobody knows. */
  readonly head: ChainHead | null;
  /** What happened there after the backup was made, oldest first; null: nobody knows. */
  readonly events: readonly AuditEvent[] | null;
}

/** What was done. */
export interface Restored extends Ended {
  /** Apps whose codes count again after the present time step only. */
  readonly apps: number;
  /** Recovery codes that work, some of which may have been used since. */
  readonly recoveryCodes: number;
  /** What changed since and has to be repeated or looked into; null: nobody knows. */
  readonly lost: readonly LostChange[] | null;
}

const pageSize = 500;

/**
 * Ends everything that may have ended since, in one transaction with the audit event that says so.
 * May be done again; it only ends more.
 */
export async function afterRestore(
  ctx: Pick<FlowContext, 'clock' | 'config' | 'sealer' | 'stores'>,
  replaced: Replaced,
): Promise<Restored> {
  const now = ctx.clock.now();
  const uses = await ctx.stores.sealedValues.countByRoot();
  const recoveryCodes = uses
    .filter(({ place }) => place === 'recovery-codes')
    .reduce((sum, { count }) => sum + count, 0);
  const lost = replaced.events === null ? null : lostChanges(replaced.events);

  return await ctx.stores.transaction(async (stores) => {
    const head = await stores.restoring.chainHead();
    // Links and requests may have been used, rejected or executed since.
    const ended = await endAllInTransaction(stores, now, 'a backup was restored');
    const apps = await spendPresentCodes(ctx, stores, now);
    await stores.audit.append(
      eventOnCommandLine(
        { id: null, tenant: defaultTenant },
        {
          at: now,
          type: 'backup.restored',
          severity: 'high',
          details: {
            restoredTo: `${String(head.seq)} ${head.hash}`,
            ...(replaced.head !== null && {
              replaced: `${String(replaced.head.seq)} ${replaced.head.hash}`,
            }),
            ...(lost !== null && { changesLost: lost.length }),
            ...ended,
            apps,
            recoveryCodes,
          },
        },
      ),
    );
    return { ...ended, apps, recoveryCodes, lost };
  });
}

/**
 * A code that was used a moment ago must not work once more: of every app, the codes that count at
 * this moment are spent. An app that no key opens shows no codes that would be taken.
 */
async function spendPresentCodes(
  ctx: Pick<FlowContext, 'config' | 'sealer'>,
  stores: Stores,
  now: EpochMs,
): Promise<number> {
  const { window } = ctx.config.current().totp;
  let apps = 0;
  for (let after: string | null = null; ;) {
    const asked = { rootId: 'none', after, limit: pageSize };
    const page = await stores.sealedValues.listOthers('authenticators', asked);
    for (const { key, sealed, row } of page) {
      const period = periodOf(ctx, sealed, row);
      if (period === null) continue;
      const step = Math.floor(now / 1000 / period) + window;
      await stores.restoring.spendSteps(key as AuthenticatorId, step);
      apps += 1;
    }
    after = page.at(-1)?.key ?? null;
    if (page.length < pageSize) return apps;
  }
}

/** The seconds of a time step; null for a passkey, and for what no key opens. */
function periodOf(
  { sealer }: Pick<FlowContext, 'sealer'>,
  sealed: string,
  row: string,
): number | null {
  try {
    const opened = JSON.parse(sealer.unseal(sealed, row).toString()) as Partial<TotpCredential>;
    return opened.periodSeconds ?? null;
  } catch (error) {
    if (error instanceof UnsealError) return null;
    throw error;
  }
}
