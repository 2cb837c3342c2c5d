/** Runs programs for tests: to the end, or in the background until they say something. */

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** What a program that ended left behind. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that goes on. */
export interface Running {
  readonly process: ChildProcess;
  /** Everything that was written so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves once the text stands on standard output or error; rejects when the program ends. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** The checkout's own tools first, whatever the machine has: they need its Node. */
const toolPath = [
  path.join(import.meta.dirname, '../../node_modules/.bin'),
  process.env['PATH'] ?? '',
].join(path.delimiter);

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: string } = {},
): Promise<Ended> {
  const { input, ...rest } = options;
  const running = start(program, args, rest);
  running.process.stdin?.on('error', () => undefined);
  running.process.stdin?.end(input ?? '');
  const [code] = (await once(running.process, 'close')) as [number | null];
  return { code, ...running.output() };
}

/** Starts a program in the background. */
export function start(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Running {
  const child = spawn(program, args, {
    ...options,
    env: { ...process.env, PATH: toolPath, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const output = (): { readonly stdout: string; readonly stderr: string } => ({ stdout, stderr });

  return {
    process: child,
    output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(`${stdout}\n${stderr}`);
          if (match !== null) resolve(match);
        };
        child.stdout?.on('data', look);
        child.stderr?.on('data', look);
        child.on('error', reject);
        child.on('close', () => reject(new Error(`it ended: ${stdout}\n${stderr}`)));
        look();
      }),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const closed = once(child, 'close');
        child.kill(signal);
        await closed;
      }
      return { code: child.exitCode, ...output() };
    },
  };
}
