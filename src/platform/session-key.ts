/** What stores, logs and audit events know a session by. */

import { hash } from 'node:crypto';

import type { SessionKey } from '../core/ids.ts';

/**
 * The key of a session: SHA-256 of its id.
 *
 * Security: the id alone opens the session and is nowhere but in the cookie; whoever reads the
 * store or the log gets nothing to sign in with. Ids are 256 random bits, so no salt is needed.
 */
export function sessionKeyOf(sessionId: string): SessionKey {
  let key = knownKeys.get(sessionId);
  if (key === undefined) {
    key = hash('sha256', sessionId, 'hex') as SessionKey;
    if (knownKeys.size >= keysKept) knownKeys.clear();
    knownKeys.set(sessionId, key);
  }
  return key;
}

/** The key that stands for a token (`jti`) wherever a session is named by its own. */
export function tokenKeyOf(tokenId: string): SessionKey {
  return hash('sha256', `token ${tokenId}`, 'hex') as SessionKey;
}

// A browser asks with one id for hours; what is hashed here is what the process was sent anyway.
const knownKeys = new Map<string, SessionKey>();
const keysKept = 10_000;
