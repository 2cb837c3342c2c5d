/** The configuration in force, and how a new one takes its place while the program runs. */

import { portalAt } from '../core/locations.ts';
import type { Config, LiveConfig } from './config.ts';
import type { Fault } from './faults.ts';
import type { ConfigReading } from './load.ts';

/** What became of a reload. */
export type Reload =
  | {
      readonly ok: true;
      /** Keys that differ now and take effect at the next start only. */
      readonly needsRestart: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** A configuration that can be read anew. */
export interface ReloadableConfig extends LiveConfig {
  /**
   * Reads the configuration again. When it is wrong the old one stays in force. What only a start
   * can change keeps its old value, so that no part of the program sees another one.
   */
  reload(): Reload;
}

/** Puts a configuration in force; `read` reads it anew. */
export function liveConfig(first: Config, read: () => ConfigReading): ReloadableConfig {
  let current = first;
  return {
    current: () => current,
    reload() {
      const reading = read();
      if (!reading.ok) return reading;
      const { config } = reading;
      const needsRestart = fixedAtStart
        .filter(({ valueOf }) => valueOf(config) !== valueOf(current))
        .map(({ key }) => key);
      current = {
        ...config,
        // Cookie names and domains follow from the addresses: half the program would use new ones.
        portal: {
          ...config.portal,
          ...portalAt(current.portal.url),
          cookieDomain: current.portal.cookieDomain,
        },
        server: {
          ...config.server,
          publicUrl: current.server.publicUrl,
          listen: current.server.listen,
          management: current.server.management,
          tls: current.server.tls,
        },
        storage: current.storage,
        risk: { ...config.risk, geoDatabase: current.risk.geoDatabase },
      };
      return { ok: true, needsRestart };
    },
  };
}

/** A configuration that stays as it is. */
export function fixedConfig(config: Config): LiveConfig {
  return { current: () => config };
}

interface FixedKey {
  readonly key: string;
  readonly valueOf: (config: Config) => string;
}

const fixedAtStart: readonly FixedKey[] = [
  { key: 'server.publicUrl', valueOf: ({ server }) => server.publicUrl },
  { key: 'portal.url', valueOf: ({ portal }) => portal.url },
  { key: 'portal.cookieDomain', valueOf: ({ portal }) => String(portal.cookieDomain) },
  { key: 'server.listen', valueOf: ({ server }) => JSON.stringify(server.listen) },
  { key: 'server.management', valueOf: ({ server }) => JSON.stringify(server.management) },
  { key: 'server.tls', valueOf: ({ server }) => JSON.stringify(server.tls) },
  { key: 'storage.database', valueOf: ({ storage }) => databaseText(storage.database) },
  { key: 'storage.sessions', valueOf: ({ storage }) => sessionsText(storage.sessions) },
  { key: 'storage.encryptionKeyFile', valueOf: ({ storage }) => storage.encryptionKeyFile },
  { key: 'policy.risk.geoDatabase', valueOf: ({ risk }) => String(risk.geoDatabase) },
];

function databaseText(database: Config['storage']['database']): string {
  return database.kind === 'sqlite' ? database.file : database.url.reveal();
}

function sessionsText(sessions: Config['storage']['sessions']): string {
  if (sessions.kind === 'database') return 'database';
  return [sessions.mode, ...sessions.urls.map((url) => url.reveal())].join(' ');
}
