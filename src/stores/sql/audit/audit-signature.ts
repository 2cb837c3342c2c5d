/**
 * What whoever can write to the database cannot make: a MAC (HMAC-SHA256) over where the chain
 * begins and ends, and over how far it was checked, under keys that are not in the database.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

import type { AuditHeadTable } from '../tables.ts';

/** The keys, which change when the encryption key is rotated. */
export interface ChainKeys {
  /** What signs from now on. */
  newest(): Buffer;
  /** The key, of all that are or were in use, that something was signed with; null: none of them. */
  find(fits: (key: Buffer) => boolean): Buffer | null;
}

/** Where the chain begins and ends. */
export type Ends = Pick<
  AuditHeadTable,
  'first_seq' | 'first_previous_hash' | 'last_seq' | 'last_hash'
>;

/** How far the chain was checked. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
}

/** Signs the ends of the chain. */
export function signEnds(keys: ChainKeys, ends: Ends): string {
  return macOf(keys.newest(), endsText(ends));
}

/** Says whether the ends were signed as they are. */
export function areEndsSigned(
  keys: ChainKeys,
  head: Ends & { readonly mac: string | null },
): boolean {
  return isSigned(keys, endsText(head), head.mac);
}

/** Signs a checkpoint. */
export function signCheckpoint(keys: ChainKeys, checkpoint: Checkpoint): string {
  return macOf(keys.newest(), checkpointText(checkpoint));
}

/** The checkpoint in the head's row; null: there is none that we signed. */
export function checkpointIn(keys: ChainKeys, head: AuditHeadTable): Checkpoint | null {
  const { checked_seq: seq, checked_hash: hash, checked_mac: mac } = head;
  if (seq === null || hash === null) return null;
  return isSigned(keys, checkpointText({ seq, hash }), mac) ? { seq, hash } : null;
}

// Each text says what it is, so that none of one kind can stand for another.
function endsText(ends: Ends): string {
  const { first_seq, first_previous_hash, last_seq, last_hash } = ends;
  return JSON.stringify(['ends', first_seq, first_previous_hash, last_seq, last_hash]);
}

function checkpointText({ seq, hash }: Checkpoint): string {
  return JSON.stringify(['checked', seq, hash]);
}

function isSigned(keys: ChainKeys, text: string, mac: string | null): boolean {
  if (mac === null) return false;
  const claimed = Buffer.from(mac, 'hex');
  return keys.find((key) => fits(Buffer.from(macOf(key, text), 'hex'), claimed)) !== null;
}

function fits(mac: Buffer, claimed: Buffer): boolean {
  return mac.length === claimed.length && timingSafeEqual(mac, claimed);
}

function macOf(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
