/** `sallyport audit verify`: recomputes the hash chain of the audit trail. */

import { administering, configOf, configOption, type CommandSpec } from '../command.ts';
import { print } from '../terminal.ts';

/** Verifies the chain. Exit code 3 when an event was removed, changed or moved. */
export const auditVerify: CommandSpec = {
  name: 'audit verify',
  summary: 'Check that no audit event was removed, changed or moved.',
  args: [],
  options: [configOption],
  example: '--config FILE',
  run: async (cli, typed) => {
    const answer = await administering(cli, configOf(cli, typed), ({ flows }) =>
      flows.stores.audit.verify(),
    );
    if (answer.ok) {
      const events = answer.events === 1 ? '1 event' : `${String(answer.events)} events`;
      print(cli.terminal, `The audit chain is whole: ${events}.`);
      return 0;
    }
    print(cli.terminal, `The audit chain is broken at ${answer.brokenAt}: ${answer.why}`);
    print(cli.terminal, `Events before it that fit: ${String(answer.events)}.`);
    return 3;
  },
};
