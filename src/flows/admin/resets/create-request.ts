/** A reset is asked for: the first step of a request, in the transaction at hand. */

import { idBytes, idFrom } from '../../../core/ids.ts';
import { approvalsNeededFor, resetExpiry } from '../../../core/reset-request.ts';
import type { Stores, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { HeldAdministrator } from '../administrator.ts';
import type { ResetInput } from './reset-input.ts';
import { proofingInWords, recordResetStep } from './reset-news.ts';
import { tierForReset } from './tier-for-reset.ts';

/** Writes a request down that is about to wait, and what becomes known of it. */
export async function createRequest(
  ctx: FlowContext,
  stores: Stores,
  {
    actor,
    target,
    input,
  }: { readonly actor: HeldAdministrator; readonly target: User; readonly input: ResetInput },
): Promise<ResetRequest> {
  const { policy } = ctx.config.current();
  const { principal } = actor.session;
  const tier = await tierForReset(stores, target, policy.tiers, actor.now);
  const approvalsNeeded = approvalsNeededFor(tier, policy.mfa.reset);
  const asked = {
    ...input,
    id: idFrom('reset', ctx.random.bytes(idBytes)),
    tenant: target.tenant,
    userId: target.id,
    username: target.username,
    tier,
    requestedBy: principal.id,
    requestedByName: principal.username,
    approvalsNeeded,
    state: approvalsNeeded === 0 ? 'approved' : 'pending',
    createdAt: actor.now,
    expiresAt: resetExpiry(actor.now),
  } as const;
  await stores.resets.create(asked);
  const request = { ...asked, ...notEnded, approvals: [] };
  const proofing = proofingInWords(request);
  const details = { reason: request.reason, proofing, approvalsNeeded };
  const step = { step: 'requested', by: actor, at: actor.now, details } as const;
  await recordResetStep(ctx, stores, request, step);
  return request;
}

const notEnded = { endedAt: null, endedBy: null, endedByName: null, endReason: null } as const;
