/** Connections to upstreams: kept alive, bounded where it costs nobody, verified against the name in the configuration. */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';

/** An upstream's address, taken apart as the proxy library wants it. */
export interface UpstreamTarget {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
}

/** Idle connections that are kept to each upstream. */
const freeSocketsMax = 256;

/**
 * How long an idle connection is kept. Common servers close theirs after 2 seconds (gunicorn) or
 * 5 (Node, uvicorn); one that closes while a request is on its way costs that request, and a POST
 * cannot be sent again (RFC 9110 §9.2.2). A new connection on a local network costs next to nothing.
 */
const freeSocketMilliseconds = 1500;

/** Takes the origin of an upstream apart. */
export function upstreamTarget(origin: string): UpstreamTarget {
  const url = new URL(origin);
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (protocol === 'https:' ? '443' : '80') : url.port;
  return { protocol, host: hostname, hostname, port };
}

/** Makes the agent for requests to one upstream, or for the one-way connections of upgrades. */
export function upstreamAgent(
  target: UpstreamTarget,
  use: 'requests' | 'upgrades',
): HttpAgent | HttpsAgent {
  const options: AgentOptions = {
    keepAlive: use === 'requests',
    // Event streams hold their connection for hours; a limit would queue others behind them.
    maxSockets: Infinity,
    maxFreeSockets: freeSocketsMax,
    scheduling: 'lifo',
    ...(use === 'requests' && { timeout: freeSocketMilliseconds }),
  };
  if (target.protocol === 'http:') return new HttpAgent(options);
  return new HttpsAgent({
    ...options,
    rejectUnauthorized: true,
    // The certificate must be the upstream's, not that of the host the browser asked for, which is
    // what Node would take from the `Host` header.
    servername: isIP(target.hostname) === 0 ? target.hostname : '',
  });
}
