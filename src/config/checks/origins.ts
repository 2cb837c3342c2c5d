/** Reads origins: the addresses that people type and those of upstreams. */

import { parseCidr, cidrContains } from '../../core/cidr.ts';
import { parseHostHeader } from '../../core/host.ts';

/** An address taken apart, in canonical spelling. */
export interface Origin {
  readonly scheme: 'http' | 'https';
  /** As `RequestFacts.host` has it. */
  readonly host: string;
  readonly port: number;
  /** `https://console.example.com`, without a default port. */
  readonly text: string;
  /** `/` when there is none. */
  readonly path: string;
}

/** The answer of `readOrigin`. */
export type OriginReading =
  | { readonly ok: true; readonly origin: Origin }
  | { readonly ok: false; readonly message: string };

/** Reads an http or https address that names a host and at most a path. */
export function readOrigin(text: string, example: string): OriginReading {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:\/\/[^/]/i.test(text)) {
    return wrong(`this is not an address; write one such as ${example}`);
  }
  if (url.username !== '' || url.password !== '' || text.includes('@')) {
    return wrong('an address must not contain a name or password');
  }
  if (/[?#]/.test(text)) return wrong('an address must not contain a query or fragment here');
  const named = parseHostHeader(url.host);
  if (named === null) return wrong(`the host in this address is not valid; write ${example}`);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return {
    ok: true,
    origin: {
      scheme,
      host: named.host,
      port: named.port ?? (scheme === 'https' ? 443 : 80),
      text: url.origin,
      path: pathAsWritten(text),
    },
  };
}

const loopbackBlocks = ['127.0.0.0/8', '::1/128'].map(parseCidr).filter((block) => block !== null);

function wrong(message: string): OriginReading {
  return { ok: false, message };
}

/** Says whether a host can only be this machine. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return loopbackBlocks.some((block) => cidrContains(block, host));
}

/** The path before the URL parser resolved dot segments in it: `/a/../b` must not pass as `/b`. */
function pathAsWritten(text: string): string {
  const slash = text.indexOf('/', text.indexOf('://') + 3);
  return slash === -1 ? '/' : text.slice(slash);
}
