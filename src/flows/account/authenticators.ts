/** Renaming and removing what somebody has enrolled. Adding is the business of each method. */

import type { SessionFacts } from '../../core/facts.ts';
import type { AuthenticatorId } from '../../core/ids.ts';
import { type RemovalRefusal, removalRefusal } from '../../core/policy/removal.ts';
import { Problem } from '../../core/problem.ts';
import type { Authenticator } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import { authenticatorNameIn, unusedName } from '../enroll/authenticator-names.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { assertFreshProof } from '../fresh-proof.ts';
import { heldFacts, holdUser } from '../hold-user.ts';
import { nextPage } from '../next-page.ts';
import { endAllButThis, forgetOtherSessions } from '../sessions.ts';
import { tell } from '../tell.ts';

/** The answer to another name. */
export type RenameAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'not-found' | 'name-not-printable' };

/** The answer to a removal. */
export type RemovalAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'not-found' | RemovalRefusal };

/**
 * Gives one of the person's authenticators another name. Nobody gets in by a name, so that no
 * fresh proof is asked for; a session that owes its second factor changes nothing all the same.
 */
export async function renameAuthenticator(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  given: { readonly id: AuthenticatorId; readonly name: string },
): Promise<RenameAnswer> {
  const name = authenticatorNameIn(given.name);
  const now = ctx.clock.now();
  return ctx.stores.transaction(async (stores): Promise<RenameAnswer> => {
    const held = heldFacts(session, await holdUser(stores, session));
    if (nextPage(ctx, held) === 'challenge') throw new Problem('second-factor-required');
    const known = await ownAuthenticator(stores, held, given.id);
    if (known === null) return { ok: false, reason: 'not-found' };
    if (name === null) return { ok: false, reason: 'name-not-printable' };
    if (name === known.name) return { ok: true };

    const unused = await unusedName(stores, held, name);
    await stores.authenticators.rename(held.principal.id, known.id, unused);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'authenticator.renamed',
        severity: 'info',
        details: {
          method: known.method,
          authenticator: known.id,
          before: known.name,
          name: unused,
        },
      }),
    );
    return { ok: true };
  });
}

/**
 * Removes one of the person's authenticators. All of their other sessions end, and what browsers
 * remember: any of it may rest on what was removed. Throws the problem `step-up-required` without
 * a fresh proof.
 *
 * Security: what is left is counted under the held record, so that of two removals at once the
 * second sees the first.
 */
export async function removeAuthenticator(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  id: AuthenticatorId,
): Promise<RemovalAnswer> {
  const now = ctx.clock.now();
  const answer = await ctx.stores.transaction(async (stores): Promise<RemovalAnswer> => {
    const record = await holdUser(stores, session);
    const held = heldFacts(session, record);
    assertFreshProof(ctx, held, now);
    const all = await stores.authenticators.listOfUser(held.principal.id);
    const removed = all.find((authenticator) => authenticator.id === id);
    if (removed === undefined) return { ok: false, reason: 'not-found' };
    const refusal = removalRefusal(held, all, id, ctx.config.current().policy);
    if (refusal !== null) return { ok: false, reason: refusal };

    await stores.authenticators.remove(held.principal.id, id);
    const { proofs } = session;
    const next = await endAllButThis(stores, session, { proofs, now });
    const { method, name } = removed;
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'authenticator.removed',
        severity: 'notice',
        details: { method, authenticator: id, name },
      }),
    );
    const details = { method, name };
    await tell(ctx, stores, record.user, {
      kind: 'authenticator-removed',
      at: now,
      visit,
      details,
    });
    return { ok: true, session: next };
  });
  if (answer.ok) await forgetOtherSessions(ctx, session);
  return answer;
}

async function ownAuthenticator(
  stores: Pick<FlowContext['stores'], 'authenticators'>,
  session: SessionFacts,
  id: AuthenticatorId,
): Promise<Authenticator | null> {
  const all = await stores.authenticators.listOfUser(session.principal.id);
  return all.find((authenticator) => authenticator.id === id) ?? null;
}
