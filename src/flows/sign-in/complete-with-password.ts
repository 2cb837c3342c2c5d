/** The end of a sign-in's first step: what a session starts with that a password was right for. */

import type { NewAuditEvent } from '../../core/audit-event.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { SessionKey } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { Proof } from '../../core/proofs.ts';
import { sessionFactsOf } from '../../core/session-facts.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores, User } from '../../stores/types.ts';
import { eventAtSignIn } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { nextPage } from '../next-page.ts';
import { noteSignIn, rememberedProof } from './devices.ts';

/**
 * Inside a transaction: the session of somebody whose password was right. It starts with the
 * password and, where this browser is trusted, what it remembers. Whoever still owes a second
 * factor has not signed in: `session.signed-in`, and the note of browser and place, follow the
 * challenge. Throws the problem `not-signed-in` when the account was changed since it was read.
 *
 * Security: the record is held and read anew, because it may have changed while the password was
 * compared. A sign-in that a reset or a new password overtook comes to nothing.
 */
export async function completeWithPassword(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  user: User,
  { proof, now }: { readonly proof: Proof; readonly now: EpochMs },
): Promise<NewSession> {
  const facts = await factsByPassword(ctx, stores, user, { proof, now });
  const remembered =
    nextPage(ctx, facts) === 'challenge'
      ? await rememberedProof(ctx, stores, visit, facts, now)
      : null;
  const proofs = remembered === null ? facts.proofs : [...facts.proofs, remembered];
  const isComplete = nextPage(ctx, { ...facts, proofs }) !== 'challenge';
  if (isComplete) await noteSignIn(ctx, stores, visit, user, now);
  // Last, because everybody waits for the end of the chain.
  await stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: isComplete ? 'session.signed-in' : 'session.password-accepted',
      severity: 'info',
      details: { methods: ['password'], ...(isComplete && detailsOf(remembered)) },
    }),
  );
  return {
    userId: user.id,
    sessionEpoch: user.sessionEpoch,
    lineage: null,
    proofs: isComplete ? proofs : facts.proofs,
    createdAt: now,
  };
}

/** The facts of the session to be, as its password alone makes them. */
async function factsByPassword(
  ctx: FlowContext,
  stores: Stores,
  { id, sessionEpoch }: User,
  { proof, now }: { readonly proof: Proof; readonly now: EpochMs },
): Promise<SessionFacts> {
  const key = '' as SessionKey;
  await stores.users.lock(id);
  const record = await stores.users.findPrincipal(id, key);
  if (record === null || record.user.isDisabled || record.user.sessionEpoch !== sessionEpoch) {
    throw new Problem('not-signed-in', { detail: 'The account was changed. Sign in again.' });
  }
  const proofs = [proof];
  const kept = { key, lineage: key, sessionEpoch, proofs, createdAt: now, lastSeenAt: now };
  return sessionFactsOf(kept, record, ctx.config.current().sessions);
}

function detailsOf(remembered: Proof | null): NewAuditEvent['details'] {
  if (remembered?.deviceId === undefined) return {};
  return { remembered: remembered.method, device: remembered.deviceId };
}
