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
  return hash('sha256', sessionId, 'hex') as SessionKey;
}
