/** Runs commands inside the test: what is typed, then exactly what is printed. */

import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Tools } from '../../src/cli/cli.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { tools as realTools } from '../../src/cli/tools.ts';
import { fixedClock, type FixedClock } from './fixed-clock.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What a command left behind. */
export interface Transcript {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is run with; what is not said is empty. */
export interface CommandSurroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly isTerminal?: boolean;
  readonly tools?: Tools;
  /** What the command takes for now; noon otherwise. What the stores write is of today. */
  readonly clock?: FixedClock;
}

/** Runs a command at noon. `words` is the line as typed, without `sallyport`. */
export async function runCommand(
  words: readonly string[],
  {
    environment = {},
    stdin = '',
    isTerminal = false,
    tools = realTools,
    clock = fixedClock(),
  }: CommandSurroundings = {},
): Promise<Transcript> {
  const stdout = collecting(isTerminal);
  const stderr = collecting(isTerminal);
  const code = await runCommandLine(
    {
      terminal: { environment, stdin: Readable.from([stdin]), stdout, stderr },
      tools,
      clock,
    },
    words,
  );
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function collecting(isTTY: boolean) {
  const pieces: string[] = [];
  const stream = new Writable({
    write(piece, _encoding, done) {
      pieces.push(String(piece));
      done();
    },
  });
  return Object.assign(stream, { isTTY, text: () => pieces.join('') });
}

/** An installation in a folder of its own. */
export interface Installation {
  readonly folder: string;
  readonly configFile: string;
  /** Runs a command of which the words after the name are given as one text. */
  run(line: string, surroundings?: CommandSurroundings): Promise<Transcript>;
  remove(): void;
}

const consoleConfig = `server: { publicUrl: https://console.example.com }
networks: { zone-e: [10.20.0.0/24] }
policy:
  tiers: { TIER0: [ADMINS], TIER1: [SEC-OPS] }
routes:
  - name: admin
    path: /admin/**
    upstream: http://10.0.0.5:8000
    network: zone-e
    adminConsole: true
    rules: [{ for: { groups: [ADMINS] } }]
  - name: console
    path: /console/**
    upstream: http://10.0.0.5:8000
    rules:
      - when: { path: /console/assets/**, method: GET }
        effect: public
      - when: { method: [POST, DELETE] }
        requires: { within: 5m }
      - when: { path: /console/old/** }
        effect: deny
      - requires: { level: 2 }
`;

/** Puts a configuration and the operator's policy into a folder. */
export function installation(config: string = consoleConfig): Installation {
  const folder = temporaryFolder();
  const configFile = path.join(folder.path, 'sallyport.yaml');
  writeFileSync(configFile, config);
  cpSync(
    path.join(import.meta.dirname, '../../config/mfa-policy.yaml'),
    path.join(folder.path, 'mfa-policy.yaml'),
  );
  return {
    folder: folder.path,
    configFile,
    run: (line, surroundings = {}) =>
      runCommand(line.split(' '), {
        ...surroundings,
        environment: { SALLYPORT_CONFIG: configFile, ...surroundings.environment },
      }),
    remove: () => folder.remove(),
  };
}
