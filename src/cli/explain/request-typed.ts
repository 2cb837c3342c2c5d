/** The request that somebody typed for `explain`, settled as the gateway would settle it. */

import { METHODS } from 'node:http';

import type { Config } from '../../config/config.ts';
import { didYouMean } from '../../config/source/closest-name.ts';
import { parseAddress } from '../../core/cidr.ts';
import type { RequestFacts } from '../../core/facts.ts';
import { authorityOf, parseHostHeader } from '../../core/host.ts';
import type { RequestId } from '../../core/ids.ts';
import { canonicalTarget, targetRefusals } from '../../core/path.ts';
import { UsageError } from '../cli.ts';

/** What was typed. */
export interface TypedRequest {
  readonly method: string;
  readonly url: string;
  readonly ip: string | null;
}

/** A request, or the sentence with which the gateway refuses its target. */
export type RequestTyped =
  | { readonly ok: true; readonly request: RequestFacts; readonly assumptions: readonly string[] }
  | { readonly ok: false; readonly refusal: string };

/** Settles a typed request. The path is taken as typed: a browser would tidy it up first. */
export function requestTyped(config: Config, { method, url, ip }: TypedRequest): RequestTyped {
  const address = parseAddress(ip ?? '127.0.0.1');
  if (address === null) throw new UsageError(`--ip ${String(ip)} is no address`);
  const { scheme, authority, target } = takenApart(config, url);
  const host = parseHostHeader(authority);
  if (host === null) throw new UsageError(`${authority} is no host`);
  const canonical = canonicalTarget(target);
  if (!canonical.ok) return { ok: false, refusal: targetRefusals[canonical.why] };
  return {
    ok: true,
    request: {
      id: 'req_explain' as RequestId,
      door: 'http',
      method: methodTyped(method),
      scheme,
      host: host.host,
      authority: authorityOf(scheme, host),
      path: canonical.path,
      query: canonical.query,
      ip: address,
      userAgent: '',
      isNavigation: true,
    },
    assumptions: ip === null ? ['the request comes from 127.0.0.1 (say another with --ip)'] : [],
  };
}

function methodTyped(method: string): string {
  const upper = method.toUpperCase();
  if (METHODS.includes(upper)) return upper;
  throw new UsageError(`"${method}" is no request method${didYouMean(method, METHODS)}`);
}

interface UrlParts {
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** Path and query, as in a request line. */
  readonly target: string;
}

function takenApart(config: Config, url: string): UrlParts {
  const [withoutFragment = ''] = url.split('#');
  if (withoutFragment.startsWith('/')) {
    const { protocol, host } = new URL(config.server.publicUrl);
    return { scheme: schemeOf(protocol), authority: host, target: withoutFragment };
  }
  const match = /^(?<scheme>https?:)\/\/(?<authority>[^/?]+)(?<target>.*)$/is.exec(withoutFragment);
  if (match?.groups === undefined) {
    const example = `${config.server.publicUrl}/some/page`;
    throw new UsageError(`"${url}" is no address; it looks like ${example} or /some/page`);
  }
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
