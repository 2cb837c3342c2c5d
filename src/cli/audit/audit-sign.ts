/** `sallyport audit sign`: for when the ends of the trail are not signed and an operator knows why. */

import { UsageError } from '../cli.ts';
import { administering, configOf, configOption, optionText, type CommandSpec } from '../command.ts';
import { complain, print } from '../terminal.ts';

/** Signs the ends of the chain as they are. That somebody did, and why, stands in the trail. */
export const auditSign: CommandSpec = {
  name: 'audit sign',
  summary: 'Sign the ends of the audit chain as they are, after you looked into why they were not.',
  args: [],
  options: [configOption, ['--reason R', 'Why; kept in the audit trail.']],
  example: '--config FILE --reason "the encryption key was lost, INC-7"',
  run: async (cli, typed) => {
    const reason = optionText(typed, 'reason');
    if (reason === null) {
      throw new UsageError('signing the chain needs --reason; it is kept in the audit trail');
    }
    const answer = await administering(cli, configOf(cli, typed), ({ flows }) =>
      flows.stores.audit.signAnew({ actor: 'cli', at: flows.clock.now(), reason }),
    );
    if (answer.ok) {
      print(cli.terminal, 'The ends of the audit chain are signed; the audit trail says why.');
      return 0;
    }
    complain(
      cli.terminal,
      `Nothing was signed: the chain is broken at ${answer.brokenAt}. ${answer.why}`,
    );
    return 3;
  },
};
