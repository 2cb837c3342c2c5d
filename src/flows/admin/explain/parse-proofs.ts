/** `password,totp@5m`: what somebody is supposed to have proved, and how long ago. */

import { methodIds, type MethodId, type Proof } from '../../../core/proofs.ts';
import { addSeconds, parseDurationSeconds, type EpochMs } from '../../../core/time.ts';

/** Proofs that were written down, or the first word that cannot be read. */
export type WrittenProofs =
  | { readonly ok: true; readonly proofs: readonly Proof[] }
  | {
      readonly ok: false;
      readonly reason: 'no-proof' | 'unknown-method' | 'unreadable-age';
      /** As it was written: `totp@often`. */
      readonly written: string;
      /** The part before the age. */
      readonly method: string;
    };

/** Reads proofs separated by commas; without an age they are of this moment. */
export function parseProofs(text: string, now: EpochMs): WrittenProofs {
  const written = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (written.length === 0) return { ok: false, reason: 'no-proof', written: '', method: '' };
  const proofs: Proof[] = [];
  for (const word of written) {
    const proof = parseProof(word, now);
    if (!proof.ok) return proof;
    proofs.push(...proof.proofs);
  }
  return { ok: true, proofs };
}

function parseProof(written: string, now: EpochMs): WrittenProofs {
  const [method = '', age, ...rest] = written.split('@');
  if (!isMethod(method)) return { ok: false, reason: 'unknown-method', written, method };
  const seconds = age === undefined || age === 'now' ? 0 : parseDurationSeconds(age);
  if (seconds === null || rest.length > 0) {
    return { ok: false, reason: 'unreadable-age', written, method };
  }
  const proof: Proof = { method, at: addSeconds(now, -seconds), origin: 'answer' };
  return {
    ok: true,
    proofs: [method === 'webauthn' ? { ...proof, isUserVerified: true } : proof],
  };
}

function isMethod(text: string): text is MethodId {
  return (methodIds as readonly string[]).includes(text);
}
