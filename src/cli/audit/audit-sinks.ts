/** `sallyport audit sinks`: where the audit trail is sent, what waits, and what is wrong. */

import type { AuditTrailSettings } from '../../config/config.ts';
import { forgetSink } from '../../flows/operating/keep-audit.ts';
import { sinksOf } from '../../sinks/waiting-gate.ts';
import type { KnownSink } from '../../stores/types/audit-trail.ts';
import { CommandFailure, type Cli, type ExitCode } from '../cli.ts';
import {
  administering,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
} from '../command.ts';
import { columns, harmless, print, styler } from '../terminal.ts';

/** Lists the sinks, or forgets one. */
export const auditSinks: CommandSpec = {
  name: 'audit sinks',
  summary: 'List where audit events are sent, how many wait, and what is wrong.',
  args: [],
  options: [
    configOption,
    ['--json', 'One JSON array instead of a table.'],
    ['--forget NAME', 'Never send what waits for this sink; should it go on, it begins anew.'],
  ],
  example: '--config FILE',
  run: async (cli, typed) => {
    const config = configOf(cli, typed);
    const forgotten = optionText(typed, 'forget');
    return administering(cli, config, async ({ flows }) => {
      if (forgotten !== null) return forget(cli, forgotten, await forgetSink(flows, forgotten));
      const known = await flows.stores.auditSinks.list();
      if (optionFlag(typed, 'json')) printJson(cli, config.auditTrail, known);
      else printTable(cli, config.auditTrail, known);
      return 0;
    });
  },
};

function forget(cli: Cli, name: string, wasKnown: boolean): ExitCode {
  if (!wasKnown) throw new CommandFailure([`There is no sink "${harmless(name)}".`]);
  print(cli.terminal, `What waited for ${name} is not sent any more; the audit trail says so.`);
  return 0;
}

function printTable(
  { terminal }: Cli,
  settings: AuditTrailSettings,
  known: readonly KnownSink[],
): void {
  if (known.length === 0) {
    const { length } = sinksOf(settings);
    print(
      terminal,
      length === 0 ? 'Audit events are sent nowhere.' : 'Nothing was sent yet: no gateway ran.',
    );
    return;
  }
  const head = ['NAME', 'WAITING', 'HANDED OVER LAST', 'STATE'];
  const rows = known.map((sink) => [
    sink.sink,
    String(sink.waiting),
    sink.handedOverAt === null ? '-' : instantText(sink.handedOverAt),
    stateOf(sink, settings),
  ]);
  const [headline = '', ...lines] = columns([head, ...rows]);
  print(terminal, styler(terminal)('bold', headline));
  for (const line of lines) print(terminal, harmless(line));
  const waiting = Math.max(
    0,
    ...known.filter(({ sink }) => isConfigured(sink, settings)).map((sink) => sink.waiting),
  );
  if (waiting <= settings.waitingMax) return;
  const limit = String(settings.waitingMax);
  print(terminal, `More than ${limit} (audit.waiting) wait: what must be audited is refused.`);
}

function stateOf({ sink, trouble }: KnownSink, settings: AuditTrailSettings): string {
  if (!isConfigured(sink, settings)) return 'not configured: holds up nothing';
  if (trouble === null) return 'ok';
  return `failing since ${instantText(trouble.since)}: ${trouble.failure}`;
}

function isConfigured(sink: string, settings: AuditTrailSettings): boolean {
  return sinksOf(settings).some((name) => name === sink);
}

function printJson(
  { terminal }: Cli,
  settings: AuditTrailSettings,
  known: readonly KnownSink[],
): void {
  const sinks = known.map(({ sink, waiting, handedOverAt, trouble }) => ({
    name: sink,
    configured: isConfigured(sink, settings),
    waiting,
    handed_over_at: handedOverAt === null ? null : instantText(handedOverAt),
    failing_since: trouble === null ? null : instantText(trouble.since),
    failure: trouble?.failure ?? null,
  }));
  print(terminal, JSON.stringify(sinks, null, 2));
}

function instantText(at: number): string {
  return new Date(at).toISOString();
}
