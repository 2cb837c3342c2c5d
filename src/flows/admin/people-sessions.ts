/** The sessions of a tenant's people, as administrators see and end them. */

import type { SessionFacts } from '../../core/facts.ts';
import type { SessionKey, UserId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { Session } from '../../stores/types.ts';
import type { ListedSession, SessionListPage } from '../../stores/types/administration.ts';
import type { FlowContext } from '../flow-context.ts';
import { endAllSessions, forgetListed, forgetSessions, revoke } from '../sessions.ts';
import { tell } from '../tell.ts';
import { eventOfChange, newsBy } from './account-changes.ts';
import {
  type Administrator,
  assertMayView,
  assertSomebodyElse,
  holdBoth,
} from './administrator.ts';

/** The live sessions of the administrator's tenant, seen last first. */
export async function listSessions(
  ctx: FlowContext,
  admin: Administrator,
  page: SessionListPage,
): Promise<readonly ListedSession[]> {
  assertMayView(ctx, admin);
  return ctx.sessions.listOfTenant(admin.session.principal.tenant, page, ctx.clock.now());
}

/**
 * Ends all sessions of somebody, and what rests on them: tokens, open WebSockets, streams. Throws
 * as `holdBoth` does, and `conflict` for oneself, whose place for that is the account page.
 */
export async function endSessionsOf(
  ctx: FlowContext,
  admin: Administrator,
  userId: UserId,
): Promise<void> {
  await ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', userId);
    assertSomebodyElse(actor, target);
    await endAllSessions(stores, target.id, actor.now);
    const details = { scope: 'all' };
    const happening = {
      at: actor.now,
      type: 'session.revoked',
      severity: 'notice',
      details,
    } as const;
    await stores.audit.append(eventOfChange(actor, target, happening));
    await tell(ctx, stores, target, newsBy(actor, 'sessions-ended'));
  });
  await forgetSessions(ctx, userId);
}

/**
 * Ends one session of somebody in the administrator's tenant. Throws as `endSessionsOf` does, and
 * `not-found` for a key of no session, or of one elsewhere.
 */
export async function endSessionAsAdmin(
  ctx: FlowContext,
  admin: Administrator,
  key: SessionKey,
): Promise<void> {
  const session = await ctx.sessions.findByKey(key, ctx.clock.now());
  if (session === null) throw new Problem('not-found');
  await endOne(ctx, admin, session);
  await forgetListed(ctx, [session]);
}

/**
 * Ends the session that something open hangs on, whatever it has become since and even if it is
 * gone from its store. Throws as `endSessionsOf` does.
 */
export async function endSessionOfStream(
  ctx: FlowContext,
  admin: Administrator,
  { principal, lineage, createdAt, key }: SessionFacts,
): Promise<void> {
  await endOne(ctx, admin, { userId: principal.id, lineage, createdAt, key });
  const live = await ctx.sessions.listOfUser(principal.id, ctx.clock.now());
  await forgetListed(
    ctx,
    live.filter((session) => session.lineage === lineage),
  );
}

async function endOne(
  ctx: FlowContext,
  admin: Administrator,
  session: Pick<Session, 'userId' | 'lineage' | 'createdAt' | 'key'>,
): Promise<void> {
  await ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', session.userId);
    assertSomebodyElse(actor, target);
    await revoke(ctx, stores, [session], actor.now);
    await stores.accessChanges.note(target.id, actor.now);
    const details = { scope: 'one', ended: session.key };
    const happening = {
      at: actor.now,
      type: 'session.revoked',
      severity: 'notice',
      details,
    } as const;
    await stores.audit.append(eventOfChange(actor, target, happening));
  });
}
