/** `/admin`: how the tenant stands, and what waits for somebody to decide. */

import type { SessionFacts } from '../../../core/facts.ts';
import { Problem } from '../../../core/problem.ts';
import { addSeconds } from '../../../core/time.ts';
import { mfaStatusOf } from '../../../flows/admin/mfa-status.ts';
import { everybody, searchPeople } from '../../../flows/admin/find-people.ts';
import { remind } from '../../../flows/admin/reminders.ts';
import { listResets } from '../../../flows/admin/resets/list-resets.ts';
import { openResetStates } from '../../../core/reset-request.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { actionIn, administratorOf } from '../administrator.ts';
import { noticeIn } from '../done.ts';
import { momentsOf } from '../moment.ts';
import { personPath } from '../people/person-words.ts';
import { resetItems } from '../people/person-parts.ts';
import { dueLists, namedMax, type NextBatch } from './due-lists.ts';
import { methodShares, numbersOf, tierBars } from './numbers.ts';
import { refusalsOf } from './refusals.ts';
import { trendOf } from './trend.ts';
import type { AdminOverviewPage } from './overview-views.ts';

/** Shows the overview. */
export async function showOverview(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return showPage(await overviewPage(exchange, { notice: noticeIn(exchange), next: null }));
}

/** Reminds those who owe a second step, or will, a batch at a time. */
export async function submitOverview(exchange: Exchange<SessionFacts>): Promise<Answer> {
  actionIn(exchange, ['remind']);
  const { parts, form } = exchange;
  const whom = (['all-missing', 'all-in-grace'] as const).find((who) => who === form.get('whom'));
  if (whom === undefined) {
    throw new Problem('invalid-request', { detail: 'The form does not say whom to remind.' });
  }
  const written = form.get('after') ?? '';
  const after = written === '' ? null : written;
  const { sent, skipped, next } = await remind(parts.flows, administratorOf(exchange), {
    whom,
    after,
  });
  const { count } = parts.renderer.words;
  const notice = [
    count('admin.remind.sent', sent),
    ...(skipped === 0 ? [] : [count('admin.remind.skipped', skipped)]),
    ...(next === null ? [] : [count('admin.remind.left', next.people)]),
  ].join(' ');
  const more = next === null ? null : { whom, ...next };
  return showPage(await overviewPage(exchange, { notice, next: more }));
}

async function overviewPage(
  exchange: Exchange<SessionFacts>,
  { notice, next }: { readonly notice: string | null; readonly next: NextBatch | null },
): Promise<AdminOverviewPage> {
  const { parts, now } = exchange;
  const { flows } = parts;
  const { words } = parts.renderer;
  const admin = administratorOf(exchange);
  const few = { after: null, limit: namedMax + 1 };
  const [status, refusals, resets, locked] = await Promise.all([
    mfaStatusOf(flows, admin),
    refusalsOf(exchange, { day: addSeconds(now, -86_400), month: addSeconds(now, -30 * 86_400) }),
    listResets(flows, admin, { states: openResetStates, user: null }, few),
    searchPeople(flows, admin, { ...everybody, isLocked: true }, few),
  ]);
  const momentOf = momentsOf(exchange);
  return {
    page: 'admin-overview',
    numbers: numbersOf(exchange, status),
    tiers: tierBars(status, words),
    methods: methodShares(status, words),
    trend: trendOf(exchange, status.days),
    ...refusals,
    resets: resetItems(exchange, { resets: resets.slice(0, namedMax) }, 'admin.overview.reset'),
    resetsMore: resets.length > namedMax ? '/admin/resets' : null,
    locked: locked.slice(0, namedMax).map(({ user, lockedUntil }) => ({
      path: personPath(user.id),
      name: user.displayName,
      until: momentOf(lockedUntil ?? now),
    })),
    ...(await dueLists(exchange, status, next)),
    notice,
  };
}
