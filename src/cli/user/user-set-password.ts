/** `sallyport user set-password`: gives somebody another password. */

import { setPassword } from '../../flows/admin/users.ts';
import { newPassword, passwordOption } from '../ask-password.ts';
import { configOf, configOption, type CommandSpec } from '../command.ts';
import { changeUser } from './user-answer.ts';

/** Sets a password and ends the person's sessions. */
export const userSetPassword: CommandSpec = {
  name: 'user set-password',
  summary: 'Give a user another password; their sessions end.',
  args: ['NAME'],
  options: [configOption, passwordOption],
  example: 'NAME --config FILE --password-stdin',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    configOf(cli, typed);
    const password = await newPassword(cli, typed);
    return await changeUser(cli, typed, {
      make: (flows) => setPassword(flows, { username, password }),
      done: (user) => `${user.username} has another password; all of their sessions were ended.`,
    });
  },
};
