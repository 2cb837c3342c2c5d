/**
 * Throw-away Redis and PostgreSQL servers on loopback, with their data in a temporary folder.
 *
 * They can be stopped, frozen and started again on the same port, so that a test sees what a
 * program makes of a server that goes away.
 */

import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, globSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Secret } from '../../src/platform/secret.ts';
import { freePort, listening } from './listening.ts';
import { run, start, type Running } from './run.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

/** A server that a test may treat badly. */
export interface ThrowAwayServer {
  readonly url: Secret;
  /** Ends it at once; its data stay. */
  kill(): Promise<void>;
  /** Stops it from doing anything, without closing a connection. */
  freeze(): void;
  thaw(): void;
  /** Starts it again after `kill`. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Starts Redis. Nothing is written to disk: after `kill` it has forgotten everything. */
export async function startRedis(settings: readonly string[] = []): Promise<ThrowAwayServer> {
  const program = programNamed('redis-server', [], 'apt-get install redis-server');
  const folder = temporaryFolder();
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path];
  const boot = async (): Promise<Running> => {
    const server = start(program, [...args, '--save', '', '--appendonly', 'no', ...settings]);
    await server.says(/Ready to accept connections/);
    return server;
  };
  return serverOn({
    url: `redis://127.0.0.1:${String(port)}/0`,
    boot,
    folder,
    signal: 'SIGKILL',
  });
}

/** Starts a sentinel that watches a Redis under the name `main`. */
export async function startSentinel(watched: ThrowAwayServer): Promise<ThrowAwayServer> {
  const program = programNamed('redis-server', [], 'apt-get install redis-server');
  const folder = temporaryFolder();
  const port = await freePort();
  const file = path.join(folder.path, 'sentinel.conf');
  const watchedPort = new URL(watched.url.reveal()).port;
  writeFileSync(
    file,
    [
      `port ${String(port)}`,
      'bind 127.0.0.1',
      `dir ${folder.path}`,
      `sentinel monitor main 127.0.0.1 ${watchedPort} 1`,
      'sentinel down-after-milliseconds main 500',
    ].join('\n'),
  );
  const boot = async (): Promise<Running> => {
    const server = start(program, [file, '--sentinel']);
    await server.says(/\+monitor master main/);
    return server;
  };
  const url = `redis+sentinel://127.0.0.1:${String(port)}/main`;
  return serverOn({ url, boot, folder, signal: 'SIGKILL' });
}

/** Makes a PostgreSQL cluster and starts it. */
export async function startPostgres(): Promise<ThrowAwayServer> {
  const places = globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed();
  const install = 'apt-get install postgresql';
  const initdb = programNamed('initdb', places, install);
  const program = programNamed('postgres', places, install);
  const folder = temporaryFolder();
  const data = path.join(folder.path, 'data');
  const port = await freePort();
  const identity = await unprivileged(folder.path);
  const made = await run(
    initdb,
    ['-D', data, '-U', 'sallyport', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    identity,
  );
  assert.equal(made.code, 0, made.stderr);
  const settings = [
    `port=${String(port)}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder.path}`,
    // As durable as a test needs: the data go away with the folder.
    'fsync=off',
  ].flatMap((setting) => ['-c', setting]);
  const boot = async (): Promise<Running> => {
    const server = start(program, ['-D', data, ...settings], identity);
    await server.says(/ready to accept connections/);
    return server;
  };
  return serverOn({
    url: `postgres://sallyport@127.0.0.1:${String(port)}/postgres`,
    boot,
    folder,
    // Immediate shutdown: its processes end together, without waiting for anybody.
    signal: 'SIGQUIT',
  });
}

/** A server that takes connections and never says a word. */
export async function startBlackHole(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  const { port } = await listening(server);
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serverOn(options: {
  readonly url: string;
  readonly boot: () => Promise<Running>;
  readonly folder: TemporaryFolder;
  readonly signal: NodeJS.Signals;
}): Promise<ThrowAwayServer> {
  let server = await options.boot();
  const kill = async (): Promise<void> => {
    server.process.kill('SIGCONT');
    await server.stop(options.signal);
  };
  return {
    url: new Secret(options.url),
    kill,
    freeze: () => {
      server.process.kill('SIGSTOP');
    },
    thaw: () => {
      server.process.kill('SIGCONT');
    },
    restart: async () => {
      server = await options.boot();
    },
    remove: async () => {
      await kill();
      // The kernel may give the folder up a moment after the processes.
      await pause(20);
      options.folder.remove();
    },
  };
}

function programNamed(name: string, places: readonly string[], install: string): string {
  const folders = [...places, ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  assert.ok(found !== undefined, `The tests need ${name}. Install it: ${install}`);
  return found;
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
async function unprivileged(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
  chmodSync(folder, 0o700);
  chownSync(folder, uid, gid);
  return { uid, gid };
}

async function idOf(which: '-u' | '-g'): Promise<number> {
  const { code, stdout } = await run('id', [which, 'postgres']);
  assert.equal(code, 0, 'As root the tests need a user named postgres: apt-get install postgresql');
  return Number(stdout);
}
