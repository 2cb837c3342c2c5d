/** What the bench reads off a process and off wrk; Linux only, since it reads /proc. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Linux counts process time in hundredths of a second (`getconf CLK_TCK`). */
const microsecondsPerTick = 10_000;

/** CPU time that the processes have used so far, user and system, in microseconds. */
export function cpuMicroseconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * microsecondsPerTick;
}

/** Resident memory of the processes in KiB. */
export function residentKib(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    total += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  }
  return total;
}

/** One run of wrk. */
export interface Load {
  readonly requests: number;
  readonly failures: number;
  readonly requestsPerSecond: number;
  readonly p99Milliseconds: number;
}

/** Loads an address for some seconds over keep-alive connections. */
export async function load(
  url: string,
  options: {
    readonly seconds: number;
    readonly connections: number;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<Load> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${String(options.connections)}`,
    `-d${String(options.seconds)}s`,
    '--latency',
    ...headers,
    url,
  ]);
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? '0';
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  const perUnit = { us: 0.001, ms: 1, s: 1000 } as const;
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0),
    failures: Number(bad),
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    p99Milliseconds: Number(p99?.[1] ?? Number.NaN) * perUnit[(p99?.[2] ?? 'ms') as 'us'],
  };
}

/** Resolves when somebody listens on the port. */
export async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nobody listens on port ${String(port)}`);
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The second field is the name in parentheses, which may hold blanks; count from behind it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
