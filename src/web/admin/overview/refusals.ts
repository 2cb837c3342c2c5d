/** Refused requests by reason, over a day and over a month. */

import type { SessionFacts } from '../../../core/facts.ts';
import { type Reason, reasons } from '../../../core/policy/reasons.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Exchange } from '../../exchange.ts';
import type { AdminOverviewPage } from './overview-views.ts';

/** So many reasons are told of; there are not many more. */
const reasonsMax = 8;

/** Most often first, by the month. */
export async function refusalsOf(
  { parts, session }: Exchange<SessionFacts>,
  since: { readonly day: EpochMs; readonly month: EpochMs },
): Promise<Pick<AdminOverviewPage, 'refusals' | 'refusalsPath'>> {
  const { auditBrowser } = parts.flows.stores;
  const { tenant } = session.principal;
  const [lately, longer] = await Promise.all([
    auditBrowser.countRefusals(tenant, since.day),
    auditBrowser.countRefusals(tenant, since.month),
  ]);
  const most = Math.max(1, ...longer.map(({ count }) => count));
  return {
    refusals: longer.slice(0, reasonsMax).map(({ reason, count }) => ({
      reason: inWords(reason),
      lately: lately.find((one) => one.reason === reason)?.count ?? 0,
      longer: count,
      width: Math.round((count / most) * 10_000) / 100,
    })),
    refusalsPath: '/admin/audit?type=request.denied',
  };
}

function inWords(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as Reason] : reason;
}
