/**
 * Runs everything that must hold, fast things first, and stops at the first group that fails.
 *
 * `npm test` runs all groups, `npm run check` those that need no other program. Group names given
 * as arguments pick groups: `npm test -- unit integration`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

interface Group {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Part of `npm run check`. */
  readonly isQuick: boolean;
}

const root = path.join(import.meta.dirname, '..');

// A row is read left to right: name, what is run, whether `npm run check` runs it too.
// prettier-ignore
const groups: readonly Group[] = [
  group('format',      ['oxfmt', '--check'],               'quick'),
  group('lint',        ['oxlint', '--type-aware'],         'quick'),
  group('types',       ['tsc', '--noEmit'],                'quick'),
  group('tidy',        tests('test/*.test.ts'),            'quick'),
  group('unit',        tests('test/unit/**/*.test.ts'),    'quick'),
  group('property',    tests('test/property/**/*.test.ts'),   'quick'),
  group('conformance', tests('test/conformance/**/*.test.ts'), 'quick'),
  group('packages',    ['scripts/system-packages.sh'],     'slow'),
  group('contract',    tests('test/contract/**/*.test.ts'),   'slow'),
  group('cli',         tests('test/cli/**/*.test.ts'),        'slow'),
  group('integration', tests('test/integration/**/*.test.ts'), 'slow'),
  group('fault',       tests('test/fault/**/*.test.ts'),      'slow'),
  group('e2e',         tests('test/e2e/**/*.test.ts'),        'slow'),
];

process.exitCode = run(process.argv.slice(2));

function run(args: readonly string[]): number {
  const isChosen = ({ name, isQuick }: Group): boolean =>
    args.includes('--quick') ? isQuick : args.length === 0 || args.includes(name);
  const chosen = groups.filter(isChosen);
  if (chosen.length === 0) {
    process.stderr.write(`There are these groups: ${groups.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  for (const { name, command } of chosen) {
    const startedAt = performance.now();
    process.stdout.write(`\n── ${name}: ${command.join(' ')}\n`);
    const [program, ...rest] = command;
    const { status, error } = spawnSync(program, rest, { cwd: root, stdio: 'inherit', env: env() });
    if (error !== undefined) process.stderr.write(`${error.message}\n`);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (status !== 0) {
      process.stderr.write(`\n✖ ${name} failed after ${seconds} s\n`);
      return 1;
    }
    process.stdout.write(`✔ ${name}, ${seconds} s\n`);
  }
  return 0;
}

function group(
  name: string,
  command: readonly [string, ...string[]],
  speed: 'quick' | 'slow',
): Group {
  return { name, command, isQuick: speed === 'quick' };
}

/** One process for each test file. A folder without tests is a mistake and fails the run. */
function tests(pattern: string): readonly [string, ...string[]] {
  const files = globSync(pattern, { cwd: root }).toSorted();
  const concurrency = Math.max(1, availableParallelism());
  return [
    process.execPath,
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    // A test that hangs must not hang the run.
    `--test-timeout=${5 * 60_000}`,
    ...(files.length > 0 ? files : [pattern]),
  ];
}

/** The tools of this checkout come first, whatever is installed on the machine. */
function env(): NodeJS.ProcessEnv {
  const bin = path.join(root, 'node_modules/.bin');
  if (!existsSync(bin)) process.stderr.write('Run `npm ci` first.\n');
  return { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` };
}
