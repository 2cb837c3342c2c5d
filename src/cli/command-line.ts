/**
 * The command line: finds the command that was typed, runs it, and turns how it ended into an exit
 * code. What was typed wrongly is answered with one line that says what to type instead.
 */

import { Command, CommanderError } from 'commander';

import { closestName } from '../config/source/closest-name.ts';
import { Problem } from '../core/problem.ts';
import { programVersion } from '../platform/version.ts';
import { AuditTrailFull, StoreUnavailable } from '../stores/types.ts';
import { auditExport } from './audit/audit-export.ts';
import { auditPrune } from './audit/audit-prune.ts';
import { auditSign } from './audit/audit-sign.ts';
import { auditSinks } from './audit/audit-sinks.ts';
import { auditVerify } from './audit/audit-verify.ts';
import { backup } from './backup/backup.ts';
import { restore } from './backup/restore.ts';
import { CommandFailure, UsageError, type Cli, type ExitCode } from './cli.ts';
import { commandFrom, type CommandSpec } from './command.ts';
import { configCheck } from './config-check.ts';
import { demo } from './demo.ts';
import { evidence } from './evidence.ts';
import { explainCommand } from './explain/explain-command.ts';
import { keysRotate } from './keys/keys-rotate.ts';
import { keysStartOver } from './keys/keys-start-over.ts';
import { migrate } from './migrate.ts';
import { serve } from './serve.ts';
import { sessionsEndAll } from './sessions/sessions-end-all.ts';
import { tenantAdd } from './tenant/tenant-add.ts';
import { tenantList } from './tenant/tenant-list.ts';
import { tenantSet } from './tenant/tenant-set.ts';
import { complain, harmless } from './terminal.ts';
import { userAdd } from './user/user-add.ts';
import { userDisable, userEnable } from './user/user-disable.ts';
import { userImport } from './user/user-import.ts';
import { userList } from './user/user-list.ts';
import { userResetMfa } from './user/user-reset-mfa.ts';
import { userUnlock } from './user/user-unlock.ts';
import { userSetGroups } from './user/user-set-groups.ts';
import { userSetNetworks } from './user/user-set-networks.ts';
import { userSetPassword } from './user/user-set-password.ts';

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly CommandSpec[] = [
  serve,
  demo,
  configCheck,
  explainCommand,
  userAdd,
  userImport,
  userList,
  userSetPassword,
  userSetGroups,
  userSetNetworks,
  userDisable,
  userEnable,
  userUnlock,
  userResetMfa,
  tenantAdd,
  tenantList,
  tenantSet,
  sessionsEndAll,
  auditVerify,
  auditSign,
  auditExport,
  auditSinks,
  auditPrune,
  evidence,
  keysRotate,
  keysStartOver,
  backup,
  restore,
  migrate,
];

const groups: Readonly<Record<string, string>> = {
  config: 'Look at a configuration.',
  user: 'Users and service accounts.',
  tenant: 'Organisations that users belong to.',
  sessions: 'What people are signed in by.',
  audit: 'The audit trail.',
  keys: 'The keys to seal and to sign with.',
};

/** Runs what was typed (without the program's own name) and says how it ended. Never throws. */
export async function runCommandLine(
  cli: Cli,
  typed: readonly string[],
  specs: readonly CommandSpec[] = commands,
): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = programOf(cli, specs, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(typed, { from: 'user' });
    return code;
  } catch (error) {
    return answer(cli, error, commandTyped(program, typed));
  }
}

function programOf(
  cli: Cli,
  specs: readonly CommandSpec[],
  ended: (code: ExitCode) => void,
): Command {
  const program = new Command('sallyport')
    .description('An MFA gateway for consoles and AI backends that have no MFA themselves.')
    .usage('COMMAND')
    .version(programVersion(), '--version', 'Print the version.');
  const parents = new Map<string, Command>();
  for (const spec of specs) {
    const [first = ''] = spec.name.split(' ');
    const command = commandFrom(spec, cli, ended);
    if (first === spec.name) {
      program.addCommand(command);
      continue;
    }
    const parent = parents.get(first) ?? new Command(first).usage('COMMAND');
    if (!parents.has(first)) program.addCommand(parent.description(groups[first] ?? ''));
    parents.set(first, parent);
    parent.addCommand(command);
  }
  for (const command of everyCommandBelow(program)) {
    command
      .exitOverride()
      .helpCommand(false)
      .helpOption('--help', 'Say how this is typed.')
      .configureOutput({
        writeOut: (text) => cli.terminal.stdout.write(text),
        // Mistakes are answered by ourselves, in one line.
        writeErr: () => undefined,
      });
  }
  return program;
}

function everyCommandBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommandBelow)];
}

/** The command that the words typed lead to, as far as they lead. */
function commandTyped(program: Command, typed: readonly string[]): Command {
  let command = program;
  for (const word of typed) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

function answer(cli: Cli, error: unknown, command: Command): ExitCode {
  const { terminal } = cli;
  const name = fullName(command);
  if (error instanceof CommanderError) {
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return 0;
    const usage = usageOf(error, command);
    complain(terminal, usageLine(name, usage));
    return 2;
  }
  if (error instanceof UsageError) {
    const instead = error.instead ?? `${name} ${command.usage()}`;
    complain(terminal, usageLine(name, { message: error.message, instead }));
    return 2;
  }
  if (error instanceof CommandFailure) {
    for (const line of error.lines) complain(terminal, harmless(line));
    return 1;
  }
  complain(terminal, `${name}: ${harmless(sentenceOf(error))}`);
  if ((terminal.environment['SALLYPORT_DEBUG'] ?? '') !== '' && error instanceof Error) {
    complain(terminal, String(error.stack));
  }
  return 1;
}

interface Usage {
  readonly message: string;
  readonly instead: string;
}

function usageLine(name: string, { message, instead }: Usage): string {
  const joint = message.endsWith('?') ? ' Type:' : '; type:';
  return `${name}: ${harmless(message)}${joint} ${instead}`;
}

function usageOf(error: CommanderError, command: Command): Usage {
  const name = fullName(command);
  const own = `${name} ${command.usage()}`;
  const names = command.commands.map((candidate) => candidate.name());
  switch (error.code) {
    case 'commander.help':
      return { message: 'which command?', instead: `${name} ${names.join('|')}` };
    case 'commander.unknownCommand': {
      const written = /'(?<word>.*)'/s.exec(error.message)?.groups?.['word'] ?? '';
      const near = closestName(written, names);
      const meant = command.commands.find((candidate) => candidate.name() === near);
      const instead =
        meant === undefined
          ? `${name} ${names.join('|')}`
          : `${fullName(meant)} ${meant.commands.length > 0 ? groupUsage(meant) : meant.usage()}`;
      return { message: `there is no command "${written}"`, instead };
    }
    case 'commander.unknownOption': {
      const written = /'(?<word>.*)'/s.exec(error.message)?.groups?.['word'] ?? '';
      const known = command.options.map((option) => option.long ?? '');
      const near = closestName(written, known);
      const hint = near === null ? '' : ` (did you mean ${near}?)`;
      return { message: `there is no option ${written}${hint}`, instead: own };
    }
    default: {
      const text = error.message
        .replace(/^error: /, '')
        .replaceAll(/\s*\n\s*/g, ' ')
        .replace(/\.$/, '');
      return { message: text, instead: own };
    }
  }
}

function groupUsage(group: Command): string {
  return group.commands.map((command) => command.name()).join('|');
}

function fullName(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}

/** What went wrong, in a sentence for an operator. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AuditTrailFull) {
    return 'nothing was changed: too many audit events wait for a collector; see sallyport audit sinks';
  }
  if (error instanceof StoreUnavailable) {
    return `the storage does not answer (${causeOf(error)}); check storage in the configuration`;
  }
  if (error instanceof Problem) return error.detail ?? error.message;
  const { code, address, port } = error as ListenError;
  if (code === 'EADDRINUSE') {
    return `something listens on ${address ?? ''} port ${port ?? ''} already; take another port`;
  }
  return error.message;
}

/** What Node says when it cannot listen. */
interface ListenError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
