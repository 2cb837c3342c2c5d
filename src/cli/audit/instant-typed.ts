/** Instants as they are typed: a day, an instant, or how long ago. */

import { addSeconds, parseDurationSeconds, type EpochMs } from '../../core/time.ts';
import { UsageError, type Cli } from '../cli.ts';

const instant =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Reads `2026-03-01`, `2026-03-01T12:00:00Z` or `24h`; null where nothing was typed. */
export function instantTyped(cli: Cli, text: string | null): EpochMs | null {
  if (text === null) return null;
  const seconds = parseDurationSeconds(text);
  if (seconds !== null) return addSeconds(cli.clock.now(), -seconds);
  const at = instant.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(`"${text}" is no instant; it looks like 2026-03-01T12:00:00Z, or 24h`);
}
