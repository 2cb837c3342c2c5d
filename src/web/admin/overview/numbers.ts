/** The numbers of the overview, each with the list behind it. */

import { enrollmentStatuses } from '../../../core/policy/enrollment-status.ts';
import { tiers } from '../../../core/policy/mfa-policy.ts';
import type { MfaStatus } from '../../../flows/admin/mfa-status.ts';
import type { MfaDay } from '../../../stores/types/administration.ts';
import type { Exchange } from '../../exchange.ts';
import type { Words } from '../../words.ts';
import { methodIcon } from '../people/person-words.ts';
import type { AdminOverviewPage, StackedBar } from './overview-views.ts';

/** The trend is told against the day that lies this far back. */
const trendDays = 7;

/** Four numbers: everybody, and how far they are. */
export function numbersOf(
  { parts }: Pick<Exchange, 'parts'>,
  { totals, days }: Pick<MfaStatus, 'totals' | 'days'>,
): AdminOverviewPage['numbers'] {
  const { words } = parts.renderer;
  const { total, enrolled } = totals;
  const before = days.at(-1 - trendDays);
  const number = (
    key: 'total' | 'enrolled' | 'in-grace' | 'missing',
    tone: 'good' | 'warning' | 'danger' | 'quiet',
    of: (day: MfaDay) => number,
  ) => ({
    label: words.say(`admin.number.${key}`),
    value: String(totals[key]),
    path: key === 'total' ? '/admin/users?kind=user&state=enabled' : listPath({ status: key }),
    trend: before === undefined ? null : trendInWords(words, totals[key] - of(before)),
    tone: totals[key] === 0 ? ('quiet' as const) : tone,
  });
  const share = total === 0 ? '' : ` (${percent(enrolled, total)})`;
  const numbers = [
    number('total', 'quiet', (day) => day.total),
    number('enrolled', 'good', (day) => day.enrolled),
    number('in-grace', 'warning', (day) => day.inGrace),
    number('missing', 'danger', (day) => day.missing),
  ];
  return numbers.map((one, at) => (at === 1 ? { ...one, label: one.label + share } : one));
}

function trendInWords({ say, count }: Words, change: number): string {
  if (change === 0) return say('admin.trend.same');
  return count(change > 0 ? 'admin.trend.more' : 'admin.trend.less', Math.abs(change));
}

/** A bar for each tier that has anybody in it, the highest first. */
export function tierBars(
  { byTier }: Pick<MfaStatus, 'byTier'>,
  words: Words,
): readonly StackedBar[] {
  return tiers.flatMap((tier) => {
    const counts = enrollmentStatuses.map((status) => ({
      status,
      people: byTier.find((one) => one.tier === tier && one.status === status)?.people ?? 0,
    }));
    const total = counts.reduce((sum, { people }) => sum + people, 0);
    if (total === 0) return [];
    let x = 0;
    const parts = counts.map(({ status, people }) => {
      const width = (people / total) * 100;
      const part = {
        kind: status,
        label: words.say(`admin.status.${status}`),
        people,
        path: listPath({ status, tier }),
        x: rounded(x),
        width: rounded(width),
      };
      x += width;
      return part;
    });
    const path = `/admin/users?kind=user&state=enabled&tier=${tier}`;
    return [{ label: tier, total: words.count('admin.tiers.people', total), path, parts }];
  });
}

/** How many have what, of all people. */
export function methodShares(
  { byMethod, totals }: Pick<MfaStatus, 'byMethod' | 'totals'>,
  { say }: Words,
): AdminOverviewPage['methods'] {
  return (['webauthn', 'totp', 'recovery-code'] as const).map((method) => ({
    label: say(`method.${method}`),
    icon: methodIcon(method),
    people: byMethod[method],
    share: totals.total === 0 ? '' : percent(byMethod[method], totals.total),
    width: totals.total === 0 ? 0 : rounded((byMethod[method] / totals.total) * 100),
    path: method === 'recovery-code' ? null : `/admin/users?state=enabled&method=${method}`,
  }));
}

function listPath(query: Readonly<Record<string, string>>): string {
  return `/admin/users?${new URLSearchParams({ ...query, state: 'enabled' }).toString()}`;
}

/** Never 100 % while somebody is missing, nor 0 % while anybody is there. */
function percent(part: number, whole: number): string {
  const share = Math.round((part / whole) * 100);
  const honest = part < whole ? Math.min(share, 99) : share;
  return `${String(part > 0 ? Math.max(honest, 1) : honest)} %`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
