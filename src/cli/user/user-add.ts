/** `sallyport user add`: makes a user or a service account. */

import { createUser } from '../../flows/admin/users.ts';
import { newPassword, passwordOption } from '../ask-password.ts';
import { UsageError } from '../cli.ts';
import {
  commaList,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
} from '../command.ts';
import { changeUser, groupsText } from './user-answer.ts';

/** Makes an account. A service account has no password and passes where a rule names it. */
export const userAdd: CommandSpec = {
  name: 'user add',
  summary: 'Make a user, or a service account.',
  args: ['NAME'],
  options: [
    configOption,
    ['--email E', 'E-mail address.'],
    ['--name N', 'Name to show; the username otherwise.'],
    ['--groups a,b', 'Groups, separated by commas.'],
    ['--tenant T', 'Tenant; "default" otherwise.'],
    ['--service', 'A service account: no password, no second factor.'],
    ['--networks a,b', 'Networks that the service account may come from; at least one.'],
    passwordOption,
  ],
  example: 'NAME --config FILE --password-stdin',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    const isService = optionFlag(typed, 'service');
    if (isService && optionFlag(typed, 'passwordStdin')) {
      const instead = 'sallyport user add NAME --config FILE --service --networks a,b';
      throw new UsageError('a service account has no password', instead);
    }
    // A wrong configuration should be heard of before a password is typed.
    configOf(cli, typed);
    const password = isService ? null : await newPassword(cli, typed);
    const displayName = optionText(typed, 'name');
    const tenant = optionText(typed, 'tenant');
    return await changeUser(cli, typed, {
      make: (flows) =>
        createUser(flows, {
          kind: isService ? 'service' : 'user',
          username,
          password,
          email: optionText(typed, 'email'),
          groups: commaList(optionText(typed, 'groups') ?? ''),
          networks: commaList(optionText(typed, 'networks') ?? ''),
          ...(displayName === null ? {} : { displayName }),
          ...(tenant === null ? {} : { tenant }),
        }),
      done: (user) => {
        if (user.kind === 'user') {
          return `User ${user.username} was made (${groupsText(user.groups)}).`;
        }
        const networks = user.networks.join(', ');
        return `Service account ${user.username} was made (${groupsText(user.groups)}; from ${networks} only).`;
      },
    });
  },
};
