/** The tier by which somebody's reset is judged. */

import { tierOf, type Tier, tiers, type TierMap } from '../../../core/policy/mfa-policy.ts';
import { addSeconds, type EpochMs } from '../../../core/time.ts';
import type { Stores, User } from '../../../stores/types.ts';

/** For so long somebody who was taken out of a tier is still reset as one of it. */
const rememberedSeconds = 7 * 24 * 3600;

/** So many changes of one person's groups are looked through. */
const changesMax = 200;

/**
 * The strongest tier that somebody is of, or was of within the last seven days.
 *
 * Security: whoever administers people takes them out of groups alone. A reset that needs two
 * approvals must not need one because a group was taken away right before. What groups they had is
 * read from the audit trail, which shows what is missing.
 */
export async function tierForReset(
  stores: Pick<Stores, 'auditBrowser'>,
  user: Pick<User, 'id' | 'tenant' | 'groups'>,
  map: TierMap,
  now: EpochMs,
): Promise<Tier> {
  const changes = await stores.auditBrowser.browse(
    {
      tenant: user.tenant,
      subject: user.id,
      types: ['user.groups-changed'],
      severities: null,
      actor: null,
      ip: null,
      requestId: null,
      session: null,
      from: addSeconds(now, -rememberedSeconds),
      to: null,
    },
    { after: null, limit: changesMax },
  );
  const before = changes.map(({ details }) => details['before']);
  // More changes than anybody makes in a week: what they began with is out of sight.
  if (before.length === changesMax) return tiers[0];
  const groups = before.flatMap((names) => (Array.isArray(names) ? (names as string[]) : []));
  return tierOf({ groups: [...user.groups, ...groups] }, map);
}
