/**
 * The challenges that passkeys sign (WebAuthn L3 §13.4.3).
 *
 * A challenge carries a MAC of its own over what it is for, whom it was given to and until when it
 * holds, so that showing a page writes nothing. That it works once rests on the store, which uses
 * it up before anybody looks at the response.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { isFromTheFuture } from '../../core/assurance.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { FlowContext } from '../flow-context.ts';

/** What a challenge is for, and the lineage of the session or the browser it was given to. */
export interface ChallengeBinding {
  readonly purpose: 'enroll' | 'answer' | 'sign-in';
  readonly holder: string;
}

/**
 * What became of a challenge that came back. `not-ours` stands for every one that we did not give
 * for this purpose to this holder.
 */
export type ChallengeUse = 'used-up' | 'expired' | 'used-before' | 'not-ours';

/** How long a person may take to find their key. */
const challengeSeconds = 300;

/** The clock of another instance may lag behind ours; it must still find a challenge used. */
const keptLongerSeconds = 120;

const randomBytes = 16;
const instantBytes = 6;
const macBytes = 32;

/** Makes a challenge, base64url. */
export function issueChallenge(
  ctx: Pick<FlowContext, 'clock' | 'random' | 'sealer'>,
  binding: ChallengeBinding,
): string {
  const expiresAt = addSeconds(ctx.clock.now(), challengeSeconds);
  const head = Buffer.alloc(randomBytes + instantBytes);
  ctx.random.bytes(randomBytes).copy(head);
  head.writeUIntBE(expiresAt, randomBytes, instantBytes);
  const mac = macOf(ctx.sealer.deriveKey(keyPurpose), binding, head);
  return Buffer.concat([head, mac]).toString('base64url');
}

/**
 * Uses a challenge up. Says `used-up` once for each that we gave to this holder for this purpose
 * and that still holds; of two responses that arrive together, on whatever instance, one gets it.
 */
export async function useUpChallenge(
  ctx: Pick<FlowContext, 'clock' | 'sealer' | 'stores'>,
  challenge: string,
  binding: ChallengeBinding,
): Promise<ChallengeUse> {
  const bytes = Buffer.from(challenge, 'base64url');
  const isWellFormed =
    bytes.length === randomBytes + instantBytes + macBytes &&
    bytes.toString('base64url') === challenge;
  if (!isWellFormed) return 'not-ours';

  const head = bytes.subarray(0, -macBytes);
  const mac = bytes.subarray(-macBytes);
  // What was given out before the key was changed still holds.
  const isOf = (key: Buffer): boolean => timingSafeEqual(macOf(key, binding, head), mac);
  if (ctx.sealer.findKey(keyPurpose, isOf) === null) return 'not-ours';

  const now = ctx.clock.now();
  const expiresAt: EpochMs = head.readUIntBE(randomBytes, instantBytes);
  if (now >= expiresAt || isFromTheFuture(addSeconds(expiresAt, -challengeSeconds), now)) {
    return 'expired';
  }
  const hash = createHash('sha256').update(bytes).digest('hex');
  const isFirst = await ctx.stores.usedChallenges.consume(
    hash,
    addSeconds(expiresAt, keptLongerSeconds),
  );
  return isFirst ? 'used-up' : 'used-before';
}

const keyPurpose = 'passkey challenges';

function macOf(key: Buffer, { purpose, holder }: ChallengeBinding, head: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([purpose, holder]))
    .update(head)
    .digest();
}
