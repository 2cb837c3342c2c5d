/** `sallyport audit export`: the audit trail, for whoever collects it. */

import { once } from 'node:events';

import { addSeconds, parseDurationSeconds, type EpochMs } from '../../core/time.ts';
import { UsageError, type Cli } from '../cli.ts';
import { administering, configOf, configOption, optionText, type CommandSpec } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { auditFormats, type AuditFormat } from './audit-formats.ts';

/** Exports events in the order of the chain, oldest first. */
export const auditExport: CommandSpec = {
  name: 'audit export',
  summary: 'Write audit events to standard output, oldest first.',
  args: [],
  options: [
    configOption,
    ['--format F', 'jsonl (default), csv or cef.'],
    ['--since T', 'Only from then on: 2026-03-01, 2026-03-01T12:00:00Z, or 24h for the last day.'],
  ],
  example: '--config FILE --format jsonl|csv|cef --since 24h',
  run: async (cli, typed) => {
    const format = formatNamed(optionText(typed, 'format') ?? 'jsonl');
    const since = sinceOf(cli, optionText(typed, 'since'));
    await administering(cli, configOf(cli, typed), async ({ flows }) => {
      if (format.head !== null) await write(cli.terminal, format.head);
      for await (const event of flows.stores.audit.read({ since })) {
        await write(cli.terminal, format.line(event));
      }
    });
    return 0;
  },
};

function formatNamed(name: string): AuditFormat {
  if (Object.hasOwn(auditFormats, name)) return auditFormats[name as keyof typeof auditFormats];
  throw new UsageError(`there is no format "${name}"`);
}

const instant =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function sinceOf(cli: Cli, text: string | null): EpochMs | null {
  if (text === null) return null;
  const seconds = parseDurationSeconds(text);
  if (seconds !== null) return addSeconds(cli.clock.now(), -seconds);
  const at = instant.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(`"${text}" is no instant; it looks like 2026-03-01T12:00:00Z, or 24h`);
}

/** Waits where the reader is slower than we are: a trail may be larger than memory. */
async function write(terminal: Terminal, line: string): Promise<void> {
  if (!terminal.stdout.write(`${line}\n`)) await once(terminal.stdout, 'drain');
}
