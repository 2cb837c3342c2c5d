/**
 * `sallyport restore`: puts a backup in the place of the database, and ends everything that may have
 * ended since it was made, before anybody is let in.
 *
 * The file under the configured name is never a backup that this was not done to: it is done to a
 * copy beside it, which then takes its place in one step.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Config } from '../../config/config.ts';
import type { EpochMs } from '../../core/time.ts';
import { afterRestore, type Replaced, type Restored } from '../../flows/operating/after-restore.ts';
import {
  closeJournal,
  copyDatabase,
  inspectDatabase,
  removeDatabase,
  replaceDatabase,
  takeDatabase,
  type HeldDatabase,
} from '../../stores/sql/sqlite-file.ts';
import type { ChainHead } from '../../stores/types/restoring.ts';
import { CommandFailure, UsageError, type Cli } from '../cli.ts';
import {
  administering,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
} from '../command.ts';
import { complain, print } from '../terminal.ts';
import { eventsAfter, exportedEvents } from './exported-events.ts';
import { postgresCommands } from './postgres-commands.ts';
import { tellRestored } from './restored-words.ts';

/** Restores a backup, or sees to a database that was restored by other means. */
export const restore: CommandSpec = {
  name: 'restore',
  summary: 'Put a backup in the place of the database; ends all sessions and withdraws all links.',
  args: [],
  options: [
    configOption,
    ['--from FILE', 'The backup, for SQLite. No gateway may run.'],
    ['--after-restore', 'The database was put back by other means (pg_restore): do the rest.'],
    [
      '--audit FILE',
      'An export of the audit trail (jsonl), to say what happened since the backup.',
    ],
  ],
  example: '--config FILE --from FILE',
  run: async (cli, typed) => {
    const from = optionText(typed, 'from');
    const isAfter = optionFlag(typed, 'afterRestore');
    if ((from === null) !== isAfter) {
      throw new UsageError('either --from or --after-restore');
    }
    const config = configOf(cli, typed);
    const exported = exportedIn(optionText(typed, 'audit'));
    if (from === null) {
      const restored = await seeTo(cli, config, { file: null, knowing: exported });
      print(cli.terminal, 'The restored database is ready to be served.');
      tellRestored(cli.terminal, restored, config.portal.timeZone);
      return 0;
    }
    const { database } = config.storage;
    if (database.kind === 'postgres') {
      throw new CommandFailure([
        'The database is PostgreSQL. Stop every gateway, and restore with its own tools:',
        `  ${postgresCommands(database.url, from).restore}`,
        'Then, before a gateway runs: sallyport restore --after-restore --config FILE',
      ]);
    }
    await restoreFile(cli, config, { file: database.file, from: path.resolve(from), exported });
    return 0;
  },
};

/** Says what is known of the database that is replaced, from where its backup ends. */
type Knowing = (head: ChainHead) => Replaced;

const nothingKnown: Replaced = { head: null, events: null };

function exportedIn(file: string | null): Knowing {
  if (file === null) return () => nothingKnown;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new CommandFailure([`The file ${file} cannot be read.`]);
  }
  const events = exportedEvents(text);
  if (events === null) {
    throw new CommandFailure([
      `${file} is no export of the audit trail: sallyport audit export --format jsonl`,
    ]);
  }
  return ({ hash }) => eventsAfter(events, hash);
}

async function restoreFile(
  cli: Cli,
  config: Config,
  {
    file,
    from,
    exported,
  }: { readonly file: string; readonly from: string; readonly exported: Knowing },
): Promise<void> {
  if (from === file) throw new CommandFailure([`${from} is the database itself.`]);
  const held = hold(cli, file);
  const copy = `${file}.restoring`;
  try {
    removeDatabase(copy);
    copyDatabase(from, copy);
    const { head } = inspectDatabase(copy);
    const replaced = knownOf(held, head) ?? exported(head);
    const restored = await seeTo(cli, config, { file: copy, knowing: () => replaced });
    closeJournal(copy);
    const aside = `${file}.replaced-${stampOf(cli.clock.now())}`;
    const wasThere = existsSync(file);
    replaceDatabase(file, copy, aside);
    if (wasThere) print(cli.terminal, `The database before it is kept: ${aside}`);
    print(cli.terminal, `${from} was restored to ${file}.`);
    tellRestored(cli.terminal, restored, config.portal.timeZone);
  } finally {
    removeDatabase(copy);
    held?.release();
  }
}

/** Keeps everybody else out of the database until it is replaced. */
function hold(cli: Cli, file: string): HeldDatabase | null {
  const held = existsSync(file) ? takeDatabase(file) : null;
  if (held === 'in-use') {
    throw new CommandFailure([
      `Somebody has ${file} open. Stop the gateway first. Nothing was changed.`,
    ]);
  }
  if (held !== 'damaged') return held;
  complain(
    cli.terminal,
    `${file} is damaged: whether a gateway has it open cannot be said. Make sure that none runs.`,
  );
  return null;
}

function knownOf(held: HeldDatabase | null, head: ChainHead): Replaced | null {
  const events = held?.eventsAfter(head) ?? null;
  return events === null ? null : { head: held?.chainHead() ?? null, events };
}

/**
 * Does what a restored database needs. Sinks that are down must not stand in the way: they are sent
 * the events once a gateway runs.
 */
async function seeTo(
  cli: Cli,
  config: Config,
  { file, knowing }: { readonly file: string | null; readonly knowing: Knowing },
): Promise<Restored> {
  const storage =
    file === null
      ? config.storage
      : { ...config.storage, database: { kind: 'sqlite', file } as const };
  const auditTrail = { ...config.auditTrail, syslog: null, webhook: null };
  return await administering(
    cli,
    { ...config, storage, auditTrail },
    async ({ flows }) => {
      const head = await flows.stores.restoring.chainHead();
      return await afterRestore(flows, knowing(head));
    },
    { work: 'long' },
  );
}

/** `20260302T120000Z`, for the name of a file. */
function stampOf(at: EpochMs): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
