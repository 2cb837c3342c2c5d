/** `sallyport user disable` and `user enable`. */

import { setDisabled } from '../../flows/admin/users.ts';
import { configOption, type CommandSpec } from '../command.ts';
import { changeUser } from './user-answer.ts';

/** Disables an account; its sessions end at once. */
export const userDisable: CommandSpec = {
  name: 'user disable',
  summary: 'Disable an account; its sessions end.',
  args: ['NAME'],
  options: [configOption],
  example: 'NAME --config FILE',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    return await changeUser(cli, typed, {
      make: (flows) => setDisabled(flows, { username, isDisabled: true }),
      done: (user) => `${user.username} is disabled; all of their sessions were ended.`,
    });
  },
};

/** Enables an account again. */
export const userEnable: CommandSpec = {
  ...userDisable,
  name: 'user enable',
  summary: 'Enable an account again.',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    return await changeUser(cli, typed, {
      make: (flows) => setDisabled(flows, { username, isDisabled: false }),
      done: (user) => `${user.username} is enabled.`,
    });
  },
};
