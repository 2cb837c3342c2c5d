/**
 * Figures, not assertions: what the gate costs beside proxies without one. Run by `npm run bench`.
 *
 * Each round measures every contender once, in turn, so that a machine that slows down slows all of
 * them; the medians over the rounds are compared. CPU time is the processes' own, as the kernel
 * accounts it, so a busy neighbour does not count. Needs wrk, nginx and redis-server.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { cpuMicroseconds, listening, load, median, residentKib } from './measure.ts';
import {
  gatewayUnderBench,
  signedInCookie,
  signInFrom,
  stormPeople,
  stormPerson,
} from './gateway-under-bench.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    sockets: { type: 'string', default: '5000' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connections = 32;
const warmUpSeconds = 8;

/** A proxy in front of the bench's upstream. */
interface Contender {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pids: readonly number[];
}

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bench-'));
const children: ChildProcess[] = [];
try {
  await main();
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const contenders = await startContenders();
  const figures = new Map<string, Figures>();
  for (const { name } of contenders) figures.set(name, { cpu: [], rate: [] });
  // What runs for weeks is measured, not what the compiler has not got round to yet.
  for (const { url, headers } of contenders) {
    await load(url, { seconds: warmUpSeconds, connections, headers });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const before = cpuMicroseconds(contender.pids);
      const result = await load(contender.url, {
        seconds,
        connections,
        headers: contender.headers,
      });
      assert.equal(result.failures, 0, `${contender.name} refused ${result.failures} requests`);
      const spent = cpuMicroseconds(contender.pids) - before;
      figures.get(contender.name)?.cpu.push(spent / result.requests);
      figures.get(contender.name)?.rate.push(result.requestsPerSecond);
    }
  }
  const table = contenders.map(({ name }) => {
    const { cpu, rate } = figures.get(name) ?? { cpu: [], rate: [] };
    return { name, cpu: median(cpu), rate: median(rate) };
  });
  const measured = {
    machine: `${String(availableParallelism())} × ${cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    rounds,
    seconds,
    proxies: table,
    ...(await restAndStart()),
    ...(await signInStorm(contenders)),
    ...(await idleSockets(contenders)),
  };
  writeFileSync(
    path.join(import.meta.dirname, 'latest.json'),
    `${JSON.stringify(measured, null, 2)}\n`,
  );
  print(measured);
}

interface Figures {
  readonly cpu: number[];
  readonly rate: number[];
}

async function startContenders(): Promise<readonly Contender[]> {
  start('node', [own('upstream'), '18100']);
  await listening(18_100);
  const bareNode = start('node', [own('bare-node'), '18101', '18100']);
  const express = start('node', [own('express-proxy'), '18102', '18100']);
  const nginx = start('nginx', ['-p', folder, '-c', nginxConfig(), '-g', 'daemon off;']);
  start('redis-server', ['--port', '18110', '--save', '', '--dir', folder]);
  await Promise.all([18_101, 18_102, 18_103, 18_110].map((port) => listening(port)));

  const gateways: Contender[] = [];
  for (const [name, port, sessions] of [
    ['gateway, session in SQLite', 18_104, 'database'],
    ['gateway, session in Redis', 18_105, 'redis://127.0.0.1:18110'],
  ] as const) {
    const under = await gatewayUnderBench({
      folder: path.join(folder, String(port)),
      port,
      upstreamPort: 18_100,
      sessions,
    });
    const child = start('node', ['dist/main.js', 'serve', '--config', under.configFile]);
    await listening(port);
    const cookie = await signedInCookie(under);
    gateways.push({ name, url: `${under.url}/app/x`, headers: { cookie }, pids: pidsOf(child) });
  }
  return [
    plain('nginx', 18_103, nginx),
    plain('bare Node', 18_101, bareNode),
    plain('bare Express + http-proxy-middleware', 18_102, express),
    ...gateways,
  ];
}

function plain(name: string, port: number, child: ChildProcess): Contender {
  return {
    name,
    url: `http://127.0.0.1:${String(port)}/app/x`,
    headers: {},
    pids: pidsOf(child),
  };
}

/** Resident memory just after start, and the time from spawn to the first accepted connection. */
async function restAndStart(): Promise<{ startMilliseconds: number; restMebibytes: number }> {
  const starts: number[] = [];
  const rests: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const under = await gatewayUnderBench({
      folder: path.join(folder, `start-${String(round)}`),
      port: 18_106,
      upstreamPort: 18_100,
      sessions: 'database',
    });
    const before = performance.now();
    const child = start('node', ['dist/main.js', 'serve', '--config', under.configFile]);
    await listening(18_106);
    starts.push(performance.now() - before);
    await pause(500);
    rests.push(residentKib(pidsOf(child)) / 1024);
    await stop(child);
  }
  return { startMilliseconds: median(starts), restMebibytes: median(rests) };
}

/** What 50 people signing in at once do to the p99 of requests that are merely passed on. */
async function signInStorm(
  contenders: readonly Contender[],
): Promise<{ calmP99: number; stormP99: number; stormSignIns: number }> {
  const gateway = contenders.find(({ name }) => name.includes('SQLite'));
  assert.ok(gateway);
  const calm: number[] = [];
  const stormy: number[] = [];
  const signIns: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // A light load: what is asked is how long a request waits, not how many fit.
    const light = { seconds, connections: 2, headers: gateway.headers };
    calm.push((await load(gateway.url, light)).p99Milliseconds);
    const storm = startStorm(new URL(gateway.url).origin);
    stormy.push((await load(gateway.url, light)).p99Milliseconds);
    signIns.push(await storm.end());
  }
  return { calmP99: median(calm), stormP99: median(stormy), stormSignIns: median(signIns) };
}

/** Memory of a WebSocket that does nothing, and of one through the bare Express application. */
async function idleSockets(contenders: readonly Contender[]): Promise<Record<string, number>> {
  const count = Number(options.sockets);
  const results: Record<string, number> = { sockets: count };
  for (const contender of contenders.filter(({ name }) => /Express|SQLite/.test(name))) {
    // The bare application listens for upgrades only after its first request.
    await fetch(contender.url, { headers: contender.headers });
    await pause(2000);
    const before = residentKib(contender.pids);
    const sockets: WebSocket[] = [];
    for (let opened = 0; opened < count; opened += 100) {
      const batch = await Promise.all(
        Array.from({ length: Math.min(100, count - opened) }, () => openSocket(contender)),
      );
      sockets.push(...batch);
    }
    await pause(2000);
    results[`KiB per idle WebSocket, ${contender.name}`] =
      (residentKib(contender.pids) - before) / count;
    for (const socket of sockets) socket.terminate();
    await pause(1000);
  }
  return results;
}

function openSocket(contender: Contender): Promise<WebSocket> {
  const url = contender.url.replace('http', 'ws');
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: contender.headers, perMessageDeflate: false });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Fifty people at fifty addresses who sign in, and sign in again, until the storm is over. */
function startStorm(origin: string): { end(): Promise<number> } {
  const storm = { isOver: false };
  let signedIn = 0;
  const visitor = async (_: unknown, at: number): Promise<void> => {
    const localAddress = `127.0.1.${String(at + 1)}`;
    while (!storm.isOver) {
      if (await signInFrom(localAddress, origin, stormPerson(at))) signedIn += 1;
    }
  };
  const visitors = Array.from({ length: stormPeople }, visitor);
  return {
    end: async () => {
      storm.isOver = true;
      await Promise.all(visitors);
      return signedIn;
    },
  };
}

function print(measured: Awaited<ReturnType<typeof restAndStart>> & Record<string, unknown>): void {
  const proxies = measured['proxies'] as readonly { name: string; cpu: number; rate: number }[];
  const bare = proxies.find(({ name }) => name.includes('Express'))?.cpu ?? Number.NaN;
  const lines = [
    'proxy                                  CPU µs/request   ratio   requests/s',
    ...proxies.map(({ name, cpu, rate }) =>
      [
        name.padEnd(38),
        cpu.toFixed(0).padStart(14),
        (cpu / bare).toFixed(2).padStart(8),
        rate.toFixed(0).padStart(12),
      ].join(' '),
    ),
    '',
    ...Object.entries(measured)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => `${name}: ${(value as number).toFixed(2)}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function own(name: string): string {
  return path.join(import.meta.dirname, 'contenders', `${name}.ts`);
}

function start(program: string, args: readonly string[]): ChildProcess {
  const command = program === 'node' ? process.execPath : program;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function pidsOf(child: ChildProcess): readonly number[] {
  assert.ok(child.pid !== undefined, 'the process did not start');
  return [child.pid];
}

function nginxConfig(): string {
  const file = path.join(folder, 'nginx.conf');
  mkdirSync(path.join(folder, 'logs'), { recursive: true });
  // One process does the work itself, so that its account is the whole account.
  writeFileSync(
    file,
    `master_process off; error_log stderr warn; pid ${folder}/nginx.pid;
     events { worker_connections 1024; }
     http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       upstream bench { server 127.0.0.1:18100; keepalive 64; }
       server { listen 127.0.0.1:18103; keepalive_requests 1000000;
         location / { proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  );
  return file;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
