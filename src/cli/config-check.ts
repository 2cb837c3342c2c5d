/** `sallyport config check`: everything that is wrong with a configuration, at once. */

import { formatFault } from '../config/faults.ts';
import { readConfig } from '../config/load.ts';
import { configFile, configOption, type CommandSpec } from './command.ts';
import { harmless, print } from './terminal.ts';

/** Checks a configuration and the policy file that it names. Exit code 1 when it is wrong. */
export const configCheck: CommandSpec = {
  name: 'config check',
  summary: 'Say everything that is wrong with a configuration.',
  args: [],
  options: [configOption],
  example: '--config FILE',
  run: async ({ terminal, ...cli }, typed) => {
    const file = configFile({ terminal, ...cli }, typed);
    const reading = readConfig(file, {
      environment: terminal.environment,
      upstreams: 'required',
      port: null,
    });
    if (!reading.ok) {
      for (const fault of reading.faults) print(terminal, harmless(formatFault(fault)));
      return 1;
    }
    const { routes } = reading.config;
    const rules = routes.reduce((sum, route) => sum + route.rules.length, 0);
    print(
      terminal,
      `${file}: right (${counted(routes.length, 'route')}, ${counted(rules, 'rule')})`,
    );
    return 0;
  },
};

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
