/** How many people of a tenant are how far. */

import { setImmediate as immediate } from 'node:timers/promises';

import { sql } from 'kysely';

import {
  enrollmentStatusOf,
  methodsThatCount,
  tierIn,
  type EnrollmentStatus,
} from '../../../core/policy/enrollment-status.ts';
import type { TenantId } from '../../../core/ids.ts';
import type { Tier } from '../../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../../core/proofs.ts';
import type { MfaStatistics, TierCount } from '../../types/administration.ts';
import { hasFactor } from './factors.ts';
import { groupsIn } from './group-list.ts';
import { slicesOf } from './people-slices.ts';
import { dueExpression, hasKnownModel, type StatusAt } from './person-conditions.ts';
import type { Db } from '../tables.ts';

/** Counts a tenant's people; without any rules there is no such tenant. */
export async function statisticsOf(
  db: Db,
  tenant: TenantId,
  at: StatusAt | null,
): Promise<MfaStatistics> {
  const byMethod = { totp: 0, webauthn: 0, 'recovery-code': 0 };
  const byTier = new Map<string, TierCount>();
  if (at === null) return { byTier: [], byMethod };
  for await (const slice of slicesOf(db, tenant, null)) {
    for (const row of await countAlike(db, tenant, slice, at)) {
      for (const method of countedMethods) {
        if (hasFactor(row.factors, method)) byMethod[method] += row.people;
      }
      const tier = tierIn(groupsIn(row.group_list), at.policy);
      const status = statusOf(tier, row, at);
      const name = `${tier} ${status}`;
      const people = (byTier.get(name)?.people ?? 0) + row.people;
      byTier.set(name, { tier, status, people });
    }
    await immediate();
  }
  return { byTier: [...byTier.values()], byMethod };
}

const countedMethods = ['totp', 'webauthn', 'recovery-code'] as const satisfies MethodId[];

interface Alike {
  readonly group_list: string;
  readonly factors: number;
  readonly due: number;
  /** 0 or 1; told apart only where models matter. */
  readonly has_model: number;
  readonly people: number;
}

/** How many of a slice have the same groups, factors and deadline. */
async function countAlike(
  db: Db,
  tenant: TenantId,
  { above, upTo }: { readonly above: string | null; readonly upTo: string | null },
  at: StatusAt,
): Promise<readonly Alike[]> {
  const { hardwareKeys } = at.policy;
  const hasModel =
    hardwareKeys.tiers.length === 0
      ? sql<number>`0`
      : sql<number>`case when ${hasKnownModel(hardwareKeys)} then 1 else 0 end`;
  const people = db
    .selectFrom('users')
    .select([
      'users.group_list',
      'users.factors',
      dueExpression(at).as('due'),
      hasModel.as('has_model'),
    ])
    .where('tenant_id', '=', tenant)
    .where('kind', '=', 'user')
    .where('is_disabled', '=', 0)
    .$if(above !== null, (query) => query.where('username_key', '>', above ?? ''))
    .$if(upTo !== null, (query) => query.where('username_key', '<=', upTo ?? ''));
  return await db
    .selectFrom(people.as('person'))
    .select((eb) => [
      'group_list',
      'factors',
      'due',
      'has_model',
      eb.fn.countAll<number>().as('people'),
    ])
    .groupBy(['group_list', 'factors', 'due', 'has_model'])
    .execute();
}

function statusOf(tier: Tier, row: Alike, { policy, now }: StatusAt): EnrollmentStatus {
  const { factors } = row;
  const has = methodsThatCount(
    {
      tier,
      enrolled: (['totp', 'webauthn'] as const).filter((method) => hasFactor(factors, method)),
      attestedModels: row.has_model === 1 ? policy.hardwareKeys.models : [],
      recoveryCodesLeft: hasFactor(factors, 'recovery-code') ? 1 : 0,
    },
    policy,
  );
  const deadlines = [null, now + 1, now] as const;
  return enrollmentStatusOf({ tier, has, enrollBy: deadlines[row.due] ?? null }, policy, now);
}
