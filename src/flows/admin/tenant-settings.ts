/** What administrators demand of their tenant, and what that would come to. */

import type { TenantId } from '../../core/ids.ts';
import { changedTenantRules } from '../../core/tenant-rules.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Tenant } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView, holdAdministrator } from './administrator.ts';
import { everybody, peopleAt } from './find-people.ts';
import { changeTenant, graceRefusal, type TenantSettings } from './tenants.ts';

/**
 * Sets what the administrator's tenant demands; administrators get no exception. Throws as
 * `holdAdministrator` does, and `validation-failed` for a grace period that is none.
 */
export async function changeTenantSettings(
  ctx: FlowContext,
  admin: Administrator,
  settings: TenantSettings,
): Promise<Tenant> {
  const refusal = graceRefusal(settings);
  if (refusal !== null) {
    const detail = refusal.sentence;
    const errors = [{ pointer: '/mfa_grace_period_days', detail }];
    throw new Problem('validation-failed', { detail, members: { errors } });
  }
  return ctx.stores.transaction(async (stores) => {
    const actor = await holdAdministrator(ctx, stores, admin, 'manage');
    const { tenant } = actor.session.principal;
    const changed = await changeTenant(stores, actor, tenant, settings, actor.now);
    if (changed === null) throw new Problem('not-found');
    return changed;
  });
}

/** What the administrator's tenant demands now. */
export async function settingsOf(
  ctx: Pick<FlowContext, 'config' | 'stores'>,
  admin: Administrator,
): Promise<Tenant> {
  assertMayView(ctx, admin);
  const tenant = await ctx.stores.tenants.find(admin.session.principal.tenant);
  if (tenant === null) throw new Problem('not-found');
  return tenant;
}

/** What a change of the settings would come to. */
export interface SettingsOutlook {
  /** People who would have to have a second factor and have none that counts. */
  readonly peopleWithout: number;
  /** Until when whoever is here already may do without; null: nothing would be demanded. */
  readonly graceEndsAt: EpochMs | null;
  /** The grace has ended before: none is opened again. */
  readonly isGraceOver: boolean;
}

/** Says what a change would come to, before it is made. Changes nothing. */
export async function outlookOfSettings(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  admin: Administrator,
  settings: Required<TenantSettings>,
): Promise<SettingsOutlook> {
  const tenant = await settingsOf(ctx, admin);
  const { now } = peopleAt(ctx);
  const { graceEndsAt, isMfaRequired } = changedTenantRules(tenant.rules, settings, now);
  return {
    peopleWithout: await countWithout(ctx, tenant.id),
    graceEndsAt: isMfaRequired ? graceEndsAt : null,
    isGraceOver: graceEndsAt !== null && graceEndsAt <= now,
  };
}

/** People who have not enrolled all that counts, whether or not anything is due. */
async function countWithout(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  tenant: TenantId,
): Promise<number> {
  const at = peopleAt(ctx);
  const filter = { ...everybody, tenant, kind: 'user', isDisabled: false } as const;
  const statuses = ['missing', 'in-grace', 'not-asked'] as const;
  const counts = await Promise.all(
    statuses.map((status) => ctx.stores.people.count({ ...filter, status }, null, at)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
