/**
 * The whole gateway in this process: composed as `serve` composes it, from a configuration file in
 * a temporary folder, with SQLite and a key of its own, on free ports, by the test's clock.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startGateway as startComposed, type RunningGateway } from '../../src/app.ts';
import { liveConfig, type ReloadableConfig } from '../../src/config/live.ts';
import { loadConfig, readConfig, type LoadOptions } from '../../src/config/load.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import type { Logger } from '../../src/platform/log.ts';
import { drain } from '../../src/platform/shutdown.ts';
import type { User } from '../../src/stores/types.ts';
import type { FixedClock } from './fixed-clock.ts';
import { freePort } from './listening.ts';
import { quietLog } from './quiet-log.ts';
import { projectFolder } from './source-files.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { WebClient } from './web-client.ts';

/** Sections of the configuration file, as an operator writes them. */
export type Settings = Readonly<Record<string, unknown>> & {
  readonly server?: Readonly<Record<string, unknown>>;
  readonly portal?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly routes: readonly object[];
};

/** A gateway that accepts connections. */
export interface TestGateway extends RunningGateway {
  /** `server.publicUrl`. */
  readonly origin: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly configFile: string;
  readonly live: ReloadableConfig;
  /** Makes an account; the password is `passwordOf(username)` unless given. */
  addUser(user: {
    readonly username: string;
    readonly groups: readonly string[];
    readonly password?: string;
  }): Promise<User>;
  /** A visitor without cookies. */
  newClient(): WebClient;
  /** Writes other settings into the file; `live.reload()` reads them. */
  rewrite(settings: Settings): void;
  /** Drains and closes; a second call does nothing. */
  close(): Promise<void>;
}

/** The password of a test's user. */
export function passwordOf(username: string): string {
  return `${username}-harbor-linen-fig`;
}

/** Starts a gateway. What the settings leave out has the value that most tests want. */
export async function startGateway(options: {
  readonly clock: FixedClock;
  readonly settings: Settings;
  /** The MFA policy file's content; the operator's that is shipped otherwise. */
  readonly policy?: object;
  readonly log?: Logger;
}): Promise<TestGateway> {
  const { clock, settings, policy, log = quietLog } = options;
  const folder = temporaryFolder();
  const port = await freePort();
  const configFile = path.join(folder.path, 'sallyport.yaml');
  const rewrite = (changed: Settings): void => {
    writeFileSync(configFile, JSON.stringify(withDefaults(changed, port), null, 2));
  };
  rewrite(settings);
  const shippedPolicy = path.join(projectFolder, 'config/mfa-policy.yaml');
  writeFileSync(
    path.join(folder.path, 'mfa-policy.yaml'),
    policy === undefined ? readFileSync(shippedPolicy) : JSON.stringify(policy),
  );

  const loading: LoadOptions = { environment: {}, upstreams: 'required', port: null };
  const live = liveConfig(loadConfig(configFile, loading), () => readConfig(configFile, loading));
  const running = await startComposed(live, { clock, log });
  const origin = live.current().server.publicUrl;
  const address = { host: '127.0.0.1', port };
  let isClosed = false;

  return {
    ...running,
    origin,
    address,
    configFile,
    live,
    rewrite,
    newClient: () => new WebClient(origin, address),
    addUser: async ({ username, groups, password = passwordOf(username) }) => {
      const answer = await createUser(running.composition.flows, { username, groups, password });
      assert.ok(answer.ok, answer.ok ? '' : answer.sentence);
      return answer.user;
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await drain(running.drainSteps, { log });
      folder.remove();
    },
  };
}

function withDefaults(settings: Settings, port: number): object {
  const { server, portal, policy, ...rest } = settings;
  const publicUrl = `http://127.0.0.1:${port}`;
  return {
    server: { listen: `127.0.0.1:${port}`, publicUrl, management: null, ...server },
    portal: { issuer: 'Example Corp', ...portal },
    storage: {
      database: 'sqlite:./data/sallyport.db',
      encryptionKeyFile: './data/encryption.key',
    },
    policy: {
      file: './mfa-policy.yaml',
      tiers: { TIER0: ['AI-PLATFORM-ADMINS'], TIER1: ['SEC-OPS'], TIER2: ['PROJECT-OWNERS'] },
      ...policy,
    },
    ...rest,
  };
}
