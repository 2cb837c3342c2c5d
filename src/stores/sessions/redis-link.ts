/**
 * The connection to Redis: one server, a cluster, or a primary named by sentinels.
 *
 * Every command has a time limit and none is kept for later, so that a Redis that is down, slow or
 * swallowed by the network is an answer (`StoreUnavailable`) within two seconds and costs no
 * memory. Reads go to primaries only: a replica may not know yet what was revoked.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { createClient, createCluster, createSentinel } from 'redis';

import { unreachable } from '../../core/unreachable.ts';
import type { Secret } from '../../platform/secret.ts';
import { StoreUnavailable } from '../types.ts';
import { parseSentinelUrls } from './sentinel-urls.ts';

const connectMs = 1000;
const commandMs = 1500;
const reconnectMsMax = 2000;
const commandsWaitingMax = 5000;
// So many commands without an answer, and none with, mean that the connection is dead.
const silencesMax = 3;

/** Where Redis is: `config.storage.sessions`. */
export interface RedisLocation {
  readonly urls: readonly Secret[];
  readonly mode: 'single' | 'cluster' | 'sentinel';
}

type Client = ReturnType<typeof createClient>;

/** The commands that are used; each is about one key, so that a cluster can answer it. */
export type RedisCommands = Pick<
  Client,
  | 'get'
  | 'set'
  | 'del'
  | 'expire'
  | 'sAdd'
  | 'sRem'
  | 'sMembers'
  | 'zAdd'
  | 'zRem'
  | 'zCount'
  | 'zRangeByScore'
  | 'zRangeWithScores'
  | 'zScore'
  | 'eval'
>;

/** A connection that is kept up until it is closed. */
export class RedisLink {
  readonly #open: () => Client;
  #client: Client;
  #isSettled = false;
  readonly #settled: Promise<void>;
  #silences = 0;
  #isClosed = false;

  constructor(location: RedisLocation) {
    this.#open = () => openClient(location);
    this.#client = this.#open();
    this.#settled = this.#connect(this.#client);
  }

  /** Runs a command. Throws `StoreUnavailable` when it fails or takes too long. */
  async run<Value>(command: (commands: RedisCommands) => Promise<Value>): Promise<Value> {
    // Only the first connection is waited for; afterwards being offline is an answer at once.
    if (!this.#isSettled) await this.#settled;
    const client = this.#client;
    try {
      const value = await withinTime(command(client));
      this.#silences = 0;
      return value;
    } catch (error) {
      if (error === silence) this.#noteSilence(client);
      throw new StoreUnavailable('The session store', { cause: error });
    }
  }

  /** Closes the connection; commands under way fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await destroy(this.#client);
  }

  /** Keeps trying; resolves as soon as the first attempt has come out one way or the other. */
  async #connect(client: Client): Promise<void> {
    const firstOutcome = Promise.withResolvers<void>();
    // The errors reach whoever runs a command; unheard, they would end the process.
    client.on('error', firstOutcome.resolve);
    void this.#connectForever(client, firstOutcome.resolve);
    await Promise.race([firstOutcome.promise, sleep(commandMs, undefined, { ref: false })]);
    this.#isSettled = true;
  }

  async #connectForever(client: Client, onConnected: () => void): Promise<void> {
    for (let tries = 0; client === this.#client && !this.#isClosed; tries += 1) {
      try {
        await client.connect();
        // Closed meanwhile: a connection that comes about all the same would keep the process alive.
        if (client !== this.#client || this.#isClosed) await destroy(client);
        onConnected();
        return;
      } catch {
        // One server is tried again by the client itself; a cluster or sentinels are not.
        client.emit('error', new StoreUnavailable('Redis'));
      }
      await sleep(backoffMs(tries), undefined, { ref: false });
    }
  }

  #noteSilence(client: Client): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#silences += 1;
    if (this.#silences < silencesMax) return;
    // A connection that swallows commands looks open for many minutes: replace it.
    this.#silences = 0;
    this.#client = this.#open();
    void this.#connect(this.#client);
    void destroy(client);
  }
}

const silence = Symbol('silence');

/** The command's answer, or `silence` thrown when there is none in time. */
async function withinTime<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    // oxlint-disable-next-line prefer-promise-reject-errors -- caught a few lines above.
    timer = setTimeout(reject, commandMs, silence);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function openClient({ urls, mode }: RedisLocation): Client {
  const addresses = urls.map((url) => url.reveal());
  const options = {
    socket: { connectTimeout: connectMs, reconnectStrategy: backoffMs },
    disableOfflineQueue: true,
    commandsQueueMaxLength: commandsWaitingMax,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  } as const;
  switch (mode) {
    case 'single': {
      return createClient({ ...options, url: addresses[0] ?? '' });
    }
    case 'cluster': {
      const [first] = addresses.map((url) => new URL(url));
      return createCluster({
        rootNodes: addresses.map((url) => ({ url })),
        // Servers that the first ones name are reached with the same credentials.
        defaults: {
          ...options,
          socket: { ...options.socket, ...(first?.protocol === 'rediss:' ? { tls: true } : {}) },
          ...credentialsOf(first),
        },
        useReplicas: false,
      }) as unknown as Client;
    }
    case 'sentinel': {
      const sentinels = parseSentinelUrls(addresses);
      const socket = { ...options.socket, ...(sentinels.isTls ? { tls: true as const } : {}) };
      return createSentinel({
        name: sentinels.primary,
        sentinelRootNodes: [...sentinels.nodes],
        nodeClientOptions: {
          ...options,
          socket,
          database: sentinels.database,
          ...sentinels.credentials,
        },
        sentinelClientOptions: { ...options, socket },
        maxCommandRediscovers: 3,
        replicaPoolSize: 0,
        scanInterval: 2000,
        passthroughClientErrorEvents: true,
      }) as unknown as Client;
    }
    default: {
      return unreachable(mode);
    }
  }
}

function credentialsOf(url: URL | undefined): { username?: string; password?: string } {
  return {
    ...(url !== undefined && url.username !== ''
      ? { username: decodeURIComponent(url.username) }
      : {}),
    ...(url !== undefined && url.password !== ''
      ? { password: decodeURIComponent(url.password) }
      : {}),
  };
}

function backoffMs(tries: number): number {
  return Math.min(50 * 2 ** Math.min(tries, 10), reconnectMsMax);
}

async function destroy(client: Client): Promise<void> {
  try {
    // A sentinel's answer is a promise, a server's is none.
    await Promise.resolve(client.destroy());
  } catch {
    // It was closed already.
  }
}
