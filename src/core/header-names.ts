/**
 * Header names that only we may set toward an upstream, in every spelling.
 *
 * CGI, WSGI and PHP turn `Remote-User`, `remote_user` and `Remote.User` into one variable, so names
 * are compared after folding. What a client sends under an owned name is removed, on public rules
 * too, before anything is added (contract section 5).
 */

/**
 * Brings a header name into the form in which names are compared: lower case, and every sign that
 * is neither letter nor digit a hyphen.
 */
export function foldHeaderName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/**
 * Says whether a header is removed from every request: who is asking, how the request came here,
 * and what claims to replace its path or method.
 *
 * Security: a header that replaces path or method has an upstream carry out another request than
 * the one that was decided on.
 */
export function isOwnedHeader(name: string): boolean {
  const folded = foldHeaderName(name);
  return isListed(identity, folded) || isListed(transport, folded) || isListed(override, folded);
}

/**
 * The header names that a `Connection` header nominates (RFC 9110 §7.6.1), in lower case. A client
 * may nominate any header, ours too, so these are removed before ours are added.
 */
export function connectionTokens(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  const list = typeof value === 'string' ? value : value.join(',');
  const tokens = list.split(',').map((token) => token.trim().toLowerCase());
  return tokens.filter((token) => token !== '');
}

interface NameList {
  readonly names: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

/** Who is asking: our names for it, and other gateways'. */
const identity: NameList = {
  names: new Set([
    'remote-user',
    'remote-groups',
    'remote-name',
    'remote-email',
    'x-remote-user',
    'x-remote-group',
    'x-remote-groups',
    'x-remote-name',
    'x-remote-email',
    'x-user-id',
    'x-client-cert',
  ]),
  prefixes: [
    'x-sallyport-',
    'sallyport-',
    'x-auth-request-',
    'x-authenticated-',
    'x-remote-extra-',
    'x-authentik-',
    'x-webauth-',
    'x-ssl-',
    'ssl-client-',
  ],
};

const transport: NameList = {
  names: new Set([
    'forwarded',
    'x-real-ip',
    'x-client-ip',
    'client-ip',
    'proxy-client-ip',
    'wl-proxy-client-ip',
    'x-envoy-external-address',
    'x-cluster-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'fastly-client-ip',
    'x-request-id',
  ]),
  prefixes: ['x-forwarded', 'x-original-'],
};

const override: NameList = {
  names: new Set([
    'x-rewrite-url',
    'x-envoy-original-path',
    'x-host',
    'x-http-host-override',
    'x-http-method',
    'x-http-method-override',
    'x-method-override',
    'x-http-path-override',
  ]),
  prefixes: [],
};

function isListed(list: NameList, folded: string): boolean {
  return list.names.has(folded) || list.prefixes.some((prefix) => folded.startsWith(prefix));
}
