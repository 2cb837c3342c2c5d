/** What commands on users print, and how a refusal ends them. */

import type { User } from '../../stores/types.ts';
import { CommandFailure, type Cli } from '../cli.ts';
import { administering, configOf, type Typed } from '../command.ts';
import type { FlowContext } from '../../flows/flow-context.ts';
import { harmless, print } from '../terminal.ts';

/** Changes one account and prints a sentence about it, or fails with the reason of the refusal. */
export async function changeUser(
  cli: Cli,
  typed: Typed,
  change: {
    readonly make: (
      flows: FlowContext,
    ) => Promise<
      { readonly ok: true; readonly user: User } | { readonly ok: false; readonly sentence: string }
    >;
    readonly done: (user: User) => string;
  },
): Promise<0> {
  const config = configOf(cli, typed);
  const answer = await administering(cli, config, ({ flows }) => change.make(flows));
  if (!answer.ok) throw new CommandFailure([answer.sentence]);
  print(cli.terminal, harmless(change.done(answer.user)));
  return 0;
}

/** Groups in a sentence. */
export function groupsText(groups: readonly string[]): string {
  return groups.length === 0 ? 'no group' : groups.join(', ');
}
