/** Service accounts: exempt from MFA, and therefore bound to networks. */

import type { User } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { bindToNetworks } from './account-changes.ts';
import { networksRefusal, type NetworksRefusal } from './network-rules.ts';

/** The answer to binding a service. */
export type SetNetworksAnswer =
  | { readonly ok: true; readonly user: User }
  | ({ readonly ok: false } & (
      | NetworksRefusal
      | { readonly reason: 'no-such-user'; readonly sentence: string }
    ));

/** Binds a service account to exactly these networks. It takes effect on its next request. */
export async function setNetworks(
  ctx: FlowContext,
  { username, networks }: { readonly username: string; readonly networks: readonly string[] },
): Promise<SetNetworksAnswer> {
  const found = await ctx.stores.users.findByUsername(username);
  if (found === null) {
    const sentence = `There is no account named ${JSON.stringify(username)}.`;
    return { ok: false, reason: 'no-such-user', sentence };
  }
  const after = [...new Set(networks)].sort();
  if (found.kind === 'user') {
    const sentence = `${found.username} is a person; only service accounts are bound to networks.`;
    return { ok: false, reason: 'no-networks-for-people', sentence };
  }
  const refusal = networksRefusal(ctx, found.kind, after);
  if (refusal !== null) return { ok: false, ...refusal };

  const now = ctx.clock.now();
  const user = await ctx.stores.transaction(async (stores) =>
    bindToNetworks(stores, 'cli', (await stores.users.lock(found.id)) ?? found, after, now),
  );
  return { ok: true, user };
}

/** Services that name networks which the configuration does not have, and those names. */
export async function servicesOfUnknownNetworks(
  ctx: Pick<FlowContext, 'config' | 'stores'>,
): Promise<readonly { readonly username: string; readonly networks: readonly string[] }[]> {
  const declared = ctx.config.current().policy.networks;
  const services = await ctx.stores.users.listServices();
  return services
    .map(({ username, networks }) => ({
      username,
      networks: networks.filter((name) => !declared.has(name)),
    }))
    .filter(({ networks }) => networks.length > 0);
}
