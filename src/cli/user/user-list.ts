/** `sallyport user list`: who there is, and what they have enrolled. */

import type { User } from '../../stores/types.ts';
import { administering, configOf, configOption, optionFlag, type CommandSpec } from '../command.ts';
import { columns, harmless, print, styler } from '../terminal.ts';
import { groupsText } from './user-answer.ts';

/** Lists all accounts, as a table or, with `--json`, as one array. */
export const userList: CommandSpec = {
  name: 'user list',
  summary: 'List users and service accounts.',
  args: [],
  options: [configOption, ['--json', 'One JSON array instead of a table.']],
  example: '--config FILE',
  run: async (cli, typed) => {
    const { terminal } = cli;
    const listed = await administering(cli, configOf(cli, typed), async ({ flows }) => {
      const found: Listed[] = [];
      for (let after: string | null = null; ;) {
        const page: readonly User[] = await flows.stores.users.list({ after, limit: 200 });
        for (const user of page) {
          const authenticators = await flows.stores.authenticators.listOfUser(user.id);
          const enrolled = [...new Set(authenticators.map(({ method }) => method))].sort();
          const recoveryCodesLeft = await flows.stores.recoveryCodes.countLeft(user.id);
          found.push({ user, enrolled, recoveryCodesLeft });
        }
        after = page.at(-1)?.username ?? null;
        if (page.length < 200) return found;
      }
    });
    if (optionFlag(typed, 'json')) {
      print(terminal, JSON.stringify(listed.map(asJson), null, 2));
      return 0;
    }
    if (listed.length === 0) {
      print(terminal, 'There are no users yet. Make one: sallyport user add NAME --config FILE');
      return 0;
    }
    const head = [
      'NAME',
      'KIND',
      'STATUS',
      'TENANT',
      'ENROLLED',
      'CODES LEFT',
      'GROUPS',
      'NETWORKS',
    ];
    const [headline = '', ...lines] = columns([head, ...listed.map(asRow)]);
    const styled = styler(terminal);
    print(terminal, styled('bold', headline));
    for (const line of lines) print(terminal, harmless(line));
    return 0;
  },
};

interface Listed {
  readonly user: User;
  readonly enrolled: readonly string[];
  readonly recoveryCodesLeft: number;
}

function asRow({ user, enrolled, recoveryCodesLeft }: Listed): readonly string[] {
  return [
    user.username,
    user.kind,
    user.isDisabled ? 'disabled' : 'enabled',
    user.tenant,
    enrolled.length === 0 ? 'nothing' : enrolled.join(', '),
    String(recoveryCodesLeft),
    groupsText(user.groups),
    networksText(user),
  ];
}

/** People come from wherever the rules let them. */
function networksText({ kind, networks }: User): string {
  if (kind === 'user') return '-';
  return networks.length === 0 ? 'none' : networks.join(', ');
}

function asJson({ user, enrolled, recoveryCodesLeft }: Listed) {
  return {
    id: user.id,
    username: user.username,
    name: user.displayName,
    email: user.email,
    kind: user.kind,
    tenant: user.tenant,
    groups: user.groups,
    networks: user.networks,
    disabled: user.isDisabled,
    enrolled,
    recovery_codes_left: recoveryCodesLeft,
    created_at: new Date(user.createdAt).toISOString(),
  };
}
