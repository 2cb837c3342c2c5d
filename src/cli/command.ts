/** One command, as a value: how it is typed and what it does. */

import { Command, Option } from 'commander';

import type { Config } from '../config/config.ts';
import { formatFault } from '../config/faults.ts';
import { readConfig, type LoadOptions } from '../config/load.ts';
import {
  CommandFailure,
  UsageError,
  type Administration,
  type AdministrationOptions,
  type Cli,
  type ExitCode,
} from './cli.ts';

/** What was typed: arguments by position, options by their camel-case name. */
export interface Typed {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** One command. Pure data but for `run`. */
export interface CommandSpec {
  /** `user add` for a command in a group. */
  readonly name: string;
  readonly summary: string;
  /** Arguments as they are typed, all required: `['NAME']`. */
  readonly args: readonly string[];
  /** Options as they are typed, each with what it says: `['--port N', 'Listen on this port.']`. */
  readonly options: readonly (readonly [string, string])[];
  /** What follows the name in an example that works: `NAME --config FILE`. */
  readonly example: string;
  readonly run: (cli: Cli, typed: Typed) => Promise<ExitCode>;
}

/** `--config FILE`, for every command that needs it. */
export const configOption = [
  '--config FILE',
  'The configuration file; SALLYPORT_CONFIG names it otherwise.',
] as const;

/** Makes the commander command of a spec; `ended` hears of how it came out. */
export function commandFrom(spec: CommandSpec, cli: Cli, ended: (code: ExitCode) => void): Command {
  const command = new Command(spec.name.split(' ').at(-1));
  command.description(spec.summary).usage(spec.example).allowExcessArguments(false);
  for (const arg of spec.args) command.argument(`<${arg}>`);
  for (const [flags, description] of spec.options) {
    const withValue = flags.replace(/ ([A-Z,a-z|@\d]+)$/, ' <$1>');
    command.addOption(new Option(withValue, description));
  }
  command.action(async () => {
    const typed: Typed = { args: command.args, options: command.opts() };
    ended(await spec.run(cli, typed));
  });
  return command;
}

/** The value of an option, or null when it was not typed. */
export function optionText(typed: Typed, name: string): string | null {
  const value = typed.options[name];
  return typeof value === 'string' ? value : null;
}

/** Says whether an option without a value was typed. */
export function optionFlag(typed: Typed, name: string): boolean {
  return typed.options[name] === true;
}

/** The port that was typed, or null; `instead` is an example to type when it is no port. */
export function optionPort(typed: Typed, instead: string): number | null {
  const text = optionText(typed, 'port');
  if (text === null) return null;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError('--port is a number from 0 to 65535', instead);
}

/** The path of the configuration file, as typed or from the environment. */
export function configFile(cli: Cli, typed: Typed): string {
  const file = optionText(typed, 'config') ?? cli.terminal.environment['SALLYPORT_CONFIG'] ?? '';
  if (file !== '') return file;
  throw new UsageError('which configuration? There is neither --config nor SALLYPORT_CONFIG');
}

/**
 * The configuration, or the end of the command with everything that is wrong with it. Accounts of
 * an application that has the gate as middleware are administered with the same commands, so only
 * who is about to forward something insists on upstreams.
 */
export function configOf(
  cli: Cli,
  typed: Typed,
  { port = null, upstreams = 'optional' }: Partial<Omit<LoadOptions, 'environment'>> = {},
): Config {
  const { environment } = cli.terminal;
  const reading = readConfig(configFile(cli, typed), { environment, upstreams, port });
  if (reading.ok) return reading.config;
  throw new CommandFailure(reading.faults.map(formatFault));
}

/** Opens the stores for some work and closes them afterwards, whatever happens. */
export async function administering<Value>(
  cli: Cli,
  config: Config,
  work: (administration: Administration) => Promise<Value>,
  options: AdministrationOptions = {},
): Promise<Value> {
  const administration = await cli.tools.openForAdministration(config, options);
  try {
    return await work(administration);
  } finally {
    await administration.close();
  }
}

/** Names separated by commas, as a list without blanks. */
export function commaList(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
