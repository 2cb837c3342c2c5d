/** Reminding people by mail to set up their second step: each at most once in a day. */

import { hash } from 'node:crypto';

import type { UserId } from '../../core/ids.ts';
import type { EnrollmentStatus } from '../../core/policy/enrollment-status.ts';
import { Problem } from '../../core/problem.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import type { ListedPerson } from '../../stores/types/administration.ts';
import type { FlowContext } from '../flow-context.ts';
import { tell } from '../tell.ts';
import { eventOfChange, newsBy } from './account-changes.ts';
import { type Administrator, type HeldAdministrator, holdAdministrator } from './administrator.ts';
import { everybody, peopleAt } from './find-people.ts';

/** Whom to remind: some people by their ids, or all who owe a second step, or will. */
export interface Reminder {
  readonly whom: readonly UserId[] | 'all-missing' | 'all-in-grace';
  /** Where the batch before came to; null: from the start. Of all only. */
  readonly after?: string | null;
}

/** What came of it. */
export interface Reminded {
  readonly sent: number;
  /** Reminded today already, without an address, or nothing to be reminded of. */
  readonly skipped: number;
  /** More wait behind this place: the next batch begins there. Null: that was all. */
  readonly next: { readonly after: string; readonly people: number } | null;
}

/** So many at once: the database has one writer, and nobody else should wait for this. */
const batchMax = 500;

const daySeconds = 24 * 3600;

const statusOf = { 'all-missing': 'missing', 'all-in-grace': 'in-grace' } as const;

/**
 * Writes the mails down, with an audit event for each. Throws as `holdAdministrator` does,
 * `conflict` where mail is not configured, and `not-found` for somebody of another tenant.
 */
export async function remind(
  ctx: FlowContext,
  admin: Administrator,
  { whom, after = null }: Reminder,
): Promise<Reminded> {
  if (ctx.config.current().mail === null) {
    throw new Problem('conflict', { detail: 'Mail is not configured, so nobody can be reminded.' });
  }
  const { tenant } = admin.session.principal;
  const at = peopleAt(ctx);
  const filter = (status: EnrollmentStatus) =>
    ({ ...everybody, tenant, status, kind: 'user', isDisabled: false }) as const;
  const people =
    typeof whom === 'string'
      ? await ctx.stores.people.search(filter(statusOf[whom]), { after, limit: batchMax }, at)
      : await peopleOf(ctx, admin, whom);
  const sent = await ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'manage');
    return remindAll(ctx, stores, actor, people);
  });
  const last = people.at(-1)?.user.username;
  const isWhole = typeof whom !== 'string' || people.length < batchMax || last === undefined;
  const left = isWhole ? 0 : await ctx.stores.people.count(filter(statusOf[whom]), last, at);
  const next = isWhole || left === 0 ? null : { after: last, people: left };
  return { sent, skipped: people.length - sent, next };
}

async function peopleOf(
  ctx: FlowContext,
  { session }: Administrator,
  ids: readonly UserId[],
): Promise<readonly ListedPerson[]> {
  if (ids.length > batchMax) {
    throw new Problem('conflict', { detail: `Remind at most ${String(batchMax)} people at once.` });
  }
  const found = await Promise.all(
    [...new Set(ids)].map((id) =>
      ctx.stores.people.find(session.principal.tenant, id, peopleAt(ctx)),
    ),
  );
  const people = found.filter((person) => person !== null);
  if (people.length < found.length) throw new Problem('not-found');
  return people;
}

async function remindAll(
  ctx: FlowContext,
  stores: Stores,
  actor: HeldAdministrator,
  people: readonly ListedPerson[],
): Promise<number> {
  const events = [];
  for (const { user, status, enrollBy } of people) {
    const owes = status === 'missing' || status === 'in-grace';
    const isReachable = owes && !user.isDisabled && user.email !== null;
    if (!isReachable || !(await isFirstToday(stores, user.id, actor.now))) continue;
    const news = newsBy(actor, 'enrollment-reminder');
    const due = status === 'in-grace' && enrollBy !== null && { due: enrollBy };
    await tell(ctx, stores, user, { ...news, details: { ...news.details, ...due } });
    const happening = { at: actor.now, type: 'reminder.sent', severity: 'info' } as const;
    events.push(eventOfChange(actor, user, happening));
  }
  // The first one refuses while too much of the trail waits (F12); the others go with it in one go.
  const [first, ...others] = events;
  if (first !== undefined) await stores.audit.append(first);
  await stores.audit.appendAll(others);
  return events.length;
}

/** Used up like a challenge: by one statement, over all instances, and gone after its day. */
async function isFirstToday(stores: Stores, user: UserId, now: EpochMs): Promise<boolean> {
  const day = Math.floor(now / (daySeconds * 1000));
  const once = hash('sha256', `reminder ${user} ${String(day)}`);
  return stores.usedChallenges.consume(once, addSeconds(day * daySeconds * 1000, daySeconds));
}
