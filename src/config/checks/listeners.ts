/** Listeners: who may say where a request came from, and the certificate. */

import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';

import { coversEveryAddress, parseCidr } from '../../core/cidr.ts';
import type { ListenAddress } from '../config.ts';
import type { Draft } from './draft.ts';

/** Checks the `server` section but for its public address. */
export function checkListeners(draft: Draft): void {
  checkTrustedProxies(draft);
  const { listen, management } = draft.written.server;
  if (management !== null && management.port !== 0 && isSameListener(listen, management)) {
    const message = 'this is where the public listener is; metrics must not be public';
    draft.report(['server', 'management'], `${message}; take another port`);
  }
  checkCertificate(draft);
}

/** Addresses that nobody on the Internet has; trusting all others is trusting everyone. */
// prettier-ignore
const unreachableBlocks = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12',
  '192.168.0.0/16', '224.0.0.0/3', '::/3', '4000::/2', '8000::/1',
].flatMap((block) => parseCidr(block) ?? []);

function checkTrustedProxies(draft: Draft): void {
  const { trustedProxies } = draft.written.server;
  if (!coversEveryAddress([...trustedProxies, ...unreachableBlocks])) return;
  const widest = Math.min(...trustedProxies.map((block) => block.prefixBits));
  const index = trustedProxies.findIndex((block) => block.prefixBits === widest);
  const message = 'everyone could claim any address; write the addresses of your proxies only';
  draft.report(['server', 'trustedProxies', index], message);
}

function isSameListener(one: ListenAddress, other: ListenAddress): boolean {
  const everywhere = new Set(['0.0.0.0', '::']);
  if (one.port !== other.port) return false;
  return one.host === other.host || everywhere.has(one.host) || everywhere.has(other.host);
}

function checkCertificate(draft: Draft): void {
  const { tls } = draft.written.server;
  if (tls === null) return;
  const files = [
    ['certFile', tls.certFile],
    ['keyFile', tls.keyFile],
  ] as const;
  const unreadable = files.filter(([, file]) => !isReadable(path.resolve(draft.folder, file)));
  for (const [key, file] of unreadable) {
    draft.report(['server', 'tls', key], `the file ${file} cannot be read`);
  }
  if (unreadable.length > 0) return;
  try {
    createSecureContext({
      cert: readFileSync(path.resolve(draft.folder, tls.certFile)),
      key: readFileSync(path.resolve(draft.folder, tls.keyFile)),
    });
  } catch {
    const message = 'certificate and key are not a pair of PEM files that belong together';
    draft.report(['server', 'tls', 'certFile'], message);
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
