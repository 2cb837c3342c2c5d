/** `sallyport user unlock`: lets codes be typed again that were paused after wrong ones. */

import { unlockCodesOf } from '../../flows/admin/users.ts';
import { configOption, type CommandSpec } from '../command.ts';
import { changeUser } from './user-answer.ts';

/** Lifts the pause; whoever typed the wrong codes knows the password, and so it should change. */
export const userUnlock: CommandSpec = {
  name: 'user unlock',
  summary: 'Let codes of a user be typed again that were paused after wrong ones.',
  args: ['NAME'],
  options: [configOption],
  example: 'NAME --config FILE',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    let wasLocked = false;
    return await changeUser(cli, typed, {
      make: async (flows) => {
        const answer = await unlockCodesOf(flows, { username });
        if (answer.ok) ({ wasLocked } = answer);
        return answer;
      },
      done: (user) =>
        wasLocked
          ? `Codes of ${user.username} work again. If it was not they who typed the wrong ones, ` +
            'somebody knows their password: user set-password.'
          : `Codes of ${user.username} are not paused. Nothing was changed.`,
    });
  },
};
