/** Addresses and networks. `ipaddr.js` parses; everything is compared in one canonical form. */

import ipaddr from 'ipaddr.js';

/** A block of addresses. IPv4-mapped IPv6 is IPv4 here, in blocks and in addresses alike. */
export interface Cidr {
  /** Canonical text: `10.20.0.0/24`, `2001:db8:e::/48`. */
  readonly text: string;
  readonly bytes: readonly number[];
  readonly prefixBits: number;
}

/** A named list of blocks; an empty one contains nobody. */
export interface Network {
  readonly name: string;
  readonly cidrs: readonly Cidr[];
}
void ipaddr;
