/** Who has a part in a reset: the person, whoever asks, two who approve, and whoever executes. */

import type { Config } from '../../../config/config.ts';
import {
  type AdminPermission,
  type AdminRole,
  mayAdminister,
} from '../../../core/policy/administration.ts';
import { type Tier, tierOf } from '../../../core/policy/mfa-policy.ts';
import type { Administrator } from '../../admin/administrator.ts';
import { enrollEverything, signInFreshly, type ThrowAway } from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { groupsOfTier, needsHardware, tiersHere } from './tiers-here.ts';

/** Everybody, ready for their part. */
export interface Cast {
  readonly target: ThrowAway;
  readonly targetTier: Tier;
  readonly requester: Administrator;
  readonly manager: Administrator;
  readonly securityOwner: Administrator;
  readonly executor: Administrator;
}

/** Signs everybody in who has a part, and enrolls them as the policy asks. */
export async function castOf(
  run: Run,
  people: readonly ThrowAway[],
  targetTier: Tier,
): Promise<Cast> {
  const [target, requester, manager, securityOwner, executor] = people;
  if (!target || !requester || !manager || !securityOwner || !executor) {
    throw new TypeError('the cast is not complete');
  }
  const administrator = async (person: ThrowAway): Promise<Administrator> => {
    await enrollEverything(run, person);
    return { session: await signInFreshly(run, person), visit: run.visit() };
  };
  await enrollEverything(run, target);
  return {
    target,
    targetTier,
    requester: await administrator(requester),
    manager: await administrator(manager),
    securityOwner: await administrator(securityOwner),
    executor: await administrator(executor),
  };
}

/**
 * The groups of the person to reset (of the strongest tier that software can enroll for) and of the
 * four others; or why there is nobody for a part.
 */
export function groupsOfCast(
  config: Config,
): { readonly targetTier: Tier; readonly groups: readonly (readonly string[])[] } | string {
  const { policy } = config;
  const targetTier = tiersHere(config).find((tier) => !needsHardware(config, tier));
  if (targetTier === undefined) return 'Every tier must use attested security keys.';
  const ofTarget = groupsOfTier(config, targetTier) ?? [];
  // Nobody asks for the reset of somebody of a higher tier, nor executes it.
  const withRole = (role: AdminRole): readonly string[] | null => {
    const group = policy.roleGroups[role].find(
      (name) => !needsHardware(config, tierOf({ groups: [name] }, policy.tiers)),
    );
    return group === undefined ? null : [...new Set([group, ...ofTarget])];
  };
  const mayAsk = (groups: readonly string[], permission: AdminPermission): boolean =>
    mayAdminister({ kind: 'user', groups }, permission, policy.roleGroups);
  const executor = withRole('reset-executor');
  const requester = withRole('admin') ?? executor;
  const manager = withRole('manager');
  const securityOwner = withRole('security-owner');
  if (requester === null || !mayAsk(requester, 'request-reset')) return nobodyFor('admin');
  if (manager === null) return nobodyFor('manager');
  if (securityOwner === null) return nobodyFor('security-owner');
  if (executor === null) return nobodyFor('reset-executor');
  // Whoever must be refused has every role, so that no missing role is the reason.
  const approver = [...new Set([...manager, ...securityOwner])];
  const everyRole = [...new Set([...requester, ...executor, ...approver])];
  return { targetTier, groups: [ofTarget, everyRole, approver, securityOwner, executor] };
}

function nobodyFor(role: AdminRole): string {
  return `No group has the role ${role} (administration.*, reset_policy.allowed_roles) whose people software can enroll for: on the web nobody resets anybody.`;
}
