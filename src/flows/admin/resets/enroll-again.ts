/**
 * How somebody enrolls again after a reset: by a one-time link, or while an administrator is
 * present. Until then a guard stands: their password alone enrolls nothing.
 */

import type { UserId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { addSeconds, type EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';
import { supervisedSeconds } from '../../enroll/may-enroll.ts';
import type { FlowContext } from '../../flow-context.ts';
import { type Administrator, eventByAdministrator, holdBoth } from '../administrator.ts';
import { createEnrollmentLink, type CreatedLink } from '../enrollment-links.ts';

/** The ways in which somebody enrolls again: `link` by a one-time link, `supervised` while somebody is present. */
export const enrollmentWays = ['link', 'supervised'] as const;

/** The two ways. */
export type EnrollmentWay = (typeof enrollmentWays)[number];

/** What was opened; the other one is null. */
export interface OpenedEnrollment {
  /** The address of the link, to be shown this once. */
  readonly link: string | null;
  readonly linkExpiresAt: EpochMs | null;
  readonly supervisedUntil: EpochMs | null;
}

/** Sets the guard, in the transaction of a reset, and opens one way past it. */
export async function guardEnrollment(
  ctx: FlowContext,
  stores: Stores,
  by: Administrator,
  user: User,
  { way, now }: { readonly way: EnrollmentWay; readonly now: EpochMs },
): Promise<OpenedEnrollment> {
  if (way === 'supervised') {
    const supervisedUntil = await openWindow(ctx, stores, by, user, now, now);
    return { link: null, linkExpiresAt: null, supervisedUntil };
  }
  await stores.users.setEnrollGuard(user.id, { since: now, supervisedUntil: null });
  const made = await createEnrollmentLink(ctx, stores, by, user, 'enroll-again', now);
  return { link: made.url, linkExpiresAt: made.expiresAt, supervisedUntil: null };
}

/**
 * Opens a window in which somebody who was reset may enroll, because an administrator is with them.
 * Throws as `holdBoth` does, and the problem `conflict` for whoever needs none.
 */
export async function superviseEnrollment(
  ctx: FlowContext,
  admin: Administrator,
  userId: UserId,
): Promise<{ readonly supervisedUntil: EpochMs }> {
  return ctx.stores.transaction(async (stores) => {
    const { actor, target, since, now } = await holdGuarded(ctx, stores, admin, userId);
    const supervisedUntil = await openWindow(ctx, stores, actor, target, since, now);
    return { supervisedUntil };
  });
}

/** Makes another link to enroll again in place of the last one. Throws as `superviseEnrollment`. */
export async function linkEnrollment(
  ctx: FlowContext,
  admin: Administrator,
  userId: UserId,
): Promise<CreatedLink> {
  return ctx.stores.transaction(async (stores) => {
    const { actor, target, now } = await holdGuarded(ctx, stores, admin, userId);
    return createEnrollmentLink(ctx, stores, actor, target, 'enroll-again', now);
  });
}

async function holdGuarded(
  ctx: FlowContext,
  stores: Stores,
  admin: Administrator,
  userId: UserId,
): Promise<{
  readonly actor: Administrator;
  readonly target: User;
  readonly since: EpochMs;
  readonly now: EpochMs;
}> {
  const { actor, target } = await holdBoth(ctx, stores, admin, 'execute-reset', userId);
  if (target.id === actor.session.principal.id) {
    throw new Problem('conflict', { detail: 'Nobody vouches for themselves. Ask a colleague.' });
  }
  if (target.enrollGuard === null) {
    throw new Problem('conflict', {
      detail:
        'This person was not reset, or has enrolled again since: they need no leave to enroll.',
    });
  }
  return { actor, target, since: target.enrollGuard.since, now: actor.now };
}

async function openWindow(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  by: Administrator,
  user: User,
  since: EpochMs,
  now: EpochMs,
): Promise<EpochMs> {
  const supervisedUntil = addSeconds(now, supervisedSeconds);
  await stores.users.setEnrollGuard(user.id, { since, supervisedUntil });
  await stores.audit.append(
    eventByAdministrator(by, user, {
      at: now,
      type: 'enrollment.supervised',
      severity: ctx.config.current().policy.mfa.reset.severity,
      details: { until: supervisedUntil },
    }),
  );
  return supervisedUntil;
}
