/** `sallyport migrate`: brings the database to the schema of this version. */

import { configOf, configOption, type CommandSpec } from './command.ts';
import { print } from './terminal.ts';

/** Migrates the database. A database of a newer version is refused. */
export const migrate: CommandSpec = {
  name: 'migrate',
  summary: 'Bring the database to the schema of this version.',
  args: [],
  options: [configOption],
  example: '--config FILE',
  run: async (cli, typed) => {
    await cli.tools.migrate(configOf(cli, typed));
    print(cli.terminal, 'The database has the schema of this version.');
    return 0;
  },
};
