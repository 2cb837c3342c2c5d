/**
 * The gateway as operators run it: a process with a folder of its own, beside which commands are
 * processes too. For what only shows between processes: kills, files, locks.
 */

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { startFakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import type { MovableClock } from './http-verbs.ts';
import { freePort } from './listening.ts';
import { run, start, type Ended, type Running } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { WebClient } from './web-client.ts';

const main = path.join(import.meta.dirname, '../../src/main.ts');
const shippedPolicy = path.join(import.meta.dirname, '../../config/mfa-policy.yaml');

/** A gateway in a process of its own, with an upstream behind it. */
export interface GatewayProcess {
  readonly folder: string;
  readonly configFile: string;
  readonly keyFile: string;
  readonly upstream: FakeUpstream;
  /** Starts it, again after a stop, and waits until it listens. */
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
  output(): string;
  /** Runs a command to its end; the words are those after `sallyport`. */
  command(words: readonly string[], options?: { readonly input?: string }): Promise<Ended>;
  /** Starts a command. */
  begin(words: readonly string[]): Running;
  newClient(): WebClient;
  remove(): Promise<void>;
}

/** Puts a gateway into a folder; nothing runs yet. Everything needs two factors. */
export async function gatewayProcess(
  options: {
    readonly database?: string;
    readonly sessions?: string;
    readonly more?: object;
  } = {},
): Promise<GatewayProcess> {
  const folder = temporaryFolder();
  const upstream = await startFakeUpstream();
  const port = await freePort();
  const configFile = path.join(folder.path, 'sallyport.yaml');
  const config = {
    server: {
      listen: `127.0.0.1:${String(port)}`,
      publicUrl: `http://localhost:${String(port)}`,
      management: null,
    },
    portal: { issuer: 'Example Corp' },
    storage: {
      database: options.database ?? 'sqlite:./data/sallyport.db',
      sessions: options.sessions ?? 'database',
      encryptionKeyFile: './data/encryption.key',
    },
    policy: { file: './mfa-policy.yaml', tiers: { TIER0: ['ADMINS'], TIER1: ['SEC-OPS'] } },
    routes: [{ name: 'console', path: '/**', upstream: upstream.origin, rules: [{}] }],
    ...options.more,
  };
  writeFileSync(configFile, JSON.stringify(config, null, 2));
  cpSync(shippedPolicy, path.join(folder.path, 'mfa-policy.yaml'));

  let running: Running | null = null;
  const typed = (words: readonly string[]): readonly string[] => [
    '--no-warnings',
    main,
    ...words,
    '--config',
    configFile,
  ];
  return {
    folder: folder.path,
    configFile,
    keyFile: path.join(folder.path, 'data/encryption.key'),
    upstream,
    async start() {
      running = start('node', typed(['serve']));
      await running.says(/"msg":"listening"/);
    },
    async stop(signal = 'SIGTERM') {
      assert.ok(running !== null, 'it was not started');
      return await running.stop(signal);
    },
    output: () => running?.output().stdout ?? '',
    command: (words, of = {}) => run('node', typed(words), of),
    begin: (words) => start('node', typed(words)),
    newClient: () => new WebClient(`http://localhost:${String(port)}`, { host: '127.0.0.1', port }),
    remove: async () => {
      await running?.stop('SIGKILL');
      await upstream.stop();
      folder.remove();
    },
  };
}

/**
 * The machine's clock, for one-time codes: a code of the next step is taken as well, so that one
 * more code can be typed at once. Whoever needs more of them waits.
 */
export function wallClock(): MovableClock {
  let aheadMs = 0;
  let begunAt = Date.now();
  return {
    now: () => {
      const nowMs = Date.now();
      // What was borrowed is paid back as time goes on.
      aheadMs = Math.max(0, aheadMs - (nowMs - begunAt));
      begunAt = nowMs;
      return nowMs + aheadMs;
    },
    advance: (seconds) => {
      aheadMs += seconds * 1000;
    },
  };
}
