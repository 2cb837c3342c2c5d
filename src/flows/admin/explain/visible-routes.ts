/**
 * The routes as an administrator may see them.
 *
 * Rules may name people and services, and a name in the configuration can be of another tenant.
 * Whoever administers the tenant `default` runs the installation and sees them as they are; for
 * all others, rules name nobody but their own. Nothing changes what is decided about their own.
 */

import { defaultTenant, type TenantId } from '../../../core/ids.ts';
import type { Audience } from '../../../core/policy/audience.ts';
import type { Route } from '../../../core/route.ts';
import type { Stores } from '../../../stores/types.ts';

/** The routes without names of other tenants, and without upstreams. */
export async function visibleRoutes(
  stores: Pick<Stores, 'users'>,
  tenant: TenantId,
  routes: readonly Route[],
): Promise<readonly Route[]> {
  if (tenant === defaultTenant) return routes;
  const named = routes
    .flatMap(({ rules }) => rules)
    .flatMap(({ audience }) => [...(audience?.users ?? []), ...(audience?.services ?? [])]);
  const own = new Set<string>();
  for (const name of new Set(named)) {
    const user = await stores.users.findByUsername(name);
    if (user?.tenant === tenant) own.add(name);
  }
  return routes.map((route) => ({
    ...route,
    upstream: null,
    rules: route.rules.map((rule) => ({ ...rule, audience: ownPart(rule.audience, own) })),
  }));
}

function ownPart(audience: Audience | null, own: ReadonlySet<string>): Audience | null {
  if (audience === null) return null;
  const kept = (names: readonly string[]) => names.filter((name) => own.has(name));
  return { ...audience, users: kept(audience.users), services: kept(audience.services) };
}
