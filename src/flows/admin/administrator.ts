/**
 * Whoever administers, held together with whom they change.
 *
 * What the door settled is as old as the request. Everything that a change rests on (roles, fresh
 * proof, tenant, tier) is judged again on the held records, in the transaction of the change.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { defaultTenant, type UserId } from '../../core/ids.ts';
import { type AdminPermission, isAbove, mayAdminister } from '../../core/policy/administration.ts';
import { Problem } from '../../core/problem.ts';
import type { NewAuditEvent } from '../../core/audit-event.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores, User } from '../../stores/types.ts';
import { eventInSession, type Happening } from '../audit-events.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { assertFreshProof } from '../fresh-proof.ts';
import { heldFacts, holdUser } from '../hold-user.ts';

/** Somebody who administers, as their request came in. */
export interface Administrator {
  readonly session: SessionFacts;
  readonly visit: Visit;
}

/** An administrator whose record is held. */
export interface HeldAdministrator extends Administrator {
  readonly now: EpochMs;
}

/**
 * Holds the administrator's record until the transaction ends. Throws the problem `not-signed-in`
 * when the session was ended meanwhile, `not-permitted` without a role that allows it, and
 * `step-up-required` without a fresh proof.
 */
export async function holdAdministrator(
  ctx: Pick<FlowContext, 'config' | 'clock'>,
  stores: Stores,
  admin: Administrator,
  permission: AdminPermission,
): Promise<HeldAdministrator> {
  const now = ctx.clock.now();
  const session = heldFacts(admin.session, await holdUser(stores, admin.session));
  const { policy } = ctx.config.current();
  if (!mayAdminister(session.principal, permission, policy.roleGroups)) {
    throw new Problem('not-permitted');
  }
  assertFreshProof(ctx, session, now);
  return { session, visit: admin.visit, now };
}

/**
 * The same, with the person whom the change is about. Throws the problem `not-found` for somebody
 * of another tenant as for nobody at all, and `not-permitted` for somebody of a higher tier.
 *
 * Both records are held in the order of their ids, so that two administrators who change each
 * other at once wait for one another instead of for ever.
 */
export async function holdBoth(
  ctx: Pick<FlowContext, 'config' | 'clock'>,
  stores: Stores,
  admin: Administrator,
  permission: AdminPermission,
  targetId: UserId,
): Promise<{ readonly actor: HeldAdministrator; readonly target: User }> {
  const first = [admin.session.principal.id, targetId].toSorted()[0];
  if (first === targetId) await stores.users.lock(targetId);
  const actor = await holdAdministrator(ctx, stores, admin, permission);
  const target = await stores.users.lock(targetId);
  const { principal } = actor.session;
  if (target === null || target.tenant !== principal.tenant) throw new Problem('not-found');
  if (isAbove(target, principal, ctx.config.current().policy.tiers)) {
    throw new Problem('not-permitted', {
      detail: 'This person is of a higher tier than you are.',
    });
  }
  return { actor, target };
}

/** Throws the problem `conflict` for whoever would change themselves by way of their role. */
export function assertSomebodyElse({ session }: Administrator, target: Pick<User, 'id'>): void {
  if (session.principal.id !== target.id) return;
  throw new Problem('conflict', {
    detail: 'Nobody does this to themselves. Ask a colleague, or use your account page.',
  });
}

/** Throws the problem `not-permitted` unless a role of theirs lets them look. */
export function assertMayView(ctx: Pick<FlowContext, 'config'>, { session }: Administrator): void {
  const { roleGroups } = ctx.config.current().policy;
  if (!mayAdminister(session.principal, 'view', roleGroups)) throw new Problem('not-permitted');
}

/** Says whether somebody administers the tenant that the installation itself belongs to. */
export function isOfInstallation({ session }: Administrator): boolean {
  return session.principal.tenant === defaultTenant;
}

/** An administrator did something to somebody, or (null) to their tenant. */
export function eventByAdministrator(
  { session, visit }: Administrator,
  target: Pick<User, 'id' | 'username'> | null,
  happening: Happening,
): NewAuditEvent {
  const details = {
    ...(target !== null && { username: target.username }),
    ...happening.details,
  };
  return {
    ...eventInSession(visit, session, { ...happening, details }),
    subject: target?.id ?? null,
  };
}
