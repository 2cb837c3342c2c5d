/** What commands on tenants print, and how a refusal ends them. */

import type { EpochMs } from '../../core/time.ts';
import type { FlowContext } from '../../flows/flow-context.ts';
import type { TenantAnswer } from '../../flows/admin/tenants.ts';
import type { Tenant } from '../../stores/types.ts';
import { CommandFailure, type Cli } from '../cli.ts';
import { administering, configOf, type Typed } from '../command.ts';
import { harmless, print } from '../terminal.ts';

/** Changes one tenant and prints a sentence about it, or fails with the reason of the refusal. */
export async function changeTenant(
  cli: Cli,
  typed: Typed,
  change: {
    readonly make: (flows: FlowContext) => Promise<TenantAnswer>;
    readonly done: (tenant: Tenant, now: EpochMs) => string;
  },
): Promise<0> {
  const config = configOf(cli, typed);
  const { answer, now } = await administering(cli, config, async ({ flows }) => ({
    answer: await change.make(flows),
    now: flows.clock.now(),
  }));
  if (!answer.ok) throw new CommandFailure([answer.sentence]);
  print(cli.terminal, harmless(change.done(answer.tenant, now)));
  return 0;
}

/** What a tenant demands, in a sentence. */
export function demandText({ id, rules }: Tenant, now: EpochMs): string {
  const { isMfaRequired, graceEndsAt } = rules;
  if (!isMfaRequired) return `${id} demands no second factor.`;
  if (graceEndsAt === null || graceEndsAt <= now) {
    const ended = graceEndsAt === null ? '' : ` It ended on ${instantText(graceEndsAt)}.`;
    return `${id} demands a second factor; nobody has grace any more.${ended}`;
  }
  return (
    `${id} demands a second factor: at once from whoever comes from now on, ` +
    `and from everybody on ${instantText(graceEndsAt)}.`
  );
}

/** An instant for operators, in UTC. */
export function instantText(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
