/** The end of a sign-in whose second step was answered, by whatever method. */

import type { SessionFacts } from '../../core/facts.ts';
import { type Proof, withProof } from '../../core/proofs.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PrincipalRecord, Stores } from '../../stores/types.ts';
import { eventInSession, methodsOf } from '../audit-events.ts';
import { noteSignIn, trustDevice } from './devices.ts';
import type { FlowContext, Visit } from '../flow-context.ts';

/** What is handed to a flow inside the transaction in which an answer was used up. */
export interface AcceptedAnswer {
  readonly stores: Stores;
  readonly record: PrincipalRecord;
  readonly proof: Proof;
  readonly now: EpochMs;
}

/**
 * Notes where somebody signs in from, trusts the browser where that was asked for and may be, and
 * writes the audit event. The answer is what the session has proved by now.
 */
export async function completeSignIn(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { stores, record, proof, now }: AcceptedAnswer,
  { trustsDevice }: { readonly trustsDevice: boolean },
): Promise<readonly Proof[]> {
  const { user } = record;
  const proofs = withProof(session.proofs, proof);
  await noteSignIn(ctx, stores, visit, user, now);
  if (trustsDevice) await trustDevice(ctx, stores, visit, session, { user, proof, now });
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'session.signed-in',
      severity: 'info',
      details: { methods: methodsOf(proofs) },
    }),
  );
  return proofs;
}
