/** How a tenant stands: how far its people are with their second step, now and day by day. */

import type { TenantId } from '../../core/ids.ts';
import { type EnrollmentStatus, enrollmentStatuses } from '../../core/policy/enrollment-status.ts';
import type {
  KeysetPage,
  ListedPerson,
  MfaDay,
  MfaStatistics,
} from '../../stores/types/administration.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView } from './administrator.ts';
import { everybody, peopleAt, searchPeople } from './find-people.ts';

/** How many people are how far, of all that are neither disabled nor service accounts. */
export type StatusTotals = Readonly<Record<EnrollmentStatus | 'total', number>>;

/** How a tenant stands. */
export interface MfaStatus extends MfaStatistics {
  readonly totals: StatusTotals;
  /** The days that were noted, oldest first; today is the last one, as it is now. */
  readonly days: readonly MfaDay[];
}

/** So many days are told of. */
export const statusDays = 30;

/** How the administrator's tenant stands. */
export async function mfaStatusOf(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  admin: Administrator,
): Promise<MfaStatus> {
  assertMayView(ctx, admin);
  const { tenant } = admin.session.principal;
  const at = peopleAt(ctx);
  const statistics = await ctx.stores.people.statistics(tenant, at);
  const noted = await ctx.stores.people.listDays(tenant, statusDays);
  const totals = totalsOf(statistics);
  const today = dayOf(totals, at.now);
  const days = [...noted.filter(({ day }) => day !== today.day), today].slice(-statusDays);
  return { ...statistics, totals, days };
}

/** Notes how every tenant stands today. For housekeeping, which calls it once an hour. */
export async function noteToday(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
): Promise<void> {
  for (const { id } of await ctx.stores.tenants.list()) await noteTenant(ctx, id);
}

async function noteTenant(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  tenant: TenantId,
): Promise<void> {
  const at = peopleAt(ctx);
  const statistics = await ctx.stores.people.statistics(tenant, at);
  await ctx.stores.people.noteDay(tenant, dayOf(totalsOf(statistics), at.now));
}

function totalsOf({ byTier }: MfaStatistics): StatusTotals {
  const of = (status: EnrollmentStatus): number =>
    byTier.filter((count) => count.status === status).reduce((sum, { people }) => sum + people, 0);
  const counts = Object.fromEntries(enrollmentStatuses.map((status) => [status, of(status)]));
  const total = byTier.reduce((sum, { people }) => sum + people, 0);
  return { ...(counts as Record<EnrollmentStatus, number>), total };
}

function dayOf(totals: StatusTotals, now: number): MfaDay {
  return {
    day: new Date(now).toISOString().slice(0, 10),
    total: totals.total,
    enrolled: totals.enrolled,
    inGrace: totals['in-grace'],
    missing: totals.missing,
  };
}

/** Statuses of whoever has not got what counts. */
const withoutStatuses = ['missing', 'in-grace', 'not-asked'] as const;

/**
 * People of the administrator's tenant who have no second factor that counts, or lack something
 * that their tier must have, by username; `after` is the username that the page before ended with.
 */
export async function listPeopleWithout(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  admin: Administrator,
  page: KeysetPage,
): Promise<readonly ListedPerson[]> {
  const search = { ...everybody, kind: 'user', isDisabled: false } as const;
  const lists = await Promise.all(
    withoutStatuses.map((status) => searchPeople(ctx, admin, { ...search, status }, page)),
  );
  return lists
    .flat()
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
    .slice(0, page.limit);
}

/** Usernames are ASCII and unique whatever their letter case: the store's order. */
function nameOf({ user }: ListedPerson): string {
  return user.username.toLowerCase();
}
