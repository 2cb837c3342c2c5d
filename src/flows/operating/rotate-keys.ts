/**
 * Rotates the keys: a new one seals, a new one signs, and everything stored is sealed anew.
 *
 * A gateway may run meanwhile, on this machine and on others. A key is only read before it is made
 * to seal, so that nobody meets what they cannot open. Every step leaves a state from which the
 * same command goes on without another key. Callers see to it that one rotation runs at a time.
 */

import { defaultTenant } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import {
  activatePreparedKey,
  endRotation,
  type KeyFiles,
  prepareKey,
  removeOldKey,
} from '../../platform/key-files.ts';
import type { KeyRing } from '../../platform/key-ring.ts';
import { rootIdIn } from '../../platform/seal.ts';
import { makeSigningKey } from '../../platform/signing.ts';
import type { SigningKeyRecord } from '../../stores/types.ts';
import { eventOnCommandLine, type Happening } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { filesNoticedSeconds, rotationNoticedSeconds } from './follow-keys.ts';
import { needsOfOldKeys, type OldKey, removeOldSigningKeys } from './old-keys.ts';
import { sealAnew, type SealedAnew, type SealingProgress } from './seal-anew.ts';

/** How far a rotation has come. */
export type RotationProgress =
  | { readonly step: 'prepared' | 'sealing-begins'; readonly key: string }
  | { readonly step: 'signing-key'; readonly key: string }
  | { readonly step: 'waiting'; readonly seconds: number; readonly for: 'readers' | 'writers' }
  | ({ readonly step: 'sealing' } & SealingProgress);

/** What a rotation works with. */
export interface RotationParts {
  readonly ctx: Pick<FlowContext, 'clock' | 'config' | 'random' | 'sealer' | 'stores'>;
  readonly keys: KeyRing;
  readonly pause: (seconds: number) => Promise<void>;
  readonly report: (progress: RotationProgress) => void;
}

/**
 * What became of it. `rotated`: there are new keys. `joined`: the keys had been rotated on another
 * machine, and this one follows. `finished`: an earlier rotation had been interrupted. `nothing`:
 * there was nothing to finish.
 */
export interface Rotation extends SealedAnew {
  readonly outcome: 'rotated' | 'joined' | 'finished' | 'nothing';
  /** The key that seals. */
  readonly key: string;
  readonly old: readonly OldKey[];
}

/** Every process has looked once more after so long. */
const marginSeconds = 1;

/** Makes a key that is read and does not seal yet, unless there is one. */
export async function prepareRotation({ ctx, keys }: Pick<RotationParts, 'ctx' | 'keys'>): Promise<{
  readonly key: string;
  readonly isNew: boolean;
}> {
  const wasWaiting = keys.read().prepared.length > 0;
  const { id } = prepareKey(keys.file, ctx.random);
  return { key: id, isNew: !wasWaiting };
}

/**
 * Rotates the keys, or finishes what an earlier run began. `finish`: never makes another key.
 * Throws `KeyFileError` where the files cannot be read or written.
 */
export async function rotateKeys(
  parts: RotationParts,
  how: 'rotate' | 'finish' = 'rotate',
): Promise<Rotation> {
  const { ctx, keys } = parts;
  const waiting = keys.read().prepared.length > 0;
  if (!waiting) {
    const sealed = await finishEarlier(parts);
    if (sealed !== null) return await settled(parts, 'finished', sealed);
    if (how === 'finish') return await ended(parts, 'nothing', nothingSealed);
    const { id } = prepareKey(keys.file, ctx.random);
    parts.report({ step: 'prepared', key: id });
  }
  // A process that has not read the key yet would take what another makes with it for a forgery.
  await pause(parts, filesNoticedSeconds + marginSeconds, 'readers');
  activatePreparedKey(keys.file, ctx.random);
  const { newest } = keys.read();
  parts.report({ step: 'sealing-begins', key: newest.id });
  const isOurs = await makeSigningKeyUnder(parts, keys.read());
  const sealed = await sealAnew(ctx, newest, (progress) =>
    parts.report({ step: 'sealing', ...progress }),
  );
  return await settled(parts, isOurs ? 'rotated' : 'joined', sealed);
}

/**
 * Removes the old keys that nothing needs any more, and says what the others are needed for.
 * `unfinished`: first finish the rotation.
 */
export async function dropOldKeys({
  ctx,
  keys,
}: Pick<RotationParts, 'ctx' | 'keys'>): Promise<
  | { readonly ok: true; readonly dropped: readonly string[]; readonly kept: readonly OldKey[] }
  | { readonly ok: false; readonly reason: 'unfinished' }
> {
  const files = keys.read();
  if (files.old.length === 0) return { ok: true, dropped: [], kept: [] };
  const [newest] = await ctx.stores.signingKeys.list();
  const isFinished =
    files.prepared.length === 0 && !files.isUnfinished && isUnder(newest, files.newest.id);
  if (!isFinished) return { ok: false, reason: 'unfinished' };

  const all = await needsOfOldKeys(ctx, files.old);
  const dropped = all.filter(({ needs }) => needs.length === 0).map(({ id }) => id);
  if (dropped.length > 0) {
    await ctx.stores.audit.append(
      happening({
        at: ctx.clock.now(),
        type: 'keys.dropped',
        severity: 'notice',
        details: { encryptionKeys: dropped },
      }),
    );
    for (const id of dropped) removeOldKey(keys.file, id);
  }
  return { ok: true, dropped, kept: all.filter(({ needs }) => needs.length > 0) };
}

const nothingSealed: SealedAnew = { sealed: 0, unreadable: [] };

/** Does what an earlier run left to do; null when it left nothing. */
async function finishEarlier(parts: RotationParts): Promise<SealedAnew | null> {
  const { ctx, keys, report } = parts;
  const files = keys.read();
  const [latest] = await ctx.stores.signingKeys.list();
  // Without any signing key the database has not served yet.
  const isBehind = latest !== undefined && !isUnder(latest, files.newest.id);
  if (isBehind) await makeSigningKeyUnder(parts, files);
  const sealed = await sealAnew(ctx, files.newest, (progress) =>
    report({ step: 'sealing', ...progress }),
  );
  return files.isUnfinished || isBehind || sealed.sealed > 0 ? sealed : null;
}

/**
 * Makes the signing key of this rotation, unless it was made; it tells every machine under which
 * key the installation seals from now on.
 */
async function makeSigningKeyUnder(
  { ctx, report }: RotationParts,
  { newest, old }: KeyFiles,
): Promise<boolean> {
  const records = await ctx.stores.signingKeys.list();
  const [latest] = records;
  if (isUnder(latest, newest.id)) return false;
  const now = ctx.clock.now();
  // Whatever the clocks were when the others were made, this one is the newest.
  const createdAt: EpochMs = Math.max(now, (latest?.createdAt ?? 0) + 1);
  const record = await makeSigningKey(ctx.sealer, createdAt);
  await ctx.stores.transaction(async (stores) => {
    await stores.signingKeys.create(record);
    await stores.audit.append(
      happening({
        at: now,
        type: 'keys.rotated',
        severity: 'notice',
        details: {
          encryptionKey: newest.id,
          oldEncryptionKeys: old.map(({ id }) => id),
          signingKey: record.kid,
          oldSigningKeys: records.map(({ kid }) => kid),
        },
      }),
    );
  });
  report({ step: 'signing-key', key: record.kid });
  return true;
}

/** Seals what others sealed under the old key before they had noticed. */
async function settled(
  parts: RotationParts,
  outcome: Rotation['outcome'],
  before: SealedAnew,
): Promise<Rotation> {
  const { ctx, keys, report } = parts;
  await pause(parts, rotationNoticedSeconds + marginSeconds, 'writers');
  const after = await sealAnew(ctx, keys.read().newest, (progress) =>
    report({ step: 'sealing', ...progress }),
  );
  endRotation(keys.file);
  return await ended(parts, outcome, {
    sealed: before.sealed + after.sealed,
    unreadable: after.unreadable,
  });
}

async function ended(
  { ctx, keys }: RotationParts,
  outcome: Rotation['outcome'],
  sealed: SealedAnew,
): Promise<Rotation> {
  await removeOldSigningKeys(ctx.stores, ctx.clock.now());
  const { newest, old } = keys.read();
  return { ...sealed, outcome, key: newest.id, old: await needsOfOldKeys(ctx, old) };
}

async function pause(
  { pause: wait, report }: RotationParts,
  seconds: number,
  why: 'readers' | 'writers',
): Promise<void> {
  report({ step: 'waiting', seconds, for: why });
  await wait(seconds);
}

function isUnder(record: SigningKeyRecord | undefined, rootId: string): boolean {
  return record !== undefined && rootIdIn(record.sealedPrivateJwk) === rootId;
}

function happening(of: Happening) {
  return eventOnCommandLine({ id: null, tenant: defaultTenant }, of);
}
