/**
 * What an operator does to tenants on the command line. Every change is audited in the transaction
 * that makes it, and takes effect on the next request of every instance.
 */

import type { TenantId } from '../../core/ids.ts';
import { changedTenantRules, noTenantRules } from '../../core/tenant-rules.ts';
import type { EpochMs } from '../../core/time.ts';
import { NameTaken, type Stores, type Tenant } from '../../stores/types.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import type { ChangedBy } from './account-changes.ts';
import { eventByAdministrator } from './administrator.ts';
import { displayNameRefusal, tenantRefusal } from './user-rules.ts';

/** Why a tenant was not made or changed, with a sentence for the operator. */
export interface TenantRefusal {
  readonly ok: false;
  readonly reason:
    | 'invalid-tenant'
    | 'invalid-display-name'
    | 'invalid-grace'
    | 'name-taken'
    | 'no-such-tenant';
  readonly sentence: string;
}

/** The answer to a change of one tenant. */
export type TenantAnswer = { readonly ok: true; readonly tenant: Tenant } | TenantRefusal;

/** Nobody who is told to have two years will ever begin. */
export const graceDaysMax = 365;

/** Makes a tenant that demands nothing yet. */
export async function createTenant(
  ctx: FlowContext,
  { name, title }: { readonly name: string; readonly title?: string },
): Promise<TenantAnswer> {
  const shown = (title ?? name).normalize('NFC');
  const refusal = tenantRefusal(name) ?? displayNameRefusal(shown);
  if (refusal !== null) return { ok: false, ...refusal };
  const id = name as TenantId;
  const tenant: Tenant = { id, name: shown, rules: noTenantRules, gracePeriodDays: 0 };
  try {
    await ctx.stores.transaction(async (stores) => {
      await stores.tenants.create(tenant);
      await stores.audit.append(
        eventOnCommandLine(
          { id: null, tenant: id },
          {
            at: ctx.clock.now(),
            type: 'tenant.created',
            severity: 'notice',
            details: { tenant: id, title: shown },
          },
        ),
      );
    });
    return { ok: true, tenant };
  } catch (thrown) {
    if (!(thrown instanceof NameTaken)) throw thrown;
    return { ok: false, reason: 'name-taken', sentence: `There is a tenant named ${id} already.` };
  }
}

/** What a tenant is to demand; what is left out stays. */
export interface TenantSettings {
  readonly isMfaRequired?: boolean;
  readonly gracePeriodDays?: number;
}

/**
 * Sets what a tenant demands. Whoever is signed in feels it with their next request, and what they
 * have open is judged anew.
 *
 * Security: nothing here opens a grace again that has ended (core/tenant-rules.ts).
 */
export async function setTenant(
  ctx: FlowContext,
  { name, settings }: { readonly name: string; readonly settings: TenantSettings },
): Promise<TenantAnswer> {
  const refusal = graceRefusal(settings);
  if (refusal !== null) return refusal;
  const tenant = await ctx.stores.transaction((stores) =>
    changeTenant(stores, 'cli', name as TenantId, settings, ctx.clock.now()),
  );
  return tenant === null ? noSuchTenant(name) : { ok: true, tenant };
}

/** Says what is wrong with a grace period, or null when nothing is. */
export function graceRefusal({
  gracePeriodDays: days = 0,
}: TenantSettings): (TenantRefusal & { readonly reason: 'invalid-grace' }) | null {
  if (Number.isInteger(days) && days >= 0 && days <= graceDaysMax) return null;
  const sentence = `A grace period has 0 to ${String(graceDaysMax)} whole days.`;
  return { ok: false, reason: 'invalid-grace', sentence };
}

/**
 * Inside a transaction: sets what a tenant demands, with its audit event. Null when there is no
 * such tenant. The caller has settled that the period is one and that the change may be made.
 */
export async function changeTenant(
  stores: Stores,
  by: ChangedBy,
  id: TenantId,
  settings: TenantSettings,
  now: EpochMs,
): Promise<Tenant | null> {
  const before = await stores.tenants.lock(id);
  if (before === null) return null;
  const wanted = {
    isMfaRequired: settings.isMfaRequired ?? before.rules.isMfaRequired,
    gracePeriodDays: settings.gracePeriodDays ?? before.gracePeriodDays,
  };
  const rules = changedTenantRules(before.rules, wanted, now);
  const { gracePeriodDays } = wanted;
  await stores.tenants.setRules(id, rules, { gracePeriodDays });
  await stores.accessChanges.note(id, now);
  const isLifted = before.rules.isMfaRequired && !rules.isMfaRequired;
  const happening = {
    at: now,
    type: 'settings.changed',
    severity: isLifted ? 'warning' : 'notice',
    details: {
      tenant: id,
      mfaRequiredBefore: before.rules.isMfaRequired,
      mfaRequired: rules.isMfaRequired,
      graceDaysBefore: before.gracePeriodDays,
      graceDays: gracePeriodDays,
      graceEndsAt: instantText(rules.graceEndsAt),
    },
  } as const;
  await stores.audit.append(
    by === 'cli'
      ? eventOnCommandLine({ id: null, tenant: id }, happening)
      : eventByAdministrator(by, null, happening),
  );
  return { ...before, rules, gracePeriodDays };
}

/** The refusal of a name that no tenant has. */
export function noSuchTenant(name: string): TenantRefusal & { readonly reason: 'no-such-tenant' } {
  return {
    ok: false,
    reason: 'no-such-tenant',
    sentence: `There is no tenant named ${JSON.stringify(name)}; "sallyport tenant add" makes one.`,
  };
}

function instantText(at: number | null): string {
  return at === null ? 'none' : new Date(at).toISOString();
}
