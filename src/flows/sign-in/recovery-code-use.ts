/**
 * Somebody got in with a recovery code. Treated as a sign of loss: the person is told, and so are
 * those who may reset somebody's second factor, because one of the two should ask what happened.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { tierOf } from '../../core/policy/mfa-policy.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { tell } from '../tell.ts';

/** So many administrators are told at most. */
const administratorsMax = 20;

/** Writes the event and the mails, in the transaction in which the code was used up. */
export async function recordRecoveryCodeUse(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  used: { readonly visit: Visit; readonly session: SessionFacts; readonly now: EpochMs },
): Promise<void> {
  const { visit, session, now } = used;
  const { principal } = session;
  const { mail, policy } = ctx.config.current();
  const { audit, reset } = policy.mfa;
  const codesLeft = await stores.recoveryCodes.countLeft(principal.id);
  if (audit.logsRecoveryCodeUsed) {
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'recovery-code.used',
        severity: 'warning',
        details: {
          codesLeft,
          tier: tierOf(principal, policy.tiers),
          visibleTo: reset.allowedRoles,
        },
      }),
    );
  }
  if (mail === null) return;

  const news = { at: now, visit, details: { codesLeft, username: principal.username } };
  await tell(ctx, stores, principal, { kind: 'recovery-code-used', ...news });
  // One more than are told: the person may be among them.
  const { allowedRoles } = reset;
  const inRoles = await stores.users.listOfGroups(
    principal.tenant,
    allowedRoles,
    administratorsMax + 1,
  );
  const others = inRoles.filter(({ id }) => id !== principal.id).slice(0, administratorsMax);
  for (const administrator of others) {
    await tell(ctx, stores, administrator, { kind: 'recovery-code-used-by-other', ...news });
  }
}
