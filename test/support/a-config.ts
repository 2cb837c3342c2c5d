/** A compiled configuration, as `loadConfig` makes one, without a file. */

import type { Config } from '../../src/config/config.ts';
import { portalAt } from '../../src/core/locations.ts';
import { administrationRoute } from '../../src/core/policy/administration.ts';
import { aPolicy } from './builders.ts';

/** Any part of it; the portal's address follows from `publicUrl` unless it is given. */
export type ConfigChanges = Partial<Omit<Config, 'server' | 'portal'>> & {
  readonly server?: Partial<Config['server']>;
  readonly portal?: Partial<Config['portal']>;
  readonly portalUrl?: string;
};

/** The configuration of https://console.example.com, without routes and without mail. */
export function aConfig(changes: ConfigChanges = {}): Config {
  const { server, portal, portalUrl, ...rest } = changes;
  const publicUrl = server?.publicUrl ?? 'https://console.example.com';
  const address = portalAt(portalUrl ?? `${publicUrl}/_mfa`);
  const policy = rest.policy ?? aPolicy();
  return {
    file: null,
    server: {
      listen: { host: '127.0.0.1', port: 0 },
      publicUrl,
      trustedProxies: [],
      management: null,
      tls: null,
      ...server,
    },
    portal: {
      ...address,
      issuer: 'Example Corp',
      cookieDomain: null,
      timeZone: 'Africa/Johannesburg',
      network: null,
      accent: null,
      ...portal,
    },
    storage: {
      database: { kind: 'sqlite', file: 'unused' },
      sessions: { kind: 'database' },
      encryptionKeyFile: 'unused',
    },
    sessions: { idleSeconds: 1800, absoluteSeconds: 12 * 3600 },
    local: { isEnabled: true, minPasswordLength: 12 },
    totp: { algorithm: 'SHA1', digits: 6, periodSeconds: 30, window: 1 },
    webauthn: { rpId: address.host, attestationRoots: [] },
    lockout: { failuresMax: 5, withinSeconds: 900, durationSeconds: 900 },
    trustedDevices: { isEnabled: true, forSeconds: 30 * 24 * 3600, tiers: ['TIER2', 'TIER3'] },
    risk: { newDevice: 'challenge', newLocation: 'challenge', geoDatabase: null },
    mail: null,
    policy,
    routes: [],
    administration: administrationRoute({ network: portal?.network ?? null, ...policy }),
    tokens: { lifetimeSeconds: 1200 },
    auditsAllowed: false,
    auditTrail: {
      keptSeconds: null,
      syslog: null,
      webhook: null,
      waitingMax: 100_000,
      whenFull: 'pass',
    },
    logLevel: 'info',
    ...rest,
  };
}
