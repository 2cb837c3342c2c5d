/** `sallyport user set-networks`: binds a service account to exactly these networks. */

import { setNetworks } from '../../flows/admin/services.ts';
import { commaList, configOption, type CommandSpec } from '../command.ts';
import { changeUser } from './user-answer.ts';

/** Sets where a service account may come from. */
export const userSetNetworks: CommandSpec = {
  name: 'user set-networks',
  summary: 'Bind a service account to exactly these networks.',
  args: ['NAME', 'NETWORKS'],
  options: [configOption],
  example: 'NAME zone-e,backup --config FILE',
  run: async (cli, typed) => {
    const [username = '', networks = ''] = typed.args;
    return await changeUser(cli, typed, {
      make: (flows) => setNetworks(flows, { username, networks: commaList(networks) }),
      done: (user) => `${user.username} may come from ${user.networks.join(', ')} only.`,
    });
  },
};
