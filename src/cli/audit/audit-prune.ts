/** `sallyport audit prune`: removes the oldest events now, rather than when they are due. */

import { addSeconds } from '../../core/time.ts';
import { sinksOf } from '../../sinks/waiting-gate.ts';
import { AuditChainBroken } from '../../stores/types.ts';
import { CommandFailure, UsageError } from '../cli.ts';
import { administering, configOf, configOption, optionText, type CommandSpec } from '../command.ts';
import { print } from '../terminal.ts';
import { instantTyped } from './instant-typed.ts';

/** The same least time as `audit.keep` has. */
const keptDaysMin = 30;

/** Removes events; that it was done, and up to which event, stands in the trail. */
export const auditPrune: CommandSpec = {
  name: 'audit prune',
  summary: 'Remove the oldest audit events; what is left can still be verified.',
  args: [],
  options: [
    configOption,
    ['--before T', 'Only from before then: 2026-03-01, 2026-03-01T12:00:00Z, or 400d.'],
  ],
  example: '--config FILE --before 400d',
  run: async (cli, typed) => {
    const before = instantTyped(cli, optionText(typed, 'before'));
    if (before === null) throw new UsageError('which events? There is no --before');
    if (before > addSeconds(cli.clock.now(), -keptDaysMin * 24 * 3600)) {
      throw new UsageError(`events are kept for ${String(keptDaysMin)} days at least`);
    }
    const config = configOf(cli, typed);
    const removed = await administering(cli, config, ({ flows }) =>
      flows.stores.audit
        .prune({
          before,
          sinks: sinksOf(config.auditTrail),
          now: cli.clock.now(),
          actor: 'cli',
        })
        .catch((error: unknown) => {
          if (!(error instanceof AuditChainBroken)) throw error;
          throw new CommandFailure([`Nothing was removed. ${error.message}`]);
        }),
    );
    print(cli.terminal, sentenceOf(removed));
    return 0;
  },
};

function sentenceOf(removed: number): string {
  if (removed === 0) {
    return 'No event is old enough, or those that are have yet to be sent to a sink.';
  }
  const events = removed === 1 ? '1 event was' : `${String(removed)} events were`;
  return `${events} removed; the trail says up to which.`;
}
