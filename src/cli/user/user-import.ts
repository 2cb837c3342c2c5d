/** `sallyport user import`: brings people and their authenticator apps from another product. */

import {
  importPeople,
  planImport,
  type ImportAnswer,
  type ImportOrder,
  type ImportPlan,
} from '../../flows/operating/import/import-people.ts';
import { readAppList } from '../../flows/operating/import/app-list.ts';
import type { FlowContext } from '../../flows/flow-context.ts';
import { CommandFailure, UsageError, type Cli } from '../cli.ts';
import {
  administering,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
  type Typed,
} from '../command.ts';
import { complain, harmless, print } from '../terminal.ts';
import { openLinksFile } from './links-file.ts';
import { rowsIn, textIn } from './people-file.ts';

const example = '--config FILE --file people.csv --totp otpauth.txt --links-file links.csv';

/** Imports people. The whole of it is checked before anything is written. */
export const userImport: CommandSpec = {
  name: 'user import',
  summary: 'Bring people, and the authenticator apps they have, from another product.',
  args: [],
  options: [
    configOption,
    ['--file FILE', 'People, as CSV: username,email,name,groups,tenant,enabled.'],
    ['--totp FILE', 'Their apps, one otpauth:// URI on each line; "username TAB URI" also.'],
    ['--invite HOW', 'mail: send everybody a one-time link to choose a password.'],
    ['--links-file FILE', 'Write these links to a file instead, for your own hands.'],
    ['--allow-weak-secrets', 'Take apps with secrets of 80 to 127 bits too.'],
    ['--dry-run', 'Check everything and change nothing.'],
  ],
  example,
  run: async (cli, typed) => {
    const file = optionText(typed, 'file');
    if (file === null) throw new UsageError('which people? There is no --file');
    const invite = inviteOf(typed);
    const config = configOf(cli, typed);
    const asked = { mail: config.mail !== null, passwords: config.local.isEnabled };
    if (invite === 'by-mail' && !asked.mail) {
      throw new CommandFailure(['There is no mail in the configuration: take --links-file.']);
    }
    if (invite !== 'nobody' && !asked.passwords) {
      throw new CommandFailure([
        'identity.local is switched off: nobody has a password to choose, so nobody is invited.',
      ]);
    }
    await administering(
      cli,
      config,
      async ({ flows, database }) => {
        const answer = await database.alone('import', () =>
          run(cli, typed, flows, { file, invite }),
        );
        if (!answer.ok) {
          throw new CommandFailure(['Another import is under way. Wait for it.']);
        }
      },
      { work: 'long' },
    );
    return 0;
  },
};

function inviteOf(typed: Typed): ImportOrder['invite'] {
  const how = optionText(typed, 'invite');
  const links = optionText(typed, 'linksFile');
  if (how !== null && how !== 'mail') {
    throw new UsageError('--invite is mail; --links-file FILE writes the links to a file');
  }
  if (how !== null && links !== null) {
    throw new UsageError('links are mailed or written to a file, not both');
  }
  if (how !== null) return 'by-mail';
  return links === null ? 'nobody' : 'by-links';
}

async function run(
  cli: Cli,
  typed: Typed,
  flows: FlowContext,
  { file, invite }: { readonly file: string; readonly invite: ImportOrder['invite'] },
): Promise<void> {
  const appsFile = optionText(typed, 'totp');
  const bitsMin = optionFlag(typed, 'allowWeakSecrets') ? 80 : 128;
  const list =
    appsFile === null
      ? { apps: [], faults: [] }
      : readAppList(textIn(appsFile), flows.totpEnrollment, { bitsMin });
  const order: ImportOrder = { rows: () => rowsIn(file), apps: list.apps, invite };
  const plan = await planImport(flows, order);
  const faults = [
    ...list.faults.map((fault) => ({ ...fault, file: 'apps' as const })),
    ...plan.faults,
  ];
  if (faults.length > 0) {
    const lines = faults.slice(0, faultsShown).map(({ file: which, line, sentence }) => {
      const name = which === 'people' ? file : (appsFile ?? '');
      return `${name}:${String(line)}: ${sentence}`;
    });
    const more = faults.length - lines.length + plan.moreFaults;
    throw new CommandFailure([
      ...lines,
      ...(more > 0 ? [`… and ${String(more)} more.`] : []),
      'Nothing was changed.',
    ]);
  }
  if (optionFlag(typed, 'dryRun')) {
    print(
      cli.terminal,
      `Nothing is wrong. To be made: ${accounts(plan.people)}, ${apps(plan.apps)}.`,
    );
    tellExisting(cli, plan.existing);
    return;
  }
  const links = invite === 'by-links' ? openLinksFile(optionText(typed, 'linksFile') ?? '') : null;
  try {
    const answer = await importPeople(flows, order, {
      hand: (invitations) => links?.add(invitations),
      progress: progressTo(cli, plan.people + plan.existing),
    });
    told(cli, { plan, answer, invite, linksFile: optionText(typed, 'linksFile') });
  } finally {
    links?.close();
  }
}

const faultsShown = 200;

function told(
  cli: Cli,
  {
    plan,
    answer,
    invite,
    linksFile,
  }: {
    readonly plan: ImportPlan;
    readonly answer: ImportAnswer;
    readonly invite: ImportOrder['invite'];
    readonly linksFile: string | null;
  },
): void {
  const { terminal } = cli;
  print(terminal, `Imported: ${accounts(answer.people)}, ${apps(answer.apps)}.`);
  tellExisting(cli, answer.existing);
  const count = String(answer.invitations);
  if (invite === 'by-mail') print(terminal, `${count} invitations are on their way by mail.`);
  if (invite === 'by-links') {
    print(terminal, harmless(`${count} one-time links are in ${linksFile ?? ''}; hand them over.`));
  }
  if (invite === 'nobody' && answer.people > 0) {
    complain(terminal, 'Nobody was invited: these people have no password and cannot sign in yet.');
  }
  if (plan.weakApps > 0) {
    complain(
      terminal,
      `${apps(plan.weakApps)} have secrets of less than 128 bits: have these people enroll anew ` +
        '(the audit events user.imported name the bits).',
    );
  }
}

function tellExisting(cli: Cli, existing: number): void {
  if (existing === 0) return;
  print(
    cli.terminal,
    existing === 1
      ? '1 account was there already and is left as it is.'
      : `${accounts(existing)} were there already and are left as they are.`,
  );
}

/** Says how far it has come, once in ten seconds. */
function progressTo(cli: Cli, total: number): (done: number) => void {
  let toldAt = cli.clock.now();
  return (done) => {
    const now = cli.clock.now();
    if (now - toldAt < 10_000) return;
    toldAt = now;
    print(cli.terminal, `${String(done)} of ${String(total)} …`);
  };
}

function accounts(count: number): string {
  return count === 1 ? '1 account' : `${String(count)} accounts`;
}

function apps(count: number): string {
  return count === 1 ? '1 authenticator app' : `${String(count)} authenticator apps`;
}
