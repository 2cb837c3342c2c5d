/**
 * Reads `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/database]`.
 *
 * The addresses are the sentinels', the credentials the servers'. Several URLs may be given with
 * one sentinel each; the first settles everything but the addresses.
 */

import assert from 'node:assert/strict';

/** Sentinels and the primary that they watch. */
export interface Sentinels {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** The name that sentinels know the primary by. */
  readonly primary: string;
  readonly database: number;
  readonly credentials: { readonly username?: string; readonly password?: string };
  readonly isTls: boolean;
}

const sentinelPort = 26_379;

/** Takes sentinel URLs apart. Throws for what is none; the message names no secret. */
export function parseSentinelUrls(urls: readonly string[]): Sentinels {
  const parsed = urls.map(parseSentinelUrl);
  const [first] = parsed;
  assert(first !== undefined, 'storage.sessions names no sentinel.');
  return { ...first, nodes: parsed.flatMap(({ nodes }) => nodes) };
}

function parseSentinelUrl(url: string): Sentinels {
  const match =
    /^redis(?<tls>s?)\+sentinel:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/@]+)(?:\/(?<name>[^/?]*))?(?:\/(?<database>\d+))?$/.exec(
      url,
    );
  assert(
    match?.groups !== undefined,
    'Write storage.sessions as redis+sentinel://host:26379,host:26379/primary-name/0.',
  );
  const { tls, user = '', password = '', hosts = '', name = '', database = '0' } = match.groups;
  return {
    nodes: hosts.split(',').map(nodeOf),
    primary: name === '' ? 'mymaster' : decodeURIComponent(name),
    database: Number(database),
    credentials: {
      ...(user === '' ? {} : { username: decodeURIComponent(user) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    },
    isTls: tls === 's',
  };
}

function nodeOf(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  assert(match?.groups !== undefined, 'storage.sessions has a sentinel without a host name.');
  const { ipv6, host = '', port } = match.groups;
  return { host: ipv6 ?? host, port: port === undefined ? sentinelPort : Number(port) };
}
