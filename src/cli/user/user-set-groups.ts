/** `sallyport user set-groups`: puts somebody into exactly these groups. */

import { setGroups } from '../../flows/admin/users.ts';
import { commaList, configOption, type CommandSpec } from '../command.ts';
import { changeUser, groupsText } from './user-answer.ts';

/** Sets the groups of an account; an empty text takes it out of all. */
export const userSetGroups: CommandSpec = {
  name: 'user set-groups',
  summary: 'Put an account into exactly these groups ("" for none).',
  args: ['NAME', 'GROUPS'],
  options: [configOption],
  example: 'NAME a,b --config FILE',
  run: async (cli, typed) => {
    const [username = '', groups = ''] = typed.args;
    return await changeUser(cli, typed, {
      make: (flows) => setGroups(flows, { username, groups: commaList(groups) }),
      done: (user) => `${user.username} is in ${groupsText(user.groups)}.`,
    });
  },
};
