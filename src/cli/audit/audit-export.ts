/** `sallyport audit export`: the audit trail, for whoever collects it. */

import { once } from 'node:events';

import { auditEventTypes, type AuditEventType } from '../../core/audit-event.ts';
import { auditFormats, isAuditFormatName, type AuditFormat } from '../../core/audit-formats.ts';
import { UsageError } from '../cli.ts';
import {
  administering,
  commaList,
  configOf,
  configOption,
  optionText,
  type CommandSpec,
} from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { instantTyped } from './instant-typed.ts';

/** Exports events in the order of the chain, oldest first. */
export const auditExport: CommandSpec = {
  name: 'audit export',
  summary: 'Write audit events to standard output, oldest first.',
  args: [],
  options: [
    configOption,
    ['--format F', 'jsonl (default), csv or cef.'],
    ['--since T', 'Only from then on: 2026-03-01, 2026-03-01T12:00:00Z, or 24h for the last day.'],
    ['--until T', 'Only from before then, written like --since.'],
    ['--type A,B', 'Only events of these types: reset.executed,user.disabled.'],
  ],
  example: '--config FILE --format jsonl|csv|cef --since 24h',
  run: async (cli, typed) => {
    const format = formatNamed(optionText(typed, 'format') ?? 'jsonl');
    const since = instantTyped(cli, optionText(typed, 'since'));
    const until = instantTyped(cli, optionText(typed, 'until'));
    const types = typesNamed(optionText(typed, 'type'));
    await administering(cli, configOf(cli, typed), async ({ flows }) => {
      if (format.head !== null) await write(cli.terminal, format.head);
      for await (const event of flows.stores.audit.read({ since })) {
        if (until !== null && event.at >= until) continue;
        if (types !== null && !types.has(event.type)) continue;
        await write(cli.terminal, format.line(event));
      }
    });
    return 0;
  },
};

function formatNamed(name: string): AuditFormat {
  if (isAuditFormatName(name)) return auditFormats[name];
  throw new UsageError(`there is no format "${name}"`);
}

function typesNamed(text: string | null): ReadonlySet<AuditEventType> | null {
  if (text === null) return null;
  return new Set(commaList(text).map(typeNamed));
}

function typeNamed(name: string): AuditEventType {
  const type = auditEventTypes.find((known) => known === name);
  if (type === undefined) throw new UsageError(`there is no event "${name}"`);
  return type;
}

/** Waits where the reader is slower than we are: a trail may be larger than memory. */
async function write(terminal: Terminal, line: string): Promise<void> {
  if (!terminal.stdout.write(`${line}\n`)) await once(terminal.stdout, 'drain');
}
