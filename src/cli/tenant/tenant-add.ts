/** `sallyport tenant add`: makes a tenant. */

import { createTenant } from '../../flows/admin/tenants.ts';
import { configOption, optionText, type CommandSpec } from '../command.ts';
import { changeTenant } from './tenant-answer.ts';

/** Makes a tenant that demands nothing yet. */
export const tenantAdd: CommandSpec = {
  name: 'tenant add',
  summary: 'Make a tenant; it demands nothing yet.',
  args: ['NAME'],
  options: [configOption, ['--title T', 'Name to show; the name otherwise.']],
  example: 'NAME --config FILE',
  run: async (cli, typed) => {
    const [name = ''] = typed.args;
    const title = optionText(typed, 'title');
    return await changeTenant(cli, typed, {
      make: (flows) => createTenant(flows, { name, ...(title === null ? {} : { title }) }),
      done: (tenant) => `Tenant ${tenant.id} was made.`,
    });
  },
};
