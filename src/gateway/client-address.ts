/**
 * Who is at the other end: the address that network lists are held against.
 *
 * `X-Forwarded-For` is walked from the right, where our own proxies wrote, and only as far as the
 * declared ones go (RFC 7239 §8). What stands further left was written by whoever sent the request.
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { anyCidrContains, parseAddress, type Cidr } from '../core/cidr.ts';
import { Problem } from '../core/problem.ts';
import { listMembers } from './raw-headers.ts';

/** The other end of the connection. */
export interface Peer {
  /** In canonical form. */
  readonly ip: string;
  /** One of the declared proxies: its `X-Forwarded-*` is believed. */
  readonly isTrusted: boolean;
}

/** The other end of the connection that a request came over. */
export function peerOf(req: IncomingMessage, trustedProxies: readonly Cidr[]): Peer {
  const ip = addressOf(req.socket);
  if (ip === null) throw new Problem('invalid-request', { detail: 'Your address is not known.' });
  return { ip, isTrusted: isTrusted(ip, trustedProxies) };
}

/**
 * Says whether a request comes from one of the declared proxies. A connection that was reset
 * before its request was read has no address any more, and comes from nobody.
 */
export function comesFromTrustedProxy(
  req: IncomingMessage,
  trustedProxies: readonly Cidr[],
): boolean {
  const ip = addressOf(req.socket);
  return ip !== null && isTrusted(ip, trustedProxies);
}

/**
 * The address of the client. From a proxy that is not declared it is the proxy's own, whatever the
 * headers say. Throws when a declared proxy names somebody whose address cannot be read: to guess
 * would let the client choose.
 */
export function clientAddress(
  req: IncomingMessage,
  peer: Peer,
  trustedProxies: readonly Cidr[],
): string {
  if (!peer.isTrusted) return peer.ip;
  let client = peer.ip;
  for (const member of listMembers(req, 'x-forwarded-for').reverse()) {
    const address = parseAddress(member);
    if (address === null) {
      throw new Problem('invalid-request', {
        detail: 'X-Forwarded-For names something that is not an address.',
      });
    }
    client = address;
    if (!anyCidrContains(trustedProxies, address)) break;
  }
  return client;
}

function isTrusted(ip: string, trustedProxies: readonly Cidr[]): boolean {
  return trustedProxies.length > 0 && anyCidrContains(trustedProxies, ip);
}

// A connection keeps its address; reading it again for each request would cost more than the rest.
const addresses = new WeakMap<Socket, string>();

function addressOf(socket: Socket): string | null {
  const known = addresses.get(socket);
  if (known !== undefined) return known;
  // A link-local address carries the name of our own interface, which says nothing about the peer.
  const address = parseAddress((socket.remoteAddress ?? '').replace(/%.*$/, ''));
  if (address !== null) addresses.set(socket, address);
  return address;
}
