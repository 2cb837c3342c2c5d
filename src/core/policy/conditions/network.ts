/**
 * The condition `network`: the client's address is inside one of the named networks.
 *
 * It picks a rule; the network of a *route* is another thing, which is checked before any rule.
 */

import { cidrCovers, networkContains, type Network } from '../../cidr.ts';
import type { Condition } from '../rule.ts';

interface NetworkCondition extends Condition {
  readonly kind: 'network';
  readonly networks: readonly Network[];
}

/** Holds when one of the networks contains the client's address. */
export function networkCondition(networks: readonly Network[]): Condition {
  const outer = networks.flatMap((network) => network.cidrs);
  const condition: NetworkCondition = {
    kind: 'network',
    networks,
    wants: networks.map((network) => network.name).join(' or '),
    sees: (request) => request.ip,
    holds: (request) => networks.some((network) => networkContains(network, request.ip)),
    covers: (other) =>
      isNetworkCondition(other) &&
      other.networks
        .flatMap((network) => network.cidrs)
        .every((inner) => outer.some((cidr) => cidrCovers(cidr, inner))),
  };
  return condition;
}

function isNetworkCondition(condition: Condition): condition is NetworkCondition {
  return condition.kind === 'network';
}
