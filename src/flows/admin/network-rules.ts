/** Which networks an account may be bound to: services to some that exist, people to none. */

import type { User } from '../../stores/types.ts';
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
