/** Who owes a second step, who will, and the button that reminds them. */

import type { SessionFacts } from '../../../core/facts.ts';
import { everybody, searchPeople } from '../../../flows/admin/find-people.ts';
import type { MfaStatus } from '../../../flows/admin/mfa-status.ts';
import type { Exchange } from '../../exchange.ts';
import { administratorOf, mayDo } from '../administrator.ts';
import { momentsOf } from '../moment.ts';
import { personPath } from '../people/person-words.ts';
import type { AdminOverviewPage, DueList } from './overview-views.ts';

/** So many of each kind are named; all of them are a link away. */
export const namedMax = 5;

const whomOf = { missing: 'all-missing', 'in-grace': 'all-in-grace' } as const;

/** Where the next batch of reminders begins, and how many it is for. */
export interface NextBatch {
  readonly whom: string;
  readonly after: string;
  readonly people: number;
}

/** Both lists. */
export async function dueLists(
  exchange: Exchange<SessionFacts>,
  status: Pick<MfaStatus, 'totals'>,
  next: NextBatch | null,
): Promise<Pick<AdminOverviewPage, 'missing' | 'inGrace'>> {
  const [missing, inGrace] = await Promise.all([
    dueList(exchange, status, 'missing', next),
    dueList(exchange, status, 'in-grace', next),
  ]);
  return { missing, inGrace };
}

async function dueList(
  exchange: Exchange<SessionFacts>,
  { totals }: Pick<MfaStatus, 'totals'>,
  which: keyof typeof whomOf,
  next: NextBatch | null,
): Promise<DueList> {
  const { parts, config } = exchange;
  const { words } = parts.renderer;
  const search = { ...everybody, status: which, isDisabled: false };
  const page = { after: null, limit: namedMax };
  const people =
    totals[which] === 0
      ? []
      : await searchPeople(parts.flows, administratorOf(exchange), search, page);
  const momentOf = momentsOf(exchange);
  const whom = whomOf[which];
  const canRemind = people.length > 0 && config.mail !== null && mayDo(exchange, 'manage');
  const batch = next?.whom === whom ? next : null;
  return {
    title: words.say(`admin.due.${which}`),
    none: words.say(`admin.due.${which}.none`),
    people: people.map(({ user, enrollBy }) => ({
      path: personPath(user.id),
      name: user.displayName,
      until: which === 'in-grace' && enrollBy !== null ? momentOf(enrollBy) : null,
    })),
    more:
      totals[which] > people.length
        ? {
            path: `/admin/users?status=${which}`,
            label: words.count('admin.due.all', totals[which]),
          }
        : null,
    remind: canRemind
      ? {
          whom,
          after: batch?.after ?? '',
          label:
            batch === null
              ? words.count('admin.due.remind', totals[which])
              : words.count('admin.due.remind-more', batch.people),
        }
      : null,
  };
}
