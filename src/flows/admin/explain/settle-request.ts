/** A request that somebody describes, settled as the gateway would settle it on arrival. */

import { METHODS } from 'node:http';

import type { Config } from '../../../config/config.ts';
import { parseAddress } from '../../../core/cidr.ts';
import type { RequestFacts } from '../../../core/facts.ts';
import { authorityOf, parseHostHeader } from '../../../core/host.ts';
import type { RequestId } from '../../../core/ids.ts';
import { canonicalTarget, targetRefusals } from '../../../core/path.ts';
import { isPassedOn } from '../../../core/request-method.ts';

/** A request as it was described. */
export interface DescribedRequest {
  readonly method: string;
  /** Absolute, or a path below the public address. Taken as written: a browser would tidy it up. */
  readonly url: string;
  /** Where it comes from; null: it was not said. */
  readonly ip: string | null;
}

/** One thing that was written and cannot be read. */
export interface RequestFault {
  readonly field: 'method' | 'url' | 'host' | 'ip';
  readonly written: string;
}

/** The gateway answers this itself, before it looks at any route. */
export interface RefusedRequest {
  readonly outcome: 'refused';
  readonly reason: 'invalid-request-target' | 'method-not-allowed';
  readonly sentence: string;
}

/** What a description amounts to. */
export type SettledRequest =
  | { readonly outcome: 'settled'; readonly request: RequestFacts }
  | RefusedRequest
  | { readonly outcome: 'unreadable'; readonly faults: readonly RequestFault[] };

/** Where a request comes from of which nothing else is said. */
export const supposedAddress = '127.0.0.1';

/** Settles a request that was described. */
export function settleRequest(
  config: Pick<Config, 'server'>,
  { method, url, ip }: DescribedRequest,
): SettledRequest {
  const address = parseAddress(ip ?? supposedAddress);
  const parts = takenApart(config, url);
  const host = parts === null ? null : parseHostHeader(parts.authority);
  const knownMethod = methodNamed(method);
  const methodFaults = knownMethod === null ? [fault('method', method)] : [];
  const faults = [
    ...(address === null ? [fault('ip', ip ?? '')] : []),
    ...(parts === null ? [fault('url', url)] : []),
    ...(parts !== null && host === null ? [fault('host', parts.authority)] : []),
  ];
  if (address === null || parts === null || host === null) {
    return { outcome: 'unreadable', faults: [...faults, ...methodFaults] };
  }
  const canonical = canonicalTarget(parts.target);
  if (!canonical.ok) return refused('invalid-request-target', targetRefusals[canonical.why]);
  if (knownMethod === null) return { outcome: 'unreadable', faults: methodFaults };
  if (!isPassedOn(knownMethod)) {
    return refused('method-not-allowed', `${knownMethod} is not passed on.`);
  }
  return {
    outcome: 'settled',
    request: {
      id: 'req_explain' as RequestId,
      door: 'http',
      method: knownMethod,
      scheme: parts.scheme,
      host: host.host,
      authority: authorityOf(parts.scheme, host),
      path: canonical.path,
      query: canonical.query,
      ip: address,
      userAgent: '',
      isNavigation: true,
    },
  };
}

/** Every method that a request can have at all: the parser of the runtime knows no other. */
export const knownMethods: readonly string[] = METHODS;

function methodNamed(method: string): string | null {
  const upper = method.toUpperCase();
  return knownMethods.includes(upper) ? upper : null;
}

function refused(reason: RefusedRequest['reason'], sentence: string): RefusedRequest {
  return { outcome: 'refused', reason, sentence };
}

function fault(field: RequestFault['field'], written: string): RequestFault {
  return { field, written };
}

interface UrlParts {
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** Path and query, as in a request line. */
  readonly target: string;
}

function takenApart({ server }: Pick<Config, 'server'>, url: string): UrlParts | null {
  const [withoutFragment = ''] = url.split('#');
  if (withoutFragment.startsWith('/')) {
    const { protocol, host } = new URL(server.publicUrl);
    return { scheme: schemeOf(protocol), authority: host, target: withoutFragment };
  }
  const match = /^(?<scheme>https?:)\/\/(?<authority>[^/?]+)(?<target>.*)$/is.exec(withoutFragment);
  if (match?.groups === undefined) return null;
  const { scheme = '', authority = '', target = '' } = match.groups;
  return {
    scheme: schemeOf(scheme.toLowerCase()),
    authority,
    target: target.startsWith('/') ? target : `/${target}`,
  };
}

function schemeOf(protocol: string): 'http' | 'https' {
  return protocol === 'https:' ? 'https' : 'http';
}
