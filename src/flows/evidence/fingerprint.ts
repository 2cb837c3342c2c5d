/**
 * A number for the configuration in force: two reports with the same one are about the same rules.
 *
 * Computed over what the files, the environment and the policy came to, not over their text, so
 * that a comment changes nothing and a variable does. Secrets, paths of files and addresses of
 * stores are left out: they say nothing about who may do what.
 */

import { hash } from 'node:crypto';

import type { Config } from '../../config/config.ts';
import { Secret } from '../../platform/secret.ts';

/** SHA-256 over the configuration, hex. */
export function configurationFingerprint(config: Config): string {
  const { file: _file, storage: _storage, server, mail, auditTrail, ...rest } = config;
  const described = {
    ...rest,
    server: { publicUrl: server.publicUrl, trustedProxies: server.trustedProxies },
    isMailConfigured: mail !== null,
    auditTrail: {
      keptSeconds: auditTrail.keptSeconds,
      sinks: [auditTrail.syslog !== null, auditTrail.webhook !== null],
      waitingMax: auditTrail.waitingMax,
      whenFull: auditTrail.whenFull,
    },
  };
  return hash('sha256', JSON.stringify(plain(described)));
}

/** The value as JSON has it: members sorted, maps as lists, without functions and secrets. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') {
    return typeof value === 'function' ? undefined : value;
  }
  if (value instanceof Secret) return undefined;
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  const members = Object.entries(value)
    .filter(([, member]) => typeof member !== 'function')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => [name, plain(member)] as const);
  return Object.fromEntries(members);
}
