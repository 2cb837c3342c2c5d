/**
 * What still needs the keys that seal no more, and when they can go.
 *
 * An old encryption key is needed by what is sealed under it, by recovery codes that were hashed
 * with it (nobody has the codes to hash them anew), and by what browsers hold: session cookies and
 * the cookies of trusted browsers. An old signing key is needed by the last token it signed.
 */

import { clockSkewSeconds } from '../../core/assurance.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { RootKey } from '../../platform/seal.ts';
import type { SigningKeyRecord, Stores } from '../../stores/types.ts';
import type { RootKeyUse } from '../../stores/types/sealed-values.ts';
import type { FlowContext } from '../flow-context.ts';

/** Why an old key is still needed. */
export type KeyNeed =
  | { readonly kind: 'sealed' | 'recovery-codes'; readonly count: number }
  /** Codes of the first versions do not say under which key they were hashed. */
  | { readonly kind: 'nameless-recovery-codes'; readonly count: number }
  | { readonly kind: 'cookies'; readonly until: EpochMs };

/** An old key and what needs it; one that nothing needs can be removed. */
export interface OldKey {
  readonly id: string;
  readonly needs: readonly KeyNeed[];
}

/** Form tokens have no end; whoever leaves a form open for longer is asked to send it again. */
const formsSeconds = 24 * 3600;

/** No bearer token is good for longer (config/schema.ts). */
export const longestTokenSeconds = 12 * 3600;

/** A key goes on signing for a minute after its successor was made, and clocks differ. */
const signingMarginSeconds = 15 * 60;

/** Says of each old key what needs it. */
export async function needsOfOldKeys(
  ctx: Pick<FlowContext, 'clock' | 'config' | 'stores'>,
  old: readonly RootKey[],
): Promise<readonly OldKey[]> {
  if (old.length === 0) return [];
  const uses = await ctx.stores.sealedValues.countByRoot();
  const cookies = await needOfCookies(ctx);
  return old.map(({ id }) => ({ id, needs: [...needsOf(id, uses), ...cookies] }));
}

function needsOf(id: string, uses: readonly RootKeyUse[]): readonly KeyNeed[] {
  const countOf = (isMeant: (use: RootKeyUse) => boolean): number =>
    uses.filter(isMeant).reduce((sum, { count }) => sum + count, 0);
  const needs = [
    {
      kind: 'sealed',
      count: countOf(({ place, rootId }) => place !== 'recovery-codes' && rootId === id),
    },
    {
      kind: 'recovery-codes',
      count: countOf(({ place, rootId }) => place === 'recovery-codes' && rootId === id),
    },
    { kind: 'nameless-recovery-codes', count: countOf(({ rootId }) => rootId === null) },
  ] as const;
  return needs.filter(({ count }) => count > 0);
}

/**
 * Nothing was made with an old key since the newest signing key was: each rotation makes one, and
 * every machine that has read it seals under the new key.
 */
async function needOfCookies({
  clock,
  config,
  stores,
}: Pick<FlowContext, 'clock' | 'config' | 'stores'>): Promise<readonly KeyNeed[]> {
  const [newest] = await stores.signingKeys.list();
  if (newest === undefined) return [];
  const { sessions, trustedDevices } = config.current();
  const seconds = Math.max(
    sessions.absoluteSeconds,
    trustedDevices.isEnabled ? trustedDevices.forSeconds : 0,
    formsSeconds,
  );
  const until = addSeconds(newest.createdAt, seconds + clockSkewSeconds);
  return until > clock.now() ? [{ kind: 'cookies', until }] : [];
}

/** Removes signing keys whose last token is over. Says which. */
export async function removeOldSigningKeys(
  { signingKeys }: Pick<Stores, 'signingKeys'>,
  now: EpochMs,
): Promise<readonly string[]> {
  const records = await signingKeys.list();
  const over = records.filter((_, at) => isOver(records[at - 1], now));
  for (const { kid } of over) await signingKeys.remove(kid);
  return over.map(({ kid }) => kid);
}

function isOver(successor: SigningKeyRecord | undefined, now: EpochMs): boolean {
  if (successor === undefined) return false;
  return addSeconds(successor.createdAt, longestTokenSeconds + signingMarginSeconds) <= now;
}
