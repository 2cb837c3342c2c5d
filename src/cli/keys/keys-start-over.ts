/** `sallyport keys start-over`: break-glass, for when the encryption key is lost for good. */

import type { Config } from '../../config/config.ts';
import {
  countLosses,
  type KeyLoss,
  lossOf,
  replaceLostKey,
  startOver,
} from '../../flows/operating/start-over.ts';
import { systemRandom } from '../../platform/random.ts';
import { openDatabase } from '../../stores/sql/database.ts';
import { takeDatabase } from '../../stores/sql/sqlite-file.ts';
import { CommandFailure, UsageError } from '../cli.ts';
import {
  administering,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
} from '../command.ts';
import { complain, print } from '../terminal.ts';
import { openLinksFile } from '../user/links-file.ts';

/** Makes another key and throws away what was sealed under the lost one. */
export const keysStartOver: CommandSpec = {
  name: 'keys start-over',
  summary: 'Go on without an encryption key that is lost; everybody enrolls anew (break-glass).',
  args: [],
  options: [
    configOption,
    ['--reason R', 'Why; kept in the audit trail.'],
    ['--ticket T', 'Where it was decided; kept in the audit trail.'],
    ['--links-file FILE', 'Where to write the links by which people enroll anew.'],
    ['--discard', 'Do it; without, it says what would be lost.'],
  ],
  example: '--config FILE --reason "disk lost" --ticket OPS-1 --links-file links.csv --discard',
  run: async (cli, typed) => {
    const reason = optionText(typed, 'reason');
    const ticket = optionText(typed, 'ticket');
    const linksFile = optionText(typed, 'linksFile');
    if (reason === null || ticket === null || linksFile === null) {
      throw new UsageError(
        'this needs --reason and --ticket, kept in the audit trail, and --links-file',
      );
    }
    const config = configOf(cli, typed);
    const file = config.storage.encryptionKeyFile;
    const { loss, people } = await lookAt(config);
    if (loss === 'no') {
      throw new CommandFailure([
        `The key that the database needs is in ${file}, or none is needed: nothing is lost.`,
      ]);
    }
    if (!optionFlag(typed, 'discard')) {
      throw new CommandFailure([
        `${sentences[loss]} Look for it in your backups first: ${file}`,
        `People concerned: ${String(people)}. They lose their authenticators and recovery codes, and ` +
          'enroll anew by a one-time link; every session ends. Accounts, passwords, groups and ' +
          'the audit trail stay.',
        'Nothing was changed. To do it, add --discard',
      ]);
    }
    assertUnused(config);
    const links = openLinksFile(linksFile);
    try {
      const aside = replaceLostKey(file, loss, systemRandom);
      const done = await administering(
        cli,
        config,
        async ({ flows, keys }) =>
          await startOver(flows, {
            reason,
            ticket,
            keyFile: file,
            keys,
            hand: (invitations) => links.add(invitations),
          }),
        { work: 'long', keyCheck: 'any' },
      );
      complain(
        cli.terminal,
        'BREAK-GLASS: what was sealed under the lost key was thrown away. The audit trail says so.',
      );
      print(cli.terminal, `There is a new encryption key: ${file}. Back it up now, elsewhere.`);
      if (aside !== null) print(cli.terminal, `The one that did not fit is kept: ${aside}`);
      print(cli.terminal, handOver(done.people, linksFile));
    } finally {
      links.close();
    }
    return 0;
  },
};

const sentences: Readonly<Record<Exclude<KeyLoss, 'no'>, string>> = {
  missing: 'The encryption key is not there.',
  another: 'This is not the encryption key that the database needs.',
  damaged: 'The encryption key file is damaged.',
  begun: 'This was begun, and not finished.',
};

async function lookAt(
  config: Config,
): Promise<{ readonly loss: KeyLoss; readonly people: number }> {
  const database = openDatabase(config.storage.database, {
    random: systemRandom,
    statements: 'unlimited',
  });
  try {
    await database.migrate();
    const loss = await lossOf(config.storage.encryptionKeyFile, database.stores);
    return { loss, ...(await countLosses(database.stores)) };
  } finally {
    await database.close();
  }
}

/** A gateway that still runs has the key in its memory, and would go on sealing under it. */
function assertUnused({ storage: { database } }: Config): void {
  if (database.kind === 'postgres') return;
  const held = takeDatabase(database.file);
  if (held === 'in-use') {
    throw new CommandFailure([
      'A gateway runs on this database and still has the key in its memory. Stop it only when you ' +
        'have given up looking for the key: it cannot start again. Nothing was changed.',
    ]);
  }
  if (held !== 'damaged') held.release();
}

function handOver(people: number, linksFile: string): string {
  return people === 0
    ? 'Nobody had anything enrolled.'
    : `People who enroll anew: ${String(people)}, each by a link in ${linksFile} (good for a day; ` +
        'mailed too, where mail is configured).';
}
