/** One change at a time to how a person signs in, and only from a session that still counts. */

import type { SessionFacts } from '../core/facts.ts';
import { Problem } from '../core/problem.ts';
import { personFactsOf } from '../core/session-facts.ts';
import type { PrincipalRecord, Stores } from '../stores/types.ts';

/**
 * Holds the person's record until the transaction ends and reads it anew. Throws the problem
 * `not-signed-in` when the session was ended, or the account disabled or reset, since it was
 * recalled.
 *
 * Security: what a flow was told about the session is as old as its request. A reset or a second
 * browser may have been faster; whatever is decided about enrollment is decided on this record.
 */
export async function holdUser(stores: Stores, session: SessionFacts): Promise<PrincipalRecord> {
  await stores.users.lock(session.principal.id);
  return liveRecord(stores, session);
}

/**
 * The session's facts as they are now, for work that lasts. Throws the problem `not-signed-in` like
 * `holdUser`, and holds nothing.
 */
export async function factsWhileLive(
  stores: Pick<Stores, 'users'>,
  session: SessionFacts,
): Promise<SessionFacts> {
  return heldFacts(session, await liveRecord(stores, session));
}

async function liveRecord(
  stores: Pick<Stores, 'users'>,
  { principal, lineage, sessionEpoch }: SessionFacts,
): Promise<PrincipalRecord> {
  const record = await stores.users.findPrincipal(principal.id, lineage);
  const isLive =
    record !== null &&
    !record.isSessionRevoked &&
    !record.user.isDisabled &&
    record.user.sessionEpoch === sessionEpoch;
  if (!isLive)
    throw new Problem('not-signed-in', { detail: 'This session was ended. Sign in again.' });
  return record;
}

/**
 * The session's facts as the held record has them: groups, tenant and authenticators may have
 * changed since the session was recalled, and what is decided about them is decided on these.
 */
export function heldFacts(session: SessionFacts, record: PrincipalRecord): SessionFacts {
  return { ...session, ...personFactsOf(record) };
}
