/** `--proofs password,totp@5m`: what somebody is supposed to have proved, and how long ago. */

import { didYouMean } from '../../config/source/closest-name.ts';
import { methodIds, type MethodId, type Proof } from '../../core/proofs.ts';
import { addSeconds, parseDurationSeconds, type EpochMs } from '../../core/time.ts';
import { UsageError } from '../cli.ts';
import { commaList } from '../command.ts';

/** Reads typed proofs; without an age they are of this moment. */
export function parseProofs(text: string, now: EpochMs): readonly Proof[] {
  const written = commaList(text);
  if (written.length === 0)
    throw new UsageError('--proofs names no proof; it looks like password,totp@5m');
  return written.map((proof) => parseProof(proof, now));
}

function parseProof(written: string, now: EpochMs): Proof {
  const [method = '', age, ...rest] = written.split('@');
  if (!isMethod(method)) {
    const hint = didYouMean(method, methodIds) || `; there are ${methodIds.join(', ')}`;
    throw new UsageError(`"${method}" is no way to prove something${hint}`);
  }
  const seconds = age === undefined || age === 'now' ? 0 : parseDurationSeconds(age);
  if (seconds === null || rest.length > 0) {
    throw new UsageError(`"${written}" has no age that can be read; it looks like ${method}@5m`);
  }
  const proof: Proof = { method, at: addSeconds(now, -seconds), origin: 'answer' };
  return method === 'webauthn' ? { ...proof, isUserVerified: true } : proof;
}

function isMethod(text: string): text is MethodId {
  return (methodIds as readonly string[]).includes(text);
}
