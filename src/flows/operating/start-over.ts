/**
 * Goes on without an encryption key that is lost: what was sealed under it is thrown away.
 *
 * That is everybody's second factor. A password alone must not enroll another one, or whoever stole
 * one would be first: each person needs a one-time link, or somebody who is present. An interrupted
 * run is done again; it goes on with the key that it made.
 */

import { existsSync, statSync } from 'node:fs';

import { defaultTenant } from '../../core/ids.ts';
import { sealedPlaces } from '../../core/sealed-rows.ts';
import { endRotation, readKeyFiles, replaceKey } from '../../platform/key-files.ts';
import type { Random } from '../../platform/random.ts';
import type { RootKeys } from '../../platform/seal.ts';
import type { Stores, User } from '../../stores/types.ts';
import { createEnrollmentLink } from '../admin/enrollment-links.ts';
import { eraseSecondFactors } from '../admin/resets/erase.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import type { Invitation } from './import/import-people.ts';
import { newestRoot } from './open-keys.ts';

/**
 * Whether the key of a database is lost. `no`: it is here. `begun`: it was, and another one is in
 * its place, to which not everything has come yet.
 */
export type KeyLoss = 'no' | 'missing' | 'another' | 'damaged' | 'begun';

/** Looks at the files. Throws `KeyFileError` for a key that is there and only has to be let in. */
export async function lossOf(file: string, stores: Stores): Promise<KeyLoss> {
  if (!existsSync(file)) return (await newestRoot(stores)) === null ? 'no' : 'missing';
  let files: ReturnType<typeof readKeyFiles>;
  try {
    files = readKeyFiles(file);
  } catch (error) {
    if (isKeySized(file)) throw error;
    return 'damaged';
  }
  const { newest, prepared, old, isUnfinished } = files;
  const needed = await newestRoot(stores);
  if (needed === null || [newest, ...prepared, ...old].some(({ id }) => id === needed)) return 'no';
  return isUnfinished ? 'begun' : 'another';
}

function isKeySized(file: string): boolean {
  return statSync(file).size === 32;
}

/** Puts another key in the place of the one that is lost; says where that one is, if it is. */
export function replaceLostKey(file: string, loss: KeyLoss, random: Random): string | null {
  return loss === 'begun' ? null : replaceKey(file, random).aside;
}

/** What goes with the key. */
export interface Losses {
  /** People who have something enrolled, and will not have it any more. */
  readonly people: number;
}

/** How many people are concerned. */
export async function countLosses(stores: Stores): Promise<Losses> {
  let people = 0;
  for await (const page of peopleIn(stores)) {
    for (const user of page) if (await hasEnrolled(stores, user)) people += 1;
  }
  return { people };
}

/** How it is done. */
export interface StartOverOrder {
  readonly reason: string;
  readonly ticket: string;
  /** Mail goes to whom it can reach; all links are handed over as well. */
  readonly hand: (links: readonly Invitation[]) => void;
  readonly keyFile: string;
  readonly keys: RootKeys;
}

/**
 * Throws away what no key opens, and leaves everybody concerned to enroll anew. Says how many
 * people there were. The signing keys go last: until then the database counts as sealed under the
 * lost key, and nothing but this goes on with it.
 */
export async function startOver(
  ctx: FlowContext,
  { reason, ticket, hand, keyFile, keys }: StartOverOrder,
): Promise<Losses> {
  let people = 0;
  for await (const page of peopleIn(ctx.stores)) {
    const links = await ctx.stores.transaction(async (stores) => {
      const made: Invitation[] = [];
      for (const user of page) {
        if (!(await hasEnrolled(stores, user))) continue;
        made.push(await beginAnew(ctx, stores, user, { reason, ticket }));
      }
      hand(made);
      return made;
    });
    people += links.length;
  }
  const now = ctx.clock.now();
  const roots = keys.current().map(({ id }) => id);
  await ctx.stores.transaction(async (stores) => {
    await stores.audit.append(
      eventOnCommandLine(
        { id: null, tenant: defaultTenant },
        {
          at: now,
          type: 'keys.replaced',
          severity: 'high',
          details: { reason, ticket, encryptionKey: roots[0] ?? '', people },
        },
      ),
    );
    for (const place of sealedPlaces) await stores.sealedValues.removeOthers(place, roots);
  });
  const why = `the encryption key was lost: ${reason}`;
  await ctx.stores.audit.signAnew({ actor: 'cli', at: now, reason: why });
  endRotation(keyFile);
  return { people };
}

async function beginAnew(
  ctx: FlowContext,
  stores: Stores,
  user: User,
  { reason, ticket }: Pick<StartOverOrder, 'reason' | 'ticket'>,
): Promise<Invitation> {
  const now = ctx.clock.now();
  await stores.users.lock(user.id);
  const erased = await eraseSecondFactors(ctx, stores, user, now);
  await stores.users.setEnrollGuard(user.id, { since: now, supervisedUntil: null });
  await stores.audit.append(
    eventOnCommandLine(user, {
      at: now,
      type: 'reset.executed',
      severity: ctx.config.current().policy.mfa.reset.severity,
      details: { username: user.username, reason, ticket, isKeyLost: true, ...erased },
    }),
  );
  const link = await createEnrollmentLink(ctx, stores, 'cli', user, 'enroll-again', now);
  return { username: user.username, email: user.email, ...link };
}

async function hasEnrolled(stores: Stores, { id, kind }: User): Promise<boolean> {
  if (kind === 'service') return false;
  if ((await stores.authenticators.listOfUser(id)).length > 0) return true;
  return await stores.recoveryCodes.hasConfirmed(id);
}

const pageSize = 100;

async function* peopleIn({ users }: Stores): AsyncGenerator<readonly User[]> {
  for (let after: string | null = null; ;) {
    const page: readonly User[] = await users.list({ after, limit: pageSize });
    if (page.length > 0) yield page;
    after = page.at(-1)?.username ?? null;
    if (page.length < pageSize) return;
  }
}
