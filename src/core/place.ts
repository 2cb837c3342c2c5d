/** Where somebody signs in from, when no map says more than their address. */

import { blockAround } from './cidr.ts';

/** What one line, one building or one mobile operator's corner usually shares. */
const placeBits = { ipv4: 24, ipv6: 48 } as const;

/** The network around an address: `203.0.113.0/24`. What is no address stands for itself. */
export function networkOf(ip: string): string {
  return blockAround(ip, placeBits)?.text ?? ip;
}
