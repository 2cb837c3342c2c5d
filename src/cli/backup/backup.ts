/** `sallyport backup`: copies the database to a file while a gateway goes on. */

import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Config } from '../../config/config.ts';
import { defaultTenant } from '../../core/ids.ts';
import { eventOnCommandLine } from '../../flows/audit-events.ts';
import {
  copyDatabase,
  inspectDatabase,
  removeDatabase,
  syncFile,
} from '../../stores/sql/sqlite-file.ts';
import { CommandFailure, UsageError, type Cli } from '../cli.ts';
import { administering, configOf, configOption, optionText, type CommandSpec } from '../command.ts';
import { print } from '../terminal.ts';
import { postgresCommands } from './postgres-commands.ts';

/** Makes a backup of an SQLite database; of PostgreSQL it says what to type instead. */
export const backup: CommandSpec = {
  name: 'backup',
  summary: 'Copy the database to a file, also while a gateway runs on it.',
  args: [],
  options: [configOption, ['--out FILE', 'Where to; a file that is not there yet.']],
  example: '--config FILE --out FILE',
  run: async (cli, typed) => {
    const out = optionText(typed, 'out');
    if (out === null) throw new UsageError('where to? There is no --out');
    const config = configOf(cli, typed);
    const { database } = config.storage;
    if (database.kind === 'postgres') {
      throw new CommandFailure([
        'The database is PostgreSQL, which makes backups itself, also while gateways run:',
        `  ${postgresCommands(database.url, out).dump}`,
        'Nothing was written. To restore it, see "Backup and restore" in docs/operations.md.',
      ]);
    }
    const file = path.resolve(out);
    if (existsSync(file)) {
      throw new CommandFailure([`There is a file ${file} already. Nothing was written.`]);
    }
    await make(cli, config, database.file, file);
    return 0;
  },
};

async function make(cli: Cli, config: Config, database: string, file: string): Promise<void> {
  const partial = `${file}.${String(process.pid)}.partial`;
  const roots = await administering(
    cli,
    config,
    async ({ flows }) => {
      // First, so that the backup knows of itself.
      await flows.stores.audit.append(
        eventOnCommandLine(
          { id: null, tenant: defaultTenant },
          {
            at: flows.clock.now(),
            type: 'backup.made',
            severity: 'notice',
            details: { file: path.basename(file) },
          },
        ),
      );
      removeDatabase(partial);
      copyDatabase(database, partial);
      const uses = await flows.stores.sealedValues.countByRoot();
      return [...new Set(uses.map(({ rootId }) => rootId).filter((id) => id !== null))];
    },
    { work: 'long' },
  );
  try {
    const { people, head } = inspectDatabase(partial);
    renameSync(partial, file);
    syncFile(path.dirname(file));
    print(
      cli.terminal,
      `${file}: ${accounts(people)} and the audit trail up to event ${String(head.seq)}, ` +
        `${String(Math.ceil(statSync(file).size / 1024))} KiB, checked.`,
    );
  } catch (error) {
    removeDatabase(partial);
    throw error;
  }
  tellKeys(cli, config.storage.encryptionKeyFile, roots);
}

function accounts(count: number): string {
  return count === 1 ? '1 account' : `${String(count)} accounts`;
}

/** Neither is of use without the other, and whoever has both can read every secret. */
function tellKeys(cli: Cli, keyFile: string, roots: readonly string[]): void {
  const beside = readdirSync(path.dirname(keyFile))
    .filter((name) => name === path.basename(keyFile) || isKeyOf(name, keyFile, roots))
    .map((name) => path.join(path.dirname(keyFile), name));
  print(
    cli.terminal,
    `The keys are not in it. It is of no use without ${beside.join(' and ')}: keep a copy of ` +
      'each somewhere else, where nobody has the backup too.',
  );
}

function isKeyOf(name: string, keyFile: string, roots: readonly string[]): boolean {
  return roots.some((id) => name === `${path.basename(keyFile)}.${id}.old`);
}
