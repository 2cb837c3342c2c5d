/** Service accounts: exempt from MFA, and therefore bound to networks. */

import type { User } from '../../stores/types.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';

/** Why the networks of an account are not taken, with a sentence for the operator. */
export interface NetworksRefusal {
  readonly reason: 'networks-missing' | 'unknown-network' | 'no-networks-for-people';
  readonly sentence: string;
}

/** Says what is wrong with the networks of an account, or null when nothing is. */
export function networksRefusal(
  ctx: Pick<FlowContext, 'config'>,
  kind: User['kind'],
  names: readonly string[],
): NetworksRefusal | null {
  if (kind === 'user') {
    if (names.length === 0) return null;
    const sentence =
      'Only service accounts are bound to networks; rules say where people come from.';
    return { reason: 'no-networks-for-people', sentence };
  }
  const declared = ctx.config.current().policy.networks;
  const known = [...declared.keys()].sort();
  const choice =
    known.length === 0
      ? 'The configuration declares none under "networks".'
      : `The configuration declares ${known.join(', ')}.`;
  if (names.length === 0) {
    const sentence = `A service account is bound to at least one network (--networks a,b). ${choice}`;
    return { reason: 'networks-missing', sentence };
  }
  const unknown = names.find((name) => !declared.has(name));
  if (unknown === undefined) return null;
  const sentence = `There is no network named ${JSON.stringify(unknown)}. ${choice}`;
  return { reason: 'unknown-network', sentence };
}

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
  await ctx.stores.transaction(async (stores) => {
    const user = await stores.users.lock(found.id);
    await stores.users.setNetworks(found.id, after);
    await stores.accessChanges.note(found.id, now);
    const details = { username: found.username, before: user?.networks ?? [], after };
    await stores.audit.append(
      eventOnCommandLine(found, {
        at: now,
        type: 'user.networks-changed',
        severity: 'notice',
        details,
      }),
    );
  });
  return { ok: true, user: { ...found, networks: after } };
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
